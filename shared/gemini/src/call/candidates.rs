//! Which models are asked, in which order, and what is said when none of them answers: the soonest time at
//! which one of them can.

use domain::{Deferral, ModelFailure, ModelRole, Priority, Timestamp, after};

use super::ask::ask;
use super::context::CallContext;
use super::reading::Reading;
use super::settle::CallRecord;
use crate::config::{Config, ConfigError};
use crate::failure::{Failure, Helps};
use crate::fleet::{FleetModel, Policy, ask_for};
use crate::http::Account;

/// Every model that may be called, in the order in which it is preferred.
pub(crate) fn models(config: &Config, accounts: &[Account]) -> Result<Vec<FleetModel>, ConfigError> {
    let mut models: Vec<FleetModel> = Vec::new();
    for name in [&config.triage, &config.answer].into_iter().chain(&config.fallback) {
        if models.iter().any(|known| known.name == *name) {
            continue;
        }
        let limits = config.limits.get(name).copied().unwrap_or_default();
        for (number, Account { name: account, fingerprint, .. }) in accounts.iter().enumerate() {
            let policy = Policy::new(name, &limits, config.environments, *fingerprint)?;
            models.push(FleetModel::new(name, (number, account), policy));
        }
    }
    Ok(models)
}

/// The models for a call of this role and priority: the wanted one, then the fallbacks, without those that are kept for more urgent
/// work. If that leaves none, the last fallback is asked all the same: no task is left without a model.
/// Each is asked at all `accounts`, in this order, before the next model is.
pub(crate) fn candidates<'a>(
    config: &Config,
    models: &'a [FleetModel],
    (role, priority): (ModelRole, Priority),
    accounts: &[usize],
) -> Vec<&'a FleetModel> {
    let wanted = match role {
        ModelRole::Triage => &config.triage,
        ModelRole::Answer => &config.answer,
    };
    let mut names: Vec<&str> = Vec::new();
    for name in std::iter::once(wanted).chain(&config.fallback) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let last = names.last().copied();
    names.retain(|name| {
        models.iter().all(|model| model.name != *name || priority >= model.policy.min_priority)
    });
    if names.is_empty() {
        names.extend(last);
    }
    let at =
        |name: &str, account: usize| models.iter().find(|one| one.name == name && one.account == account);
    names.iter().flat_map(|name| accounts.iter().filter_map(|account| at(name, *account))).collect()
}

/// The answer of the first candidate that has one.
pub(super) async fn first_answer(
    context: &CallContext<'_>,
    record: &mut CallRecord,
    models: &[&FleetModel],
) -> Result<Reading, Failure> {
    let mut failures: Vec<(&FleetModel, Failure)> = Vec::new();
    for model in models.iter().copied() {
        if failures.iter().any(|(other, failure)| is_vain(model, other, failure)) {
            continue;
        }
        let is_weaker = failures.first().is_some_and(|(wanted, _)| wanted.name != model.name);
        if is_weaker && failures.iter().any(|failed| is_worth_waiting_for(context, &models[0].name, failed)) {
            break;
        }
        // What the models before it came to is the truth, not that the time is now up.
        if !failures.is_empty() && !model.policy.in_place.allows_start(context.remaining()) {
            break;
        }
        match ask(context, record, model).await {
            Ok(reading) => return Ok(reading),
            Err(failure) => {
                // What two models refuse of a request, the others will too.
                let is_final = failure.helps == Helps::Nothing
                    || (failure.about.is_some() && failures.iter().any(|(_, other)| other.about.is_some()));
                failures.push((model, failure));
                if is_final {
                    break;
                }
            }
        }
    }
    // There is always a candidate, so there is always a failure to report.
    match failure_of_all(failures) {
        Some((model, failure)) => Err(with_slot(context, model, failure).await),
        None => Err(Failure::out_of_time("no model", false)),
    }
}

/// Whether `model` would fail as `other` did: its account is refused, or the request is at fault.
fn is_vain(model: &FleetModel, other: &FleetModel, failure: &Failure) -> bool {
    let is_of_the_request = failure.about.is_some() || failure.what == ModelFailure::Unusable;
    (failure.helps == Helps::OtherAccount && model.account == other.account)
        || (is_of_the_request && model.name == other.name)
}

/// Whether an answer waits for its wanted model instead of asking a weaker one: that is saturated, which
/// passes, and what is left of the patience will do. Sorting takes any model.
fn is_worth_waiting_for(
    context: &CallContext<'_>,
    wanted: &str,
    (model, failure): &(&FleetModel, Failure),
) -> bool {
    let ModelFailure::Defer { why: Deferral::Busy | Deferral::Quota, not_before } = failure.what else {
        return false;
    };
    if model.name != wanted {
        return false;
    }
    let until = after(context.call.waiting_since.unwrap_or(context.began.0), context.config.patience);
    context.call.role == ModelRole::Answer && not_before.max(Some(context.now())) < Some(until)
}

/// A deferral for want of a rate or of a model that is up gets a time of its own to come back at: all
/// who wait for the same moment would meet there, and wait again.
async fn with_slot(context: &CallContext<'_>, model: &FleetModel, failure: Failure) -> Failure {
    let ModelFailure::Defer { why, not_before } = failure.what else { return failure };
    let is_for_the_model = matches!(why, Deferral::Quota | Deferral::DailyQuota | Deferral::Unavailable);
    if !is_for_the_model || failure.is_booked {
        return failure;
    }
    let now = context.now();
    let ask = ask_for(context.call, context.prompt_tokens.about, context.call.slot, now);
    let slot = model.next_slot(context.shared, ask, not_before, now).await;
    Failure { what: ModelFailure::Defer { why, not_before: slot }, is_booked: true, ..failure }
}

/// The failure that stands for all `failures`: `None` if there are none.
///
/// What decides is what the caller should do next. An answer that was paid for and is of no use
/// comes first: coming back would cost the same again. Then a deferral, the soonest: when that
/// model is back, there is an answer. A refusal counts only if every model refuses.
fn failure_of_all<M>(failures: Vec<(M, Failure)>) -> Option<(M, Failure)> {
    let message = failures.iter().map(|(_, failure)| failure.message.as_str()).collect::<Vec<_>>().join("; ");
    let (model, worst) = failures.into_iter().min_by_key(|(_, failure)| rank(failure.what))?;
    Some((model, Failure { message, ..worst }))
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
    use std::time::Duration;

    use super::*;
    use domain::{ModelEndpoint, ModelLimits};

    fn models(config: &Config) -> Vec<FleetModel> {
        super::models(config, &Account::all(config).unwrap()).unwrap()
    }

    fn failure(what: ModelFailure, message: &str) -> Failure {
        Failure::new(what, message.to_owned())
    }

    fn defer(not_before: Option<i64>) -> ModelFailure {
        let not_before = not_before.map(|second| Timestamp::constant(second, 0));
        ModelFailure::Defer { why: Deferral::Quota, not_before }
    }

    fn decide(all: &[ModelFailure]) -> ModelFailure {
        failure_of_all(all.iter().map(|&what| ((), failure(what, "m"))).collect()).unwrap().1.what
    }

    fn names(config: &Config, role: ModelRole, priority: u8) -> Vec<String> {
        let models = models(config);
        let chosen = candidates(config, &models, (role, Priority::new(priority).unwrap()), &[0]);
        chosen.iter().map(|model| model.name.clone()).collect()
    }

    #[test]
    fn a_model_without_limits_has_the_default_ones() {
        let limits = ModelLimits { timeout: Duration::from_secs(90), ..ModelLimits::default() };
        let limits = [("m".to_owned(), limits)].into();
        let models = models(&Config { answer: "m".to_owned(), limits, ..Config::new(None) });
        let timeouts: Vec<u64> = models.iter().map(|model| model.policy.timeout.as_secs()).collect();
        assert_eq!(timeouts, [60, 90, 60]);
    }

    #[test]
    fn a_model_that_is_named_twice_is_one_model() {
        let config = Config { answer: "m".to_owned(), triage: "m".to_owned(), ..Config::new(None) };
        assert_eq!(models(&config).len(), 2);
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
    fn a_model_is_asked_at_every_account_before_a_weaker_one_is() {
        let (answer, fallback) = ("a".to_owned(), vec!["b".to_owned()]);
        let endpoints =
            ["https://one", "https://two", "https://one"].map(|base| ModelEndpoint::new(base, "v1")).to_vec();
        let config = Config { answer, fallback, endpoints, ..Config::new(None) };
        let models = models(&config);
        let urgency = (ModelRole::Answer, Priority::new(3).unwrap());
        let titles = |accounts: &[usize]| -> Vec<String> {
            candidates(&config, &models, urgency, accounts).iter().map(|model| model.title.clone()).collect()
        };
        assert_eq!(titles(&[0, 1]), ["a", "a@two", "b", "b@two"], "one address is one account");
        assert_eq!(titles(&[1, 0]), ["a@two", "a", "b@two", "b"]);
    }

    #[test]
    fn a_model_is_kept_for_urgent_work() {
        let urgent = ModelLimits { min_priority: Priority::new(4).unwrap(), ..ModelLimits::default() };
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
    fn what_was_paid_in_vain_counts_first_then_the_soonest_deferral_and_a_refusal_only_if_all_refuse() {
        use ModelFailure::{Refused, Retry, Unusable};
        assert_eq!(decide(&[defer(Some(9)), Unusable]), Unusable);
        assert_eq!(decide(&[defer(Some(9)), defer(Some(5)), Retry]), defer(Some(5)));
        assert_eq!(decide(&[defer(Some(9)), defer(None)]), defer(None));
        assert_eq!(decide(&[Refused, Retry]), Retry);
        assert_eq!(decide(&[Refused, Refused]), Refused);
    }

    #[test]
    fn every_model_has_its_say() {
        let all = [failure(ModelFailure::Refused, "a: no"), failure(ModelFailure::Retry, "b: oops")];
        let all = all.into_iter().map(|failure| ((), failure)).collect();
        assert_eq!(failure_of_all(all).unwrap().1.message, "a: no; b: oops");
        assert_eq!(failure_of_all::<()>(vec![]), None);
    }
}
