//! [`Rates`]: what a million tokens of one call cost.

use domain::{ServiceTier, Timestamp};

use super::table::{FLEX, LONG_PROMPT, Listed, PRIORITY, Price, TABLE};

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Prompt tokens.
    pub input: f64,
    /// Prompt tokens of sound.
    pub audio: f64,
    /// Prompt tokens read from a cache.
    pub cached: f64,
    /// Prompt tokens of sound read from a cache.
    pub cached_audio: f64,
    /// Tokens of the answer and of the thoughts.
    pub output: f64,
    /// Tokens kept in an explicit context cache, for an hour; `None`: the model has no such caches.
    pub storage: Option<f64>,
}

/// The rates of a call to `model` with a prompt of `prompt_tokens` that is served in `tier` at `at`; `None` if
/// the table does not have the model.
///
/// `model` is what the response calls itself (`modelVersion`). Aliases such as `gemini-pro-latest`
/// are not in the table on purpose: what they stand for changes, and only the response says.
#[must_use]
pub fn rates(model: &str, prompt_tokens: u64, tier: ServiceTier, at: Timestamp) -> Option<Rates> {
    let price = TABLE.iter().find(|price| price.model == super::name(model))?;
    let listed = match price.later {
        Some((from, later)) if at >= from => later,
        _ => price.long.filter(|_| prompt_tokens > LONG_PROMPT).unwrap_or(price.standard),
    };
    Some(price.rates(listed, tier))
}

impl Price {
    pub(super) fn rates(&self, listed: Listed, tier: ServiceTier) -> Rates {
        let (all, cached) = match tier {
            ServiceTier::Standard => (1.0, 1.0),
            ServiceTier::Flex => (FLEX, self.flex_cached),
            ServiceTier::Priority => (PRIORITY, self.priority_cached),
        };
        let (audio, cached_audio) = self.audio.unwrap_or((listed.input, listed.cached));
        Rates {
            input: listed.input * all,
            audio: audio * all,
            cached: listed.cached * cached,
            cached_audio: cached_audio * cached,
            output: listed.output * all,
            storage: listed.storage,
        }
    }
}
