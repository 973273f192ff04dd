//! How many decimals a currency has: one table for all that read, show and refund amounts.

/// Currencies whose smallest unit is the currency itself, by Stripe's list of zero-decimal currencies.
const WHOLE: [&str; 15] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];
/// Currencies with a thousand small units, by Stripe's list of three-decimal currencies.
const THOUSANDTHS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// How many decimals amounts in `currency` (three letters, lower case) have at Stripe. Stripe counts Icelandic and
/// Ugandan money in hundredths, for compatibility with its older versions.
#[must_use]
pub fn decimals_of(currency: &str) -> u32 {
    match currency {
        whole if WHOLE.contains(&whole) => 0,
        thousandths if THOUSANDTHS.contains(&thousandths) => 3,
        _ => 2,
    }
}

/// An amount as people write it: `12.50 USD`. `units` counts in the smallest unit of the currency.
#[must_use]
pub fn money(units: u64, currency: &str) -> String {
    let (currency, code) = (currency.to_ascii_lowercase(), currency.to_uppercase());
    let decimals = decimals_of(&currency) as usize;
    let digits = format!("{units:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    if decimals == 0 { format!("{whole} {code}") } else { format!("{whole}.{fraction} {code}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        assert_eq!(money(1_250, "usd"), "12.50 USD");
        assert_eq!(money(5, "USD"), "0.05 USD");
        assert_eq!(money(1_500, "jpy"), "1500 JPY");
        assert_eq!(money(5, "kwd"), "0.005 KWD");
        assert_eq!(money(12_000, "ugx"), "120.00 UGX");
    }
}
