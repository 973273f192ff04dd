//! [`Limits`]: how long one model may take, and how often it is asked again.

use std::collections::BTreeMap;
use std::time::Duration;

use resilience::InPlace;

use crate::config::{Config, ConfigError};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
const DEFAULT_RETRIES: u32 = 1;
/// A longer wait goes back to the queue: to sleep in an invocation is to pay for nothing.
const LONGEST_WAIT_IN_PLACE: Duration = Duration::from_secs(2);
/// No model answers in less, so it is not worth beginning.
const LEAST_TIME_TO_BEGIN: Duration = Duration::from_secs(1);

/// Limits of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one call may take.
    pub timeout: Duration,
    /// Retries in place, at most 2.
    pub retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: DEFAULT_TIMEOUT, retries: DEFAULT_RETRIES }
    }
}

/// [`Limits`], checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) timeout: Duration,
    pub(crate) in_place: InPlace,
}

impl Policy {
    fn new(model: &str, limits: Limits) -> Result<Self, ConfigError> {
        if limits.timeout.is_zero() {
            return Err(ConfigError::Timeout { model: model.to_owned() });
        }
        let in_place = InPlace::new(limits.retries, LONGEST_WAIT_IN_PLACE, LEAST_TIME_TO_BEGIN)
            .map_err(|source| ConfigError::Retries { model: model.to_owned(), source })?;
        Ok(Self { timeout: limits.timeout, in_place })
    }
}

/// The policies of all models.
#[derive(Debug)]
pub(crate) struct Policies {
    by_model: BTreeMap<String, Policy>,
    default: Policy,
}

impl Policies {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let checked = |(model, limits): (&String, &Limits)| Ok((model.clone(), Policy::new(model, *limits)?));
        let by_model = config.limits.iter().map(checked).collect::<Result<_, _>>()?;
        Ok(Self { by_model, default: Policy::new("", Limits::default())? })
    }

    pub(crate) fn of(&self, model: &str) -> Policy {
        self.by_model.get(model).copied().unwrap_or(self.default)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with(limits: Limits) -> Result<Policies, ConfigError> {
        Policies::new(&Config { limits: BTreeMap::from([("m".to_owned(), limits)]), ..Config::new(None) })
    }

    #[test]
    fn a_model_without_limits_has_the_default_ones() {
        let policies = with(Limits { timeout: Duration::from_secs(90), retries: 2 }).unwrap();
        assert_eq!(policies.of("m").timeout, Duration::from_secs(90));
        assert_eq!(policies.of("n").timeout, Duration::from_secs(60));
    }

    #[test]
    fn three_retries_are_refused_with_their_place() {
        let error = with(Limits { retries: 3, ..Limits::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "agent.toml, [models.limits.\"m\"], retries: at most 2 retries in place are allowed, not 3"
        );
    }

    #[test]
    fn a_timeout_of_zero_is_refused() {
        let error = with(Limits { timeout: Duration::ZERO, ..Limits::default() }).unwrap_err();
        assert_eq!(error.to_string(), "agent.toml, [models.limits.\"m\"], timeout: must be longer than zero");
    }
}
