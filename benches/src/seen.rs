//! What the stand-in for the model has seen: each call, when it came, and how it was answered.

use std::time::Duration;

use domain::{Timestamp, after};
use standins::gemini::{Billed, GeminiStandin};

/// Calls that a benchmark's stand-in remembers; a client that never waits makes tens of thousands.
pub(crate) const REMEMBERED: usize = 200_000;

/// The window of the stand-in's quotas, which slides.
const MINUTE: Duration = Duration::from_secs(60);

/// One call of a model.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) at: Timestamp,
    /// As agent.toml names it.
    pub(crate) model: String,
    /// `None`: the caller went away before there was an answer.
    pub(crate) status: Option<u16>,
    pub(crate) billed: Option<Billed>,
}

/// All calls that asked for an answer, oldest first.
pub(crate) fn calls(standin: &GeminiStandin) -> Vec<Call> {
    let asked = |verb: &str| matches!(verb, "generateContent" | "streamGenerateContent");
    let requests = standin.requests().into_iter().filter(|request| asked(&request.verb));
    let call = |request: standins::gemini::ReceivedRequest| {
        let (at, status, billed) = (request.at, request.status, request.billed);
        request.model.map(|model| Call { at, model, status, billed })
    };
    requests.filter_map(call).collect()
}

/// The calls of `model`.
pub(crate) fn of<'c>(calls: &'c [Call], model: &str) -> Vec<&'c Call> {
    calls.iter().filter(|call| call.model == model).collect()
}

/// How many of `calls` were answered with `status`.
pub(crate) fn answered<'c>(calls: impl IntoIterator<Item = &'c Call>, status: u16) -> usize {
    calls.into_iter().filter(|call| call.status == Some(status)).count()
}

/// `part` of `whole`, as a share; nothing of nothing is none.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The share of the quota of `rpm` that became answers, from a minute after the first call until the
/// last answer. `None` when all was over by then.
///
/// What is left after that minute counts as a whole one at least: a client that waits for the minute to
/// pass may have all of the next one's answers in a moment, and has no more than the quota by that.
pub(crate) fn goodput(calls: &[&Call], rpm: u64) -> Option<Goodput> {
    let good: Vec<Timestamp> =
        calls.iter().filter(|call| call.status == Some(200)).map(|call| call.at).collect();
    let from = after(calls.iter().map(|call| call.at).min()?, MINUTE);
    let until = good.iter().copied().max().filter(|last| *last > from)?;
    let window = domain::between(from, until);
    let answers = good.iter().filter(|at| **at > from).count();
    #[expect(clippy::cast_precision_loss)]
    let allowed = rpm as f64 * window.max(MINUTE).as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss)]
    let share = answers as f64 / allowed;
    Some(Goodput { share, answers, window })
}

/// What was had of a quota.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goodput {
    pub(crate) share: f64,
    pub(crate) answers: usize,
    pub(crate) window: Duration,
}

/// In per cent, for people.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn call(second: i64, status: u16) -> Call {
        let at = Timestamp::from_second(1_800_000_000 + second).unwrap();
        Call { at, model: "m".to_owned(), status: Some(status), billed: None }
    }

    #[test]
    fn goodput_counts_answers_behind_the_first_window_alone() {
        // One a second for two minutes, and a refusal beside each.
        let calls: Vec<Call> = (0..=120).flat_map(|second| [call(second, 200), call(second, 429)]).collect();
        let goodput = goodput(&calls.iter().collect::<Vec<_>>(), 60).unwrap();
        assert_eq!((goodput.answers, goodput.window), (60, Duration::from_secs(60)));
        assert!((goodput.share - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_that_fits_into_the_first_window_has_no_goodput() {
        let calls: Vec<Call> = (0..30).map(|second| call(second, 200)).collect();
        assert!(goodput(&calls.iter().collect::<Vec<_>>(), 60).is_none());
    }

    #[test]
    fn answers_in_bursts_are_no_more_than_the_quota() {
        let burst = |start| (start..start + 30).map(|second| call(second, 200));
        let calls: Vec<Call> = burst(0).chain(burst(60)).collect();
        let goodput = goodput(&calls.iter().collect::<Vec<_>>(), 30).unwrap();
        // Of the second burst, the first answer comes as the minute ends.
        assert!((goodput.share - 29.0 / 30.0).abs() < 1e-9, "{goodput:?}");
    }
}
