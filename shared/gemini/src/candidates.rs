//! Which models are asked, in which order, and what is said when none of them answers.

use domain::{ModelFailure, ModelRole, Timestamp};

use crate::config::Config;
use crate::failure::Failure;

/// The models for `role`: the wanted one, then the fallbacks.
pub(crate) fn candidates(config: &Config, role: ModelRole) -> Vec<&str> {
    let wanted = match role {
        ModelRole::Triage => &config.triage,
        ModelRole::Answer => &config.answer,
    };
    let mut models: Vec<&str> = std::iter::once(wanted).chain(&config.fallback).map(String::as_str).collect();
    let mut seen = Vec::new();
    models.retain(|model| {
        let new = !seen.contains(model);
        seen.push(*model);
        new
    });
    models
}

/// The failure that stands for all `failures`: `None` if there are none.
///
/// What decides is what the caller should do next. An answer that was paid for and is of no use
/// comes first: coming back would cost the same again. Then a deferral, the soonest: when that
/// model is back, there is an answer. A refusal counts only if every model refuses.
pub(crate) fn verdict_of_all(failures: Vec<Failure>) -> Option<Failure> {
    let message = failures.iter().map(|failure| failure.message.as_str()).collect::<Vec<_>>().join("; ");
    let worst = failures.into_iter().min_by_key(|failure| rank(failure.what))?;
    Some(Failure { message, ..worst })
}

fn rank(what: ModelFailure) -> (u8, Timestamp) {
    match what {
        ModelFailure::Blocked => (0, Timestamp::MIN),
        ModelFailure::Unusable => (1, Timestamp::MIN),
        // An unknown time is the caller's own back-off: seconds.
        ModelFailure::Defer { not_before, .. } => (2, not_before.unwrap_or(Timestamp::MIN)),
        ModelFailure::Retry => (3, Timestamp::MIN),
        ModelFailure::Refused => (4, Timestamp::MIN),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use domain::Deferral;

    fn failure(what: ModelFailure, message: &str) -> Failure {
        Failure { what, message: message.to_owned(), other_model_may_help: true }
    }

    fn defer(not_before: Option<i64>) -> ModelFailure {
        let not_before = not_before.map(|second| Timestamp::constant(second, 0));
        ModelFailure::Defer { why: Deferral::Quota, not_before }
    }

    fn decide(all: &[ModelFailure]) -> ModelFailure {
        verdict_of_all(all.iter().map(|&what| failure(what, "m")).collect()).unwrap().what
    }

    #[test]
    fn every_role_has_the_fallbacks_and_no_model_is_asked_twice() {
        let config = Config {
            triage: "t".to_owned(),
            answer: "a".to_owned(),
            fallback: vec!["b".to_owned(), "a".to_owned(), "c".to_owned(), "b".to_owned()],
            ..Config::new(None)
        };
        assert_eq!(candidates(&config, ModelRole::Triage), ["t", "b", "a", "c"]);
        assert_eq!(candidates(&config, ModelRole::Answer), ["a", "b", "c"]);
    }

    #[test]
    fn what_was_paid_in_vain_is_not_paid_again() {
        assert_eq!(decide(&[defer(Some(9)), ModelFailure::Unusable]), ModelFailure::Unusable);
    }

    #[test]
    fn the_soonest_deferral_wins() {
        assert_eq!(decide(&[defer(Some(9)), defer(Some(5)), ModelFailure::Retry]), defer(Some(5)));
        assert_eq!(decide(&[defer(Some(9)), defer(None)]), defer(None));
    }

    #[test]
    fn a_refusal_stands_only_if_all_refuse() {
        assert_eq!(decide(&[ModelFailure::Refused, ModelFailure::Retry]), ModelFailure::Retry);
        assert_eq!(decide(&[ModelFailure::Refused, ModelFailure::Refused]), ModelFailure::Refused);
    }

    #[test]
    fn every_model_has_its_say() {
        let all = vec![failure(ModelFailure::Refused, "a: no"), failure(ModelFailure::Retry, "b: oops")];
        assert_eq!(verdict_of_all(all).unwrap().message, "a: no; b: oops");
        assert_eq!(verdict_of_all(vec![]), None);
    }
}
