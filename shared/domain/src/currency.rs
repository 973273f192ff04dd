//! How amounts of money are counted.

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

/// `amount`, in the smallest unit of `currency`, for people: `12.50 USD`.
#[must_use]
pub fn money(amount: u64, currency: &str) -> String {
    let (decimals, code) = (decimals_of(&currency.to_lowercase()) as usize, currency.to_uppercase());
    let digits = format!("{amount:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    if decimals == 0 { format!("{whole} {code}") } else { format!("{whole}.{fraction} {code}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let amounts = [(1_250, "usd"), (5, "EUR"), (800, "jpy"), (1_250, "kwd"), (1_250, "ugx")];
        let written = amounts.map(|(amount, currency)| money(amount, currency));
        assert_eq!(written, ["12.50 USD", "0.05 EUR", "800 JPY", "1.250 KWD", "12.50 UGX"]);
    }
}
