//! The most that a call can cost, before anything is known but the name that is asked for.

use domain::{ServiceTier, Timestamp};

use super::rates::{Rates, rates};
use super::table::{LONG_PROMPT, Price, TABLE};

/// What a call may be billed for at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// Tokens of the prompt.
    pub prompt: u64,
    /// Whether sound may be among them.
    pub has_sound: bool,
    /// Tokens of the answers and thoughts.
    pub output: u64,
    /// The dearest tier in which it may be served.
    pub tier: ServiceTier,
}

/// US dollars that a call to `model` costs at most.
///
/// An alias such as `gemini-pro-latest` costs what the dearest model of its family costs, a name that
/// the table cannot place what the dearest of all does.
#[must_use]
pub fn most_usd(model: &str, most: Most, at: Timestamp) -> f64 {
    let rates = rates(model, most.prompt, most.tier, at).unwrap_or_else(|| dearest(model, most));
    let input = if most.has_sound { rates.input.max(rates.audio) } else { rates.input };
    (super::tokens(most.prompt) * input + super::tokens(most.output) * rates.output) / 1e6
}

/// The highest rates of the alias's family, each for itself.
fn dearest(model: &str, most: Most) -> Rates {
    let family = family(model);
    let known = |price: &&Price| family.is_none() || self::family(price.model) == family;
    let highest = |sum: Rates, rates: Rates| Rates {
        input: sum.input.max(rates.input),
        audio: sum.audio.max(rates.audio),
        cached: sum.cached.max(rates.cached),
        cached_audio: sum.cached_audio.max(rates.cached_audio),
        output: sum.output.max(rates.output),
        // Calls are bounded here, not caches.
        storage: None,
    };
    let none = Rates { input: 0.0, audio: 0.0, cached: 0.0, cached_audio: 0.0, output: 0.0, storage: None };
    TABLE.iter().filter(known).flat_map(|price| possible(price, most)).fold(none, highest)
}

fn possible(price: &Price, most: Most) -> impl Iterator<Item = Rates> {
    let long = price.long.filter(|_| most.prompt > LONG_PROMPT);
    let listed = [Some(price.standard), long, price.later.map(|(_, later)| later)];
    listed.into_iter().flatten().map(move |listed| price.rates(listed, most.tier))
}

fn family(model: &str) -> Option<&'static str> {
    ["flash-lite", "flash", "pro"].into_iter().find(|family| model.contains(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most_in(tier: ServiceTier, model: &str, prompt: u64, has_sound: bool) -> f64 {
        let most = Most { prompt, has_sound, output: 1_000_000, tier };
        most_usd(model, most, "2026-11-20T12:00:00Z".parse().unwrap())
    }

    fn most(model: &str, prompt: u64) -> f64 {
        most_in(ServiceTier::Standard, model, prompt, false)
    }

    #[test]
    fn a_listed_model_costs_what_the_list_says() {
        assert!((most("gemini-3.1-pro-preview", 100_000) - (0.2 + 12.0)).abs() < 1e-9);
    }

    #[test]
    fn the_tier_and_sound_are_counted_in() {
        let priority = most_in(ServiceTier::Priority, "gemini-3.1-pro-preview", 100_000, false);
        assert!((priority - 1.8 * (0.2 + 12.0)).abs() < 1e-9);
        let sound = most_in(ServiceTier::Standard, "gemini-2.5-flash", 100_000, true);
        assert!((sound - (0.1 + 2.5)).abs() < 1e-9);
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
