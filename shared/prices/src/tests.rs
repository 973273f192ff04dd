//! One test for each class of rows and of tokens, against figures of the price page.

use ServiceTier::{Flex, Priority, Standard};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn november() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

fn billed(prompt: u64, cached: u64, output: u64) -> Billed {
    Billed { prompt, cached, output, ..Billed::default() }
}

fn assert_cost(cost: Option<f64>, expected: f64) {
    let cost = cost.unwrap();
    assert!((cost - expected).abs() < 1e-9, "{cost} is not {expected}");
}

/// What a million tokens of each kind cost.
fn row(model: &str, tier: ServiceTier) -> [f64; 3] {
    let Rates { input, cached, output, .. } = rates(model, 1_000, tier, november()).unwrap();
    [input, cached, output]
}

#[track_caller]
fn assert_row(model: &str, tier: ServiceTier, expected: [f64; 3]) {
    let row = row(model, tier);
    assert!(row.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-9), "{model}: {row:?}");
}

#[test]
fn fresh_cached_answer_and_thought_tokens_are_all_counted() {
    // 4,000 × 2.00 + 6,000 × 0.20 + (300 + 700) × 12.00, per million.
    assert_cost(cost_usd("gemini-3.1-pro-preview", &billed(10_000, 6_000, 1_000), november()), 0.0212);
}

#[test]
fn flex_costs_half_and_priority_four_fifths_more() {
    assert_row("gemini-3.1-pro-preview", Standard, [2.00, 0.20, 12.00]);
    assert_row("gemini-3.1-pro-preview", Flex, [1.00, 0.20, 6.00]);
    assert_row("gemini-3.1-pro-preview", Priority, [3.60, 0.36, 21.60]);
    assert_row("gemini-3.8-flash", Flex, [0.375, 0.0375, 1.875]);
    assert_row("gemini-3.8-flash", Priority, [1.35, 0.135, 6.75]);
    assert_row("gemini-3.5-flash-lite", Flex, [0.15, 0.02, 1.25]);
    assert_row("gemini-3.5-flash-lite", Priority, [0.54, 0.05, 4.50]);
    assert_row("gemini-3.5-flash", Flex, [0.75, 0.08, 4.50]);
    assert_row("gemini-3.1-flash-lite-preview", Flex, [0.125, 0.0125, 0.75]);
    assert_row("gemini-2.5-flash", Flex, [0.15, 0.03, 1.25]);
    assert_row("gemini-4-argon", Flex, [1.00, 0.05, 5.00]);
    let long = rates("gemini-3.1-pro-preview", 300_000, Priority, november()).unwrap();
    assert!((long.input - 7.2).abs() < 1e-9 && (long.output - 32.4).abs() < 1e-9, "{long:?}");
}

#[test]
fn sound_costs_more_where_the_list_says_so() {
    let sound = Billed { audio: 1_000_000, ..billed(1_000_000, 0, 0) };
    let cached = Billed { cached: 1_000_000, cached_audio: 1_000_000, ..sound };
    for (model, fresh, read) in [
        ("gemini-2.5-flash", 1.0, 0.10),
        ("gemini-2.5-flash-lite", 0.30, 0.03),
        ("gemini-3-flash-preview", 1.0, 0.10),
        ("gemini-3.1-flash-lite", 0.50, 0.05),
        ("gemini-3.8-flash", 0.75, 0.075),
    ] {
        assert_cost(cost_usd(model, &sound, november()), fresh);
        assert_cost(cost_usd(model, &cached, november()), read);
    }
    let flex = Billed { tier: Flex, ..sound };
    assert_cost(cost_usd("gemini-2.5-flash", &flex, november()), 0.50);
    let mixed = Billed { audio: 400_000, ..billed(1_000_000, 0, 0) };
    assert_cost(cost_usd("gemini-2.5-flash", &mixed, november()), 0.4 + 0.6 * 0.3);
}

#[test]
fn a_cached_token_saves_the_difference_to_a_fresh_one() {
    let (model, cached) = ("gemini-3.1-pro-preview", billed(10_000, 6_000, 1_000));
    // 6,000 × (2.00 − 0.20), per million.
    assert_cost(saved_usd(model, &cached, november()), 0.0108);
    assert_cost(saved_usd(model, &billed(10_000, 0, 1_000), november()), 0.0);
    assert_eq!(saved_usd("gemini-9-xenon", &cached, november()), None);
}

#[test]
fn tool_results_are_billed_as_input() {
    let billed = Billed { tool_results: 1_000, ..billed(1_000, 0, 0) };
    assert_cost(cost_usd("gemini-3.8-flash", &billed, november()), 0.0015);
}

#[test]
fn long_prompts_cost_more() {
    let model = "gemini-3.1-pro-preview";
    assert_cost(cost_usd(model, &billed(200_000, 0, 1_000), november()), 0.412);
    assert_cost(cost_usd(model, &billed(200_001, 0, 1_000), november()), 0.818_004);
    // 100,001 × 4.00 + 100,000 × 0.40, per million.
    assert_cost(cost_usd(model, &billed(200_001, 100_000, 0), november()), 0.440_004);
}

#[test]
fn introductory_prices_end_with_the_year_in_california() {
    let billed = billed(1_000_000, 0, 0);
    assert_cost(cost_usd("gemini-3.8-flash", &billed, at("2027-01-01T07:59:59Z")), 0.75);
    assert_cost(cost_usd("gemini-3.8-flash", &billed, at("2027-01-01T08:00:00Z")), 1.5);
}

#[test]
fn unknown_models_and_aliases_have_no_price() {
    for model in ["gemini-9-xenon", "gemini-pro-latest", "gemini-flash-latest", "gemini-4-carbon", ""] {
        assert_eq!(cost_usd(model, &billed(1, 0, 1), november()), None, "{model}");
    }
}

#[test]
fn more_cached_than_there_is_costs_no_less_than_nothing() {
    let odd = Billed { audio: 10, cached_audio: 99, ..billed(5, 50, 0) };
    assert!(cost_usd("gemini-2.5-flash", &odd, november()).unwrap() >= 0.0);
}

#[test]
fn every_row_is_plausible_and_found_once() {
    for price in TABLE {
        let same = TABLE.iter().filter(|other| other.model == price.model).count();
        assert_eq!(same, 1, "{}", price.model);
        assert!(!price.model.ends_with("-latest"), "{}", price.model);
        let all = [Some(price.standard), price.long, price.later.map(|(_, later)| later)];
        for listed in all.into_iter().flatten() {
            for tier in [Standard, Flex, Priority] {
                let Rates { input, audio, cached, cached_audio, output, storage } = price.rates(listed, tier);
                assert!(0.0 < cached && cached < input && input < output, "{}", price.model);
                assert!(cached <= cached_audio && input <= audio, "{}", price.model);
                assert!(storage.is_none_or(|storage| storage > 0.0), "{}", price.model);
            }
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
