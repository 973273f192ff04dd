//! Amounts of money by currency.

use std::collections::BTreeMap;

use domain::decimals_of;
use serde_json::json;

use crate::entry::Entry;
use crate::form::Form;

/// The largest amounts, in the smallest unit of each currency, by its three letters in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxAmount(pub BTreeMap<String, u64>);

/// Three letters in lower case.
pub(crate) const CURRENCY: Form = Form {
    fits: |text| text.len() == 3 && text.chars().all(|c| c.is_ascii_lowercase()),
    pattern: "^[a-z]{3}$",
    example: "usd",
};

/// Reads `{ usd = 50.00, jpy = 8000 }`.
pub(crate) fn read(entry: &Entry<'_>) -> Option<MaxAmount> {
    entry.also(|| json!({"minProperties": 1}));
    let section = entry.section()?;
    let amounts = section.entries(&CURRENCY, "The most in this currency, such as 50.00.");
    let amounts: Vec<_> = amounts.iter().map(|(name, _, entry)| amount(name, entry)).collect();
    if amounts.is_empty() {
        return entry.refuse("names no currency", "write it like { usd = 50.00 }");
    }
    amounts.into_iter().collect::<Option<_>>().map(MaxAmount)
}

/// What was meant, if only the case is wrong.
fn suggestion(currency: &str) -> String {
    let lower = currency.to_ascii_lowercase();
    if (CURRENCY.fits)(&lower) { lower } else { "usd".to_owned() }
}

fn amount(currency: &str, entry: &Entry<'_>) -> Option<(String, u64)> {
    if !(CURRENCY.fits)(currency) {
        return entry.refuse(
            format!("\"{currency}\" is not a currency"),
            format!("write its three letters in lower case, such as {}", suggestion(currency)),
        );
    }
    let amount = entry.number(0.0..=1_000_000_000.0);
    entry.also(|| json!({"exclusiveMinimum": 0}));
    let small_units = amount? * 10_f64.powi(decimals_of(currency).cast_signed());
    let whole = small_units.round();
    if whole < 1.0 || (whole - small_units).abs() > 1e-6 {
        let like = format!("write it like {currency} = {:.*}", decimals_of(currency) as usize, 50.0);
        return entry.refuse("is not an amount of that currency above zero", like);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just above")]
    Some((currency.to_owned(), whole as u64))
}
