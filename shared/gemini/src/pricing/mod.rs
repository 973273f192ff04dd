//! What a call costs, at list prices.

mod ceiling;
mod table;

use std::time::Duration;

use domain::Timestamp;

use crate::failure::pacific;
use crate::wire::{ServiceTier, UsageMetadata};
pub use ceiling::most_usd;
use table::{LONG_PROMPT, Price, TABLE};
pub use table::{PRICES_AS_OF, Rates};

/// The rates of a call to `model` with a prompt of `prompt_tokens` at `at`; `None` if the table does
/// not have the model.
///
/// `model` is what the response calls itself (`modelVersion`). Aliases such as `gemini-pro-latest`
/// are not in the table on purpose: what they stand for changes, and only the response says.
#[must_use]
pub fn rates(model: &str, prompt_tokens: u64, at: Timestamp) -> Option<Rates> {
    let name = model.strip_prefix("models/").unwrap_or(model);
    let price = TABLE.iter().find(|price| price.model == name)?;
    if let Some((from, later)) = price.later
        && pacific::date(at) >= from
    {
        return Some(later);
    }
    Some(price.long.filter(|_| prompt_tokens > LONG_PROMPT).unwrap_or(price.rates))
}

/// US dollars for `usage` of `model` at `at`. `None`, never zero, when the price is not known: the
/// model is not in the table, or the call was not billed at standard rates.
#[must_use]
pub fn cost_usd(model: &str, usage: &UsageMetadata, at: Timestamp) -> Option<f64> {
    let rates = rates_of(model, usage, at)?;
    let cached = usage.cached_content_token_count.unwrap_or_default();
    let fresh = usage.input().saturating_sub(cached);
    let answer = usage.candidates_token_count.unwrap_or_default();
    let output = answer.saturating_add(usage.thoughts_token_count.unwrap_or_default());
    let dollars_per_million =
        tokens(fresh) * rates.input + tokens(cached) * rates.cached + tokens(output) * rates.output;
    Some(dollars_per_million / 1e6)
}

/// US dollars that `usage` of `model` at `at` would have cost more without a cache; `None` when the price
/// is not known.
#[must_use]
pub(crate) fn saved_usd(model: &str, usage: &UsageMetadata, at: Timestamp) -> Option<f64> {
    let rates = rates_of(model, usage, at)?;
    let cached = usage.cached_content_token_count.unwrap_or_default();
    Some(tokens(cached) * (rates.input - rates.cached) / 1e6)
}

/// The rates of a call that was billed at standard rates.
fn rates_of(model: &str, usage: &UsageMetadata, at: Timestamp) -> Option<Rates> {
    let standard = matches!(usage.service_tier, None | Some(ServiceTier::Standard));
    rates(model, usage.prompt_token_count.filter(|_| standard)?, at)
}

/// US dollars for the creation of a context cache of `model` with `size` tokens, and for its storage
/// for `kept`; `None` when the price is not known.
#[must_use]
pub(crate) fn cache_usd(model: &str, size: u64, kept: Duration, at: Timestamp) -> Option<f64> {
    let input = tokens(size) * rates(model, size, at)?.input / 1e6;
    Some(input + storage_usd(model, size, kept, at)?)
}

/// US dollars for keeping `size` tokens for `kept` in a context cache of `model`.
#[must_use]
pub(crate) fn storage_usd(model: &str, size: u64, kept: Duration, at: Timestamp) -> Option<f64> {
    let an_hour = rates(model, size, at)?.storage?;
    Some(tokens(size) * an_hour * (kept.as_secs_f64() / 3_600.0) / 1e6)
}

/// The model of the table that `name` is or, if it is an alias such as `gemini-flash-latest`, most
/// likely stands for: the newest of its family. For estimates; bills go by what the response says.
#[must_use]
pub(crate) fn stands_for(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("models/").unwrap_or(name);
    let family = name.strip_prefix("gemini-").and_then(|name| name.strip_suffix("-latest"));
    let matches =
        |price: &&Price| price.model == name || (family.is_some() && family == family_of(price.model));
    TABLE.iter().find(matches).map(|price| price.model)
}

/// `flash-lite` of `gemini-3.5-flash-lite`.
fn family_of(model: &str) -> Option<&str> {
    let (_, family) = model.strip_prefix("gemini-")?.split_once('-')?;
    Some(family.strip_suffix("-preview").unwrap_or(family))
}

#[expect(clippy::cast_precision_loss, reason = "a call has far fewer than 2^52 tokens")]
fn tokens(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn november() -> Timestamp {
        at("2026-11-20T12:00:00Z")
    }

    fn usage(prompt: u64, cached: u64, answer: u64, thoughts: u64) -> UsageMetadata {
        UsageMetadata {
            prompt_token_count: Some(prompt),
            cached_content_token_count: Some(cached),
            candidates_token_count: Some(answer),
            thoughts_token_count: Some(thoughts),
            ..UsageMetadata::default()
        }
    }

    fn assert_cost(cost: Option<f64>, expected: f64) {
        let cost = cost.unwrap();
        assert!((cost - expected).abs() < 1e-12, "{cost} is not {expected}");
    }

    #[test]
    fn fresh_cached_answer_and_thought_tokens_are_all_counted() {
        // 4,000 × 2.00 + 6,000 × 0.20 + (300 + 700) × 12.00, per million.
        let cost = cost_usd("gemini-3.1-pro-preview", &usage(10_000, 6_000, 300, 700), november());
        assert_cost(cost, 0.0212);
    }

    #[test]
    fn a_cached_token_saves_the_difference_to_a_fresh_one() {
        let (model, cached) = ("gemini-3.1-pro-preview", usage(10_000, 6_000, 300, 700));
        // 6,000 × (2.00 − 0.20), per million.
        assert_cost(saved_usd(model, &cached, november()), 0.0108);
        let without = cost_usd(model, &usage(10_000, 0, 300, 700), november()).unwrap();
        let with = cost_usd(model, &cached, november()).unwrap();
        assert_cost(saved_usd(model, &cached, november()), without - with);
        assert_cost(saved_usd(model, &usage(10_000, 0, 300, 700), november()), 0.0);
        assert_eq!(saved_usd("gemini-9-xenon", &cached, november()), None);
    }

    #[test]
    fn tool_results_are_billed_as_input() {
        let usage = UsageMetadata { tool_use_prompt_token_count: Some(1_000), ..usage(1_000, 0, 0, 0) };
        assert_cost(cost_usd("gemini-3.8-flash", &usage, november()), 0.0015);
    }

    #[test]
    fn long_prompts_cost_more() {
        let model = "gemini-3.1-pro-preview";
        assert_cost(cost_usd(model, &usage(200_000, 0, 1_000, 0), november()), 0.412);
        assert_cost(cost_usd(model, &usage(200_001, 0, 1_000, 0), november()), 0.818_004);
    }

    #[test]
    fn introductory_prices_end_with_the_year_in_california() {
        let usage = usage(1_000_000, 0, 0, 0);
        assert_cost(cost_usd("gemini-3.8-flash", &usage, at("2027-01-01T07:59:59Z")), 0.75);
        assert_cost(cost_usd("gemini-3.8-flash", &usage, at("2027-01-01T08:00:00Z")), 1.5);
    }

    #[test]
    fn unknown_models_and_aliases_have_no_price() {
        for model in ["gemini-9-xenon", "gemini-pro-latest", "gemini-flash-latest", "gemini-4-carbon", ""] {
            assert_eq!(cost_usd(model, &usage(1, 0, 1, 0), november()), None, "{model}");
        }
    }

    #[test]
    fn unknown_counts_and_other_tiers_have_no_price() {
        assert_eq!(cost_usd("gemini-3.8-flash", &UsageMetadata::default(), november()), None);
        let flex = UsageMetadata { service_tier: Some(ServiceTier::Flex), ..usage(1, 0, 1, 0) };
        assert_eq!(cost_usd("gemini-3.8-flash", &flex, november()), None);
    }

    #[test]
    fn every_row_is_plausible_and_found_once() {
        for price in TABLE {
            let same = TABLE.iter().filter(|other| other.model == price.model).count();
            assert_eq!(same, 1, "{}", price.model);
            assert!(!price.model.ends_with("-latest"), "{}", price.model);
            let all = [Some(price.rates), price.long, price.later.map(|(_, rates)| rates)];
            for Rates { input, cached, output, storage } in all.into_iter().flatten() {
                assert!(0.0 < cached && cached < input && input < output, "{}", price.model);
                assert!(storage.is_none_or(|storage| storage > 0.0), "{}", price.model);
            }
        }
    }

    #[test]
    fn a_cache_costs_its_tokens_once_and_its_storage_by_the_hour() {
        let two_hours = Duration::from_secs(7_200);
        // 5,000 × (2.00 + 2 × 4.50), per million.
        assert_cost(cache_usd("gemini-3.1-pro-preview", 5_000, two_hours, november()), 0.055);
        assert_cost(storage_usd("gemini-3.8-flash", 1_000_000, two_hours, november()), 1.0);
        assert_cost(storage_usd("gemini-3.8-flash", 1_000_000, two_hours, at("2027-01-01T08:00:00Z")), 2.0);
    }

    #[test]
    fn caches_of_models_without_them_or_unknown_have_no_price() {
        for model in ["gemini-4-argon", "gemini-9-xenon", "gemini-pro-latest"] {
            assert_eq!(cache_usd(model, 5_000, Duration::ZERO, november()), None, "{model}");
        }
    }

    #[test]
    fn an_alias_is_taken_for_the_newest_of_its_family() {
        assert_eq!(stands_for("gemini-pro-latest"), Some("gemini-3.1-pro-preview"));
        assert_eq!(stands_for("gemini-flash-latest"), Some("gemini-3.8-flash"));
        assert_eq!(stands_for("gemini-flash-lite-latest"), Some("gemini-3.5-flash-lite"));
        assert_eq!(stands_for("models/gemini-2.5-pro"), Some("gemini-2.5-pro"));
        assert_eq!(stands_for("gemini-9-xenon"), None);
        assert_eq!(stands_for("xenon-latest"), None);
    }
}
