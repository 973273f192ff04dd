//! The most that a call can cost, before anything is known but the name that is asked for.

use domain::Timestamp;

use super::rates;
use super::table::{LONG_PROMPT, Price, Rates, TABLE};

/// US dollars that a call to `model` costs at most, with `prompt_tokens` in and `output_tokens` out.
///
/// An alias such as `gemini-pro-latest` costs what the dearest model of its family costs, a name that
/// the table cannot place what the dearest of all does.
#[must_use]
pub fn most_usd(model: &str, prompt_tokens: u64, output_tokens: u64, at: Timestamp) -> f64 {
    let rates = rates(model, prompt_tokens, at).unwrap_or_else(|| dearest(model, prompt_tokens));
    (super::tokens(prompt_tokens) * rates.input + super::tokens(output_tokens) * rates.output) / 1e6
}

/// The highest rates of the alias's family, each for itself.
fn dearest(model: &str, prompt_tokens: u64) -> Rates {
    let family = family(model);
    let known = |price: &&Price| family.is_none() || self::family(price.model) == family;
    let highest = |sum: Rates, rates: Rates| Rates {
        input: sum.input.max(rates.input),
        cached: sum.cached.max(rates.cached),
        output: sum.output.max(rates.output),
        // Calls are bounded here, not caches.
        storage: None,
    };
    let none = Rates { input: 0.0, cached: 0.0, output: 0.0, storage: None };
    TABLE.iter().filter(known).flat_map(|price| possible(price, prompt_tokens)).fold(none, highest)
}

fn possible(price: &Price, prompt_tokens: u64) -> impl Iterator<Item = Rates> {
    let long = price.long.filter(|_| prompt_tokens > LONG_PROMPT);
    [Some(price.rates), long, price.later.map(|(_, rates)| rates)].into_iter().flatten()
}

fn family(model: &str) -> Option<&'static str> {
    ["flash-lite", "flash", "pro"].into_iter().find(|family| model.contains(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(model: &str, prompt_tokens: u64) -> f64 {
        most_usd(model, prompt_tokens, 1_000_000, "2026-11-20T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_listed_model_costs_what_the_list_says() {
        assert!((most("gemini-3.1-pro-preview", 100_000) - (0.2 + 12.0)).abs() < 1e-9);
    }

    #[test]
    fn an_alias_costs_what_the_dearest_of_its_family_does() {
        assert!(most("gemini-pro-latest", 1_000) >= most("gemini-3.1-pro-preview", 1_000));
        assert!(most("gemini-flash-latest", 1_000) >= 7.5, "prices that are announced count");
        assert!(most("gemini-flash-lite-latest", 1_000) < most("gemini-flash-latest", 1_000));
    }

    #[test]
    fn an_unknown_model_costs_what_the_dearest_of_all_does() {
        for price in TABLE {
            assert!(most("somebodys-model", 300_000) >= most(price.model, 300_000), "{}", price.model);
        }
    }
}
