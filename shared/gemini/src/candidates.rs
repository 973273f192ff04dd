//! Which models are asked, in which order, and what is said when none of them answers.

use domain::{ModelFailure, ModelRole, Priority, Timestamp};

use crate::config::Config;
use crate::failure::Failure;
use crate::fleet::FleetModel;

/// The models for a call of this role and priority: the wanted one, then the fallbacks, without those
/// that are kept for more urgent work. If that leaves none, the last resort is the cheapest idea of
/// all: the last fallback.
pub(crate) fn candidates<'a>(
    config: &Config,
    models: &'a [FleetModel],
    role: ModelRole,
    priority: Priority,
) -> Vec<&'a FleetModel> {
    let wanted = match role {
        ModelRole::Triage => &config.triage,
        ModelRole::Answer => &config.answer,
    };
    let mut chosen: Vec<&FleetModel> = Vec::new();
    for name in std::iter::once(wanted).chain(&config.fallback) {
        let model = models.iter().find(|model| model.name == *name);
        chosen.extend(model.filter(|model| chosen.iter().all(|known| known.name != model.name)));
    }
    let last = chosen.last().copied();
    chosen.retain(|model| priority >= model.policy.min_priority);
    if chosen.is_empty() { last.into_iter().collect() } else { chosen }
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
    use crate::limits::{Limits, models};
    use domain::Deferral;

    fn failure(what: ModelFailure, message: &str) -> Failure {
        let (model, message) = ("m".to_owned(), message.to_owned());
        Failure {
            model,
            what,
            is_booked: false,
            is_about_thinking: false,
            message,
            other_model_may_help: true,
        }
    }

    fn defer(not_before: Option<i64>) -> ModelFailure {
        let not_before = not_before.map(|second| Timestamp::constant(second, 0));
        ModelFailure::Defer { why: Deferral::Quota, not_before }
    }

    fn decide(all: &[ModelFailure]) -> ModelFailure {
        verdict_of_all(all.iter().map(|&what| failure(what, "m")).collect()).unwrap().what
    }

    fn names(config: &Config, role: ModelRole, priority: u8) -> Vec<String> {
        let models = models(config).unwrap();
        let chosen = candidates(config, &models, role, Priority::new(priority).unwrap());
        chosen.iter().map(|model| model.name.clone()).collect()
    }

    #[test]
    fn every_role_has_the_fallbacks_and_no_model_is_asked_twice() {
        let config = Config {
            triage: "t".to_owned(),
            answer: "a".to_owned(),
            fallback: vec!["b".to_owned(), "a".to_owned(), "c".to_owned(), "b".to_owned()],
            ..Config::new(None)
        };
        assert_eq!(names(&config, ModelRole::Triage, 1), ["t", "b", "a", "c"]);
        assert_eq!(names(&config, ModelRole::Answer, 1), ["a", "b", "c"]);
    }

    #[test]
    fn a_model_is_kept_for_urgent_work() {
        let urgent = Limits { min_priority: Priority::new(4).unwrap(), ..Limits::default() };
        let config = Config {
            answer: "a".to_owned(),
            fallback: vec!["b".to_owned()],
            limits: [("a".to_owned(), urgent)].into(),
            ..Config::new(None)
        };
        assert_eq!(names(&config, ModelRole::Answer, 3), ["b"]);
        assert_eq!(names(&config, ModelRole::Answer, 4), ["a", "b"]);
        let alone = Config { fallback: vec![], ..config };
        assert_eq!(names(&alone, ModelRole::Answer, 1), ["a"], "a task is never left without a model");
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
