//! [`StepUsage`]: what one step cost at the model.

use serde::{Deserialize, Serialize};

/// Tokens, money and time of one model call, retries in place included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepUsage {
    /// The step that called, such as `triage` or `answer`.
    pub step: String,
    /// The model that answered, by the answer's own `modelVersion`.
    pub model: String,
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Those of the prompt that were read from a cache.
    pub cached_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Tokens that the model thought with; billed as output.
    pub thought_tokens: u64,
    /// US dollars at list prices; `None` when the price of the model is not known.
    pub cost_usd: Option<f64>,
    /// US dollars that caching saved on the call, at list prices: what its cached tokens would have cost
    /// more, or, below zero, what a cache cost to make and to keep. For the figures of the day
    /// ([`crate::StatsRecorder`]); it is not kept with the task. `None` when the price is not known.
    #[serde(skip)]
    pub saved_usd: Option<f64>,
    /// Tries that the call needed.
    pub attempts: u32,
    /// Milliseconds that its tries took, without waits for quota before and between them.
    pub ms: u64,
}

/// What stands behind a model's name when a stand-in answered: its cost is what a real answer of that size would have
/// cost.
const STANDIN: &str = " (stand-in)";

impl StepUsage {
    /// The same as the work of a stand-in.
    #[must_use]
    pub fn of_standin(mut self) -> Self {
        if !self.is_simulated() {
            self.model.push_str(STANDIN);
        }
        self
    }

    /// Whether a stand-in answered, so that nothing was paid.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.model.ends_with(STANDIN)
    }

    /// Prompt, output and thought tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens + self.output_tokens + self.thought_tokens
    }
}
