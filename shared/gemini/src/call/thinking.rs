//! The least thinking that a model takes: sorting needs none, and thoughts are billed as output.
//!
//! Which levels a model knows is not in any list that can be asked for, and aliases change what they stand
//! for. So the least is tried, and a refusal that names it moves one up, remembered for this environment.

use std::collections::HashMap;
use std::sync::Mutex;

use domain::{ModelCall, ModelRole};
use serde_json::json;

use crate::config::Generation;
use crate::fleet::lock;
use crate::wire::GenerateContentRequest;

const THINKING_CONFIG: &str = "thinkingConfig";

/// What is asked for, the least first. Models of generation 2.5 know no levels at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Least {
    #[default]
    Minimal,
    Low,
    /// Whatever the model does by itself.
    Unsaid,
}

impl Least {
    fn next(self) -> Option<Self> {
        match self {
            Self::Minimal => Some(Self::Low),
            Self::Low => Some(Self::Unsaid),
            Self::Unsaid => None,
        }
    }

    fn write(self, request: &mut GenerateContentRequest) {
        let level = match self {
            Self::Minimal => "MINIMAL",
            Self::Low => "LOW",
            Self::Unsaid => {
                request.generation_config.remove(THINKING_CONFIG);
                return;
            }
        };
        request.generation_config.insert(THINKING_CONFIG.to_owned(), json!({ "thinkingLevel": level }));
    }
}

/// What the models were found to take.
#[derive(Debug, Default)]
pub(crate) struct Thinking(Mutex<HashMap<String, Least>>);

impl Thinking {
    /// Asks for the least thinking of `model`, if the call is to sort and agent.toml says nothing else.
    pub(crate) fn lessen(
        &self,
        call: &ModelCall,
        generation: &Generation,
        model: &str,
        request: &mut GenerateContentRequest,
    ) {
        let is_set = generation.others.contains_key(THINKING_CONFIG);
        if call.role == ModelRole::Triage && !is_set {
            let known = lock(&self.0).get(model).copied();
            known.unwrap_or_default().write(request);
        }
    }

    /// `model` refused what `request` asks for: asks for the next, and remembers it. `false` if nothing of
    /// ours was refused.
    pub(crate) fn refused(
        &self,
        call: &ModelCall,
        generation: &Generation,
        model: &str,
        request: &mut GenerateContentRequest,
    ) -> bool {
        let is_ours = call.role == ModelRole::Triage
            && request.generation_config.contains_key(THINKING_CONFIG)
            && !generation.others.contains_key(THINKING_CONFIG);
        let mut known = lock(&self.0);
        let Some(next) = known.get(model).copied().unwrap_or_default().next().filter(|_| is_ours) else {
            return false;
        };
        known.insert(model.to_owned(), next);
        next.write(request);
        true
    }
}
