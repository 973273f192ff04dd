//! Which missed deliveries are due, and what is known of them after.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{FailedDelivery, Missed, MissedDelivery, Timestamp, after};

use super::EVERY;

/// Requests that the sender takes, for each delivery.
const MAX_TRIES: u32 = 3;
/// Requests that it does not take, or not certainly, for each delivery.
const MAX_REFUSED: u32 = 8;
/// Requests at once.
const MAX_AT_ONCE: usize = 20;
/// Deliveries that are remembered.
const MAX_KNOWN: usize = 500;
/// The answer to a body that is too large: it will be so each time.
const TOO_LARGE: u16 = 413;

/// A delivery that is to be made again.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) delivery: FailedDelivery,
    /// When it was asked for before, without success.
    asked: Option<Timestamp>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// The sender makes the delivery again.
    Taken,
    /// It does not, or nobody knows.
    Failed,
    /// The sender takes no request of ours at present: the delivery is not to blame.
    Held,
    /// It was not made.
    Unasked,
}

impl Due {
    /// Writes down what became of a request that [`plan`] has counted as failed.
    pub(super) fn settle(&self, known: &mut Missed, became: Became) {
        let Some(missed) = known.get_mut(&self.delivery.guid) else { return };
        if became != Became::Failed {
            missed.refused = missed.refused.saturating_sub(1);
        }
        match became {
            Became::Taken => {
                missed.tries += 1;
                (missed.tried, missed.asked) = (Some(self.delivery.at), None);
            }
            Became::Unasked => missed.asked = self.asked,
            Became::Failed | Became::Held => {}
        }
    }
}

/// The latest failed try of each event.
pub(super) fn latest(failed: Vec<FailedDelivery>) -> BTreeMap<String, FailedDelivery> {
    let mut latest: BTreeMap<String, FailedDelivery> = BTreeMap::new();
    for delivery in failed {
        match latest.get(&delivery.guid) {
            Some(known) if known.at >= delivery.at => {}
            _ => {
                latest.insert(delivery.guid.clone(), delivery);
            }
        }
    }
    latest
}

/// What is known once the requests that are due at `now` are counted as failed, and these requests. Deliveries that
/// were not asked for yet come first, then those that were asked for longest ago; of these the oldest events.
pub(super) fn plan(
    mut known: Missed,
    failed: BTreeMap<String, FailedDelivery>,
    since: Timestamp,
    now: Timestamp,
) -> (Missed, Vec<Due>) {
    known.retain(|_, missed| missed.at >= since);
    let mut failed: Vec<FailedDelivery> = failed.into_values().collect();
    failed.sort_by_key(|delivery| delivery.at);
    let mut due = Vec::new();
    for delivery in failed {
        if known.len() >= MAX_KNOWN && !known.contains_key(&delivery.guid) {
            break;
        }
        let missed = known.entry(delivery.guid.clone()).or_insert_with(|| unasked(&delivery));
        (missed.at, missed.status) = (delivery.at, delivery.status);
        if is_open(missed, now) {
            due.push(Due { delivery, asked: missed.asked });
        }
    }
    due.sort_by_key(|due| due.asked);
    due.truncate(MAX_AT_ONCE);
    for Due { delivery, .. } in &due {
        if let Some(missed) = known.get_mut(&delivery.guid) {
            missed.refused += 1;
            missed.asked = Some(now);
        }
    }
    (known, due)
}

fn unasked(delivery: &FailedDelivery) -> MissedDelivery {
    MissedDelivery {
        event: delivery.event.clone(),
        at: delivery.at,
        status: delivery.status,
        tries: 0,
        tried: None,
        refused: 0,
        asked: None,
    }
}

fn is_open(missed: &MissedDelivery, now: Timestamp) -> bool {
    // After a request that was taken, only a try that failed as well is newer. Both times are the sender's: clocks
    // differ.
    missed.tried.is_none_or(|tried| missed.at > tried)
        && missed.asked.is_none_or(|asked| now >= after(asked, rest(missed.refused)))
        && missed.tries < MAX_TRIES
        && missed.refused < MAX_REFUSED
        && missed.status != TOO_LARGE
}

/// How long nothing is asked for after so many requests that failed: the next look does it after the first one, the
/// second after two, the fourth after three. Half a look less, since looks are not exact.
fn rest(refused: u32) -> Duration {
    EVERY * (1 << refused.saturating_sub(1).min(MAX_REFUSED)) - EVERY / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn failed(guid: &str, second: i64, status: u16) -> FailedDelivery {
        let (event, address) = ("issues.opened".to_owned(), format!("hook/{guid}/{second}"));
        FailedDelivery { guid: guid.to_owned(), address, event, at: at(second), status }
    }

    /// The ids of what is due at that time, and what is known after all of it became that.
    fn look_at(
        known: Missed,
        failed: &[FailedDelivery],
        second: i64,
        became: Became,
    ) -> (Vec<String>, Missed) {
        let (mut known, due) = plan(known, latest(failed.to_vec()), at(-10_000), at(second));
        due.iter().for_each(|due| due.settle(&mut known, became));
        (due.into_iter().map(|due| due.delivery.guid).collect(), known)
    }

    /// The same at the beginning, where the sender takes all.
    fn look(known: Missed, failed: &[FailedDelivery]) -> (Vec<String>, Missed) {
        look_at(known, failed, 0, Became::Taken)
    }

    #[test]
    fn a_missed_delivery_is_sent_again_once_until_that_failed_too_and_three_times_at_the_most() {
        let mut tries = vec![failed("a", 0, 503)];
        let mut known = Missed::new();
        for round in 1..=5 {
            let (due, counted) = look(known, &tries);
            assert_eq!(due.len(), usize::from(round <= 3), "round {round}");
            let (due, counted) = look(counted, &tries);
            assert!(due.is_empty(), "its outcome is not known yet");
            tries.push(failed("a", round * 1_000 + 500, 503));
            known = counted;
        }
        assert_eq!(known["a"].tries, 3);
    }

    #[test]
    fn the_oldest_are_sent_first_and_few_at_once() {
        let all: Vec<_> = (0..50).rev().map(|n| failed(&format!("{n:02}"), n, 0)).collect();
        let (due, known) = look(Missed::new(), &all);
        assert_eq!((due.len(), due[0].as_str(), known.len()), (MAX_AT_ONCE, "00", 50));
        let (next, _) = look(known, &all);
        assert_eq!(next[0], "20");
    }

    #[test]
    fn what_is_too_large_is_known_and_not_sent_again() {
        let (due, known) = look(Missed::new(), &[failed("a", 0, 413)]);
        assert!(due.is_empty());
        assert_eq!((known["a"].tries, known["a"].status), (0, 413));
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let (_, known) = look(Missed::new(), &[failed("a", 0, 503)]);
        let (known, _) = plan(known, BTreeMap::new(), at(1), at(1));
        assert!(known.is_empty());
    }

    #[test]
    fn a_request_that_failed_is_made_again_at_the_next_look_and_then_ever_later_and_eight_times_in_all() {
        let (mut known, mut asked) = (Missed::new(), Vec::new());
        for minute in (0..12 * 60).step_by(5) {
            let (due, counted) =
                look_at(known, &[failed("a", 0, 503)], minute * 60 + minute % 3, Became::Failed);
            asked.extend(due.iter().map(|_| minute));
            known = counted;
        }
        assert_eq!(asked, [0, 5, 15, 35, 75, 155, 315, 635]);
        assert_eq!((known["a"].tries, known["a"].refused), (0, 8), "nothing was sent again");
    }

    #[test]
    fn what_was_never_asked_for_is_as_it_was_before() {
        let (_, before) = look_at(Missed::new(), &[failed("a", 0, 503)], 0, Became::Failed);
        let (due, after) = look_at(before.clone(), &[failed("a", 0, 503)], 300, Became::Unasked);
        assert_eq!((due.len(), after), (1, before));
    }

    #[test]
    fn what_a_throttle_or_a_refused_account_ended_costs_nothing_and_comes_after_the_others() {
        let all = [failed("a", 0, 503), failed("b", 1, 503)];
        let (mut known, due) = plan(Missed::new(), latest(all.to_vec()), at(-10_000), at(2));
        due[0].settle(&mut known, Became::Held);
        due[1].settle(&mut known, Became::Unasked);
        assert_eq!((known["a"].tries, known["a"].refused), (0, 0));
        assert_eq!(look_at(known, &all, 302, Became::Taken).0, ["b", "a"]);
    }

    #[test]
    fn a_request_whose_outcome_was_never_written_is_made_again() {
        let (known, due) = plan(Missed::new(), latest(vec![failed("a", 0, 503)]), at(-10_000), at(0));
        assert_eq!((due.len(), known["a"].tries, known["a"].refused), (1, 0, 1));
        let (due, known) = look_at(known, &[failed("a", 0, 503)], 301, Became::Taken);
        assert_eq!((due.len(), known["a"].tries, known["a"].refused), (1, 1, 1));
    }

    #[test]
    fn many_requests_that_fail_keep_no_other_delivery_from_its_turn() {
        let all: Vec<_> = (0..30).map(|n| failed(&format!("{n:02}"), n, 503)).collect();
        let (_, known) = look_at(Missed::new(), &all, 60, Became::Failed);
        let (next, _) = look_at(known, &all, 361, Became::Failed);
        assert_eq!((next[0].as_str(), next[9].as_str(), next[10].as_str()), ("20", "29", "00"));
    }
}
