//! What calls of Google's models cost, at list prices. Pure: the date is passed in.
//!
//! The table is `table.rs`; [`PRICES_AS_OF`] is the day of it.

mod caches;
mod ceiling;
mod rates;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{ModelEndpoint, ServiceTier, Timestamp, at_account};

pub use caches::cache_repays;
pub use ceiling::{Most, most_usd};
pub use rates::{Rates, rates};
pub use table::PRICES_AS_OF;
use table::{Price, TABLE};

/// What a call is billed for, tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billed {
    /// The prompt: text, sound, and what came from a cache.
    pub prompt: u64,
    /// Results of built-in tools, fed back as prompt.
    pub tool_results: u64,
    /// What of the prompt came from a cache.
    pub cached: u64,
    /// What of the prompt is sound.
    pub audio: u64,
    /// What of the sound came from a cache.
    pub cached_audio: u64,
    /// Answers and thoughts.
    pub output: u64,
    /// The tier in which it was served.
    pub tier: ServiceTier,
}

/// US dollars for a call to `model` at `at`. `None`, never zero, when the model is not in the table.
#[must_use]
pub fn cost_usd(model: &str, billed: &Billed, at: Timestamp) -> Option<f64> {
    let rates = rates(model, billed.prompt, billed.tier, at)?;
    let Billed { prompt, tool_results, cached, audio, cached_audio, output, .. } = *billed;
    let cached_audio = cached_audio.min(cached).min(audio);
    let (cached_text, fresh_audio) = (cached - cached_audio, audio - cached_audio);
    let fresh_text = prompt.saturating_add(tool_results).saturating_sub(cached).saturating_sub(fresh_audio);
    let dollars_per_million = tokens(fresh_text) * rates.input
        + tokens(fresh_audio) * rates.audio
        + tokens(cached_text) * rates.cached
        + tokens(cached_audio) * rates.cached_audio
        + tokens(output) * rates.output;
    Some(dollars_per_million / 1e6)
}

/// US dollars that the call would have cost more without a cache; `None` when the price is not known.
#[must_use]
pub fn saved_usd(model: &str, billed: &Billed, at: Timestamp) -> Option<f64> {
    let uncached = Billed { cached: 0, cached_audio: 0, ..*billed };
    Some(cost_usd(model, &uncached, at)? - cost_usd(model, billed, at)?)
}

/// US dollars for the creation of a context cache of `model` with `size` tokens, and for its storage
/// for `kept`; `None` when the price is not known.
#[must_use]
pub fn cache_usd(model: &str, size: u64, kept: Duration, at: Timestamp) -> Option<f64> {
    let input = tokens(size) * rates(model, size, ServiceTier::Standard, at)?.input / 1e6;
    Some(input + storage_usd(model, size, kept, at)?)
}

/// US dollars for keeping `size` tokens for `kept` in a context cache of `model`.
#[must_use]
pub fn storage_usd(model: &str, size: u64, kept: Duration, at: Timestamp) -> Option<f64> {
    let an_hour = rates(model, size, ServiceTier::Standard, at)?.storage?;
    Some(tokens(size) * an_hour * (kept.as_secs_f64() / 3_600.0) / 1e6)
}

/// The model of the table that `name` is or, if it is an alias such as `gemini-flash-latest`, most
/// likely stands for: the newest of its family. For estimates and for what they share; bills go by what the
/// response says.
#[must_use]
pub fn stands_for(name: &str) -> Option<&'static str> {
    let name = self::name(name);
    let family = name.strip_prefix("gemini-").and_then(|name| name.strip_suffix("-latest"));
    let matches =
        |price: &&Price| price.model == name || (family.is_some() && family == family_of(price.model));
    TABLE.iter().find(matches).map(|price| price.model)
}

/// The names that [`stands_for`] knows: models, and the aliases of their families.
pub fn names() -> impl Iterator<Item = String> {
    let aliases = TABLE.iter().filter_map(|price| Some(format!("gemini-{}-latest", family_of(price.model)?)));
    TABLE.iter().map(|price| price.model.to_owned()).chain(aliases)
}

/// The name under which `model` is counted: an alias and the model that it stands for share one quota.
#[must_use]
pub fn account(model: &str) -> &str {
    stands_for(model).unwrap_or(model)
}

/// The name that the state of `model` is kept under, as the account of the name `at` is served it.
#[must_use]
pub fn kept_as(model: &str, at: &str) -> String {
    format!("model:{}", at_account(account(model), at))
}

/// Each of `models` as each account of `endpoints` is served it, and as the one that a lone address is: in words,
/// and by the key of what the fleet knows of it.
#[must_use]
pub fn model_items(models: &[&str], endpoints: &[ModelEndpoint]) -> Vec<(String, String)> {
    let accounts = ModelEndpoint::accounts(endpoints).into_iter().map(|(name, _)| name);
    let names: BTreeSet<String> = accounts.chain([String::new()]).collect();
    let of = |model: &&str| {
        names.iter().map(|name| (at_account(model, name), kept_as(model, name))).collect::<Vec<_>>()
    };
    models.iter().flat_map(of).collect()
}

fn name(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
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
