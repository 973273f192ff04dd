//! What a due task needs: a pure function of the task, the depth of its lane and the time.

use std::time::Duration;

use domain::{DECISION_GRACE, Depth, FORGOTTEN, Task, TaskStatus, Timestamp, after};

/// What is to be done about a task that is due for a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Send a fresh message, and look again then.
    Wake {
        /// When to look again.
        look_again: Timestamp,
    },
    /// Its message is most likely still in the lane, or its turn has passed: look again then.
    Postpone {
        /// When to look again.
        look_again: Timestamp,
    },
    /// Nobody decided about its draft in time.
    Expire,
    /// It is too old to go on.
    GiveUp,
    /// It moved on since it was found.
    Nothing,
}

/// A lane with fewer messages than this would have delivered by now.
const NEARLY_EMPTY: u64 = 20;
/// How long after it was sent to a nearly empty lane a lost message is missed.
const SHORT: Duration = Duration::from_secs(120);
/// In a full lane a message may wait for hours; sending another sooner only makes it longer.
const LONG: Duration = Duration::from_secs(3_600);
/// The longest time to the next message: shorter than a message lives that no processor is ready for (12 hours, by
/// `processor`'s `not_ready.rs`). So a task has one whenever the processor is mended.
const MOST: Duration = Duration::from_secs(8 * 3_600);
/// So long a task that waits for its message keeps its place among those that are due. With the minute until the next
/// sweep it is less than what makes a task forgotten.
const TURN: Duration = Duration::from_secs(600);
const _: () = assert!(TURN.as_secs() + 60 < FORGOTTEN.as_secs());

/// What `task` needs at `now`, if its lane is as deep as `depth`.
#[must_use]
pub fn plan(task: &Task, depth: Depth, now: Timestamp) -> Plan {
    if task.control.due_at.is_none_or(|due| due > now) {
        return Plan::Nothing;
    }
    match task.control.status {
        TaskStatus::AwaitingApproval => expiry(task, now),
        TaskStatus::Received | TaskStatus::Waiting | TaskStatus::Processing
            if task.swept_up_at().is_some_and(|at| now >= at) =>
        {
            Plan::GiveUp
        }
        TaskStatus::Received => received(task, depth, now),
        // Its message was acknowledged when it began to wait, or its holder died: both are certain.
        TaskStatus::Waiting | TaskStatus::Processing if task.doc.wakes == 0 => {
            Plan::Wake { look_again: after(now, patience(0, depth)) }
        }
        TaskStatus::Waiting | TaskStatus::Processing => resend(task, depth, now),
        TaskStatus::Rejected
        | TaskStatus::Expired
        | TaskStatus::Failed
        | TaskStatus::Completed
        | TaskStatus::Ignored => follow_up(task, depth, now),
    }
}

/// A draft expires once its time and the grace are over. What is due earlier is due for its message in the place where
/// people are asked.
fn expiry(task: &Task, now: Timestamp) -> Plan {
    match task.doc.expires_at.map(|expires| after(expires, DECISION_GRACE)) {
        Some(end) if end > now => message(task, now).unwrap_or(Plan::Postpone { look_again: end }),
        Some(_) | None => Plan::Expire,
    }
}

/// What a task needs that is due for a message about its draft, which `notices.rs` delivers; `None` if it is not. While
/// the place takes none, each sweep tries one task and the others wait. They stay due, so that each is tried at once when
/// the place is back; but those that have waited for long go behind what has become due since, which is found beside
/// them then, and are not taken for forgotten.
fn message(task: &Task, now: Timestamp) -> Option<Plan> {
    let due = task.control.due_at.filter(|_| task.has_pending_notices())?;
    Some(if after(due, TURN) > now { Plan::Nothing } else { Plan::Postpone { look_again: now } })
}

/// Ingest sent a message right after it stored the task; only its death in between loses it.
fn received(task: &Task, depth: Depth, now: Timestamp) -> Plan {
    let overdue = after(task.doc.received_at, patience(task.doc.wakes, depth));
    if now >= overdue || task.doc.wakes > 0 {
        return resend(task, depth, now);
    }
    Plan::Postpone { look_again: overdue }
}

/// A follow-up that is due wants a message. Who made the end has sent one, and may have died before. What
/// is due earlier is due for a message about its draft.
fn follow_up(task: &Task, depth: Depth, now: Timestamp) -> Plan {
    if task.follow_up_due_at().is_some_and(|due| due <= now) {
        resend(task, depth, now)
    } else {
        message(task, now).unwrap_or(Plan::Nothing)
    }
}

fn resend(task: &Task, depth: Depth, now: Timestamp) -> Plan {
    Plan::Wake { look_again: after(now, patience(task.doc.wakes, depth)) }
}

/// How long the `wakes`-th message may take before it is missed: twice as long each time, since whoever does not
/// take one message does not take a second one either. What is in flight comes back and is on the lane as well.
fn patience(wakes: u32, depth: Depth) -> Duration {
    let doubled = 2_u32.saturating_pow(wakes);
    let is_nearly_empty = depth.ready.saturating_add(depth.in_flight) < NEARLY_EMPTY;
    let (first, most) = if is_nearly_empty { (SHORT, LONG) } else { (LONG, MOST) };
    first.saturating_mul(doubled).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::contract::plain_task;
    use domain::{Effect, EffectState, MAX_OPEN_DAYS};

    const EMPTY: Depth = Depth { ready: 0, in_flight: 0 };
    const FULL: Depth = Depth { ready: 5_000, in_flight: 0 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn received_at(second: i64) -> Task {
        plain_task("github", at(second))
    }

    fn waiting_until(second: i64) -> Task {
        let mut task = received_at(0);
        task.transition(TaskStatus::Processing, at(1), "claimed").unwrap();
        task.transition(TaskStatus::Waiting, at(2), "quota").unwrap();
        task.control.not_before = Some(at(second));
        task.control.due_at = Some(at(second));
        task
    }

    #[test]
    fn task_that_is_not_due_needs_nothing() {
        assert_eq!(plan(&received_at(0), EMPTY, at(119)), Plan::Nothing);
    }

    #[test]
    fn lost_message_is_replaced_after_two_minutes_in_an_empty_lane() {
        assert_eq!(plan(&received_at(0), EMPTY, at(120)), Plan::Wake { look_again: at(240) });
    }

    #[test]
    fn message_in_a_full_lane_has_an_hour() {
        let mut task = received_at(0);
        assert_eq!(plan(&task, FULL, at(120)), Plan::Postpone { look_again: at(3_600) });
        task.control.due_at = Some(at(3_600));
        assert_eq!(plan(&task, FULL, at(3_600)), Plan::Wake { look_again: at(7_200) });
    }

    #[test]
    fn patience_with_a_full_lane_doubles() {
        let mut task = received_at(0);
        task.doc.wakes = 2;
        assert_eq!(plan(&task, FULL, at(9_000)), Plan::Wake { look_again: at(9_000 + 4 * 3_600) });
    }

    #[test]
    fn patience_with_a_full_lane_is_eight_hours_at_most() {
        let mut task = waiting_until(500);
        for wakes in [3, 4, 7, 99] {
            task.doc.wakes = wakes;
            assert_eq!(plan(&task, FULL, at(500)), Plan::Wake { look_again: at(500 + 8 * 3_600) });
        }
    }

    #[test]
    fn messages_in_flight_fill_a_lane_as_well() {
        let in_flight = Depth { ready: 0, in_flight: 5_000 };
        assert_eq!(plan(&received_at(0), in_flight, at(120)), Plan::Postpone { look_again: at(3_600) });
    }

    #[test]
    fn patience_with_an_empty_lane_grows_up_to_an_hour() {
        let mut task = waiting_until(500);
        for (wakes, seconds) in [(1, 240), (2, 480), (4, 1_920), (5, 3_600), (99, 3_600)] {
            task.doc.wakes = wakes;
            assert_eq!(plan(&task, EMPTY, at(500)), Plan::Wake { look_again: at(500 + seconds) });
        }
    }

    #[test]
    fn task_whose_effect_is_in_doubt_is_woken_for_a_day() {
        let end = MAX_OPEN_DAYS * 86_400;
        let mut task = waiting_until(5);
        let state = EffectState::Intended { at: at(5), fence: 1, settles_at: None };
        task.set_effect(Effect { name: "reply".to_owned(), content: None, state });
        assert!(matches!(plan(&task, EMPTY, at(end)), Plan::Wake { .. }));
        assert_eq!(plan(&task, EMPTY, at(end + 86_400)), Plan::GiveUp);
    }

    /// After weeks without a processor, too: it must not be said to have failed.
    #[test]
    fn task_whose_receiver_may_know_its_result_is_woken_until_a_processor_ends_it() {
        let mut task = waiting_until(5);
        task.doc.reported = true;
        for days in [MAX_OPEN_DAYS, MAX_OPEN_DAYS + 1, 29] {
            assert!(matches!(plan(&task, EMPTY, at(days * 86_400)), Plan::Wake { .. }), "{days}");
        }
    }

    #[test]
    fn waiting_task_is_woken_when_it_is_due() {
        assert_eq!(plan(&waiting_until(500), FULL, at(499)), Plan::Nothing);
        assert_eq!(plan(&waiting_until(500), FULL, at(500)), Plan::Wake { look_again: at(4_100) });
        assert_eq!(plan(&waiting_until(500), EMPTY, at(500)), Plan::Wake { look_again: at(620) });
    }

    #[test]
    fn task_whose_holder_died_is_woken() {
        let mut task = received_at(0);
        task.transition(TaskStatus::Processing, at(1), "claimed").unwrap();
        task.control.due_at = Some(at(300));
        assert_eq!(plan(&task, EMPTY, at(300)), Plan::Wake { look_again: at(420) });
    }

    #[test]
    fn nothing_outlives_thirteen_days() {
        let end = MAX_OPEN_DAYS * 86_400;
        assert_eq!(plan(&waiting_until(5), EMPTY, at(end)), Plan::GiveUp);
        assert_ne!(plan(&waiting_until(5), EMPTY, at(end - 1)), Plan::GiveUp);
    }

    #[test]
    fn parked_task_expires_after_the_grace() {
        let mut task = received_at(0);
        task.transition(TaskStatus::Processing, at(1), "claimed").unwrap();
        task.transition(TaskStatus::AwaitingApproval, at(2), "parked").unwrap();
        task.control.due_at = Some(at(1_000));
        task.doc.expires_at = Some(at(1_000));
        assert_eq!(plan(&task, EMPTY, at(1_000)), Plan::Postpone { look_again: at(1_300) });
        task.control.due_at = Some(at(1_300));
        assert_eq!(plan(&task, EMPTY, at(1_300)), Plan::Expire);
    }

    #[test]
    fn task_that_is_due_for_its_message_stays_due_until_it_expires() {
        let mut task = received_at(0);
        task.transition(TaskStatus::Processing, at(1), "claimed").unwrap();
        let draft = domain::DraftRef {
            hash: domain::short_sha256("Hello"),
            from: domain::DraftOrigin::Model,
            parked_because: None,
        };
        task.doc.draft = Some(draft);
        task.ask_people(at(2));
        task.transition(TaskStatus::AwaitingApproval, at(2), "parked").unwrap();
        task.doc.expires_at = Some(at(9_000));
        task.control.due_at = Some(at(62));
        assert_eq!(plan(&task, EMPTY, at(62)), Plan::Nothing);
        assert_eq!(plan(&task, EMPTY, at(62 + 600)), Plan::Postpone { look_again: at(662) });
        assert_eq!(plan(&task, EMPTY, at(9_299)), Plan::Postpone { look_again: at(9_299) });
        assert_eq!(plan(&task, EMPTY, at(9_300)), Plan::Expire);
    }

    #[test]
    fn what_is_owed_after_an_end_is_sent_for_when_it_is_due() {
        let mut task = received_at(0);
        task.transition(TaskStatus::Processing, at(1), "claimed").unwrap();
        task.transition(TaskStatus::AwaitingApproval, at(2), "parked").unwrap();
        domain::expire(&mut task, at(10)).unwrap();
        assert_eq!(task.control.due_at, Some(at(130)));
        assert_eq!(plan(&task, EMPTY, at(129)), Plan::Nothing);
        assert_eq!(plan(&task, EMPTY, at(130)), Plan::Wake { look_again: at(250) });
        task.follow_up_sent(at(250), at(130));
        assert_eq!(plan(&task, EMPTY, at(249)), Plan::Nothing);
        task.close_follow_up(at(131));
        assert_eq!(task.control.due_at, None);
    }

    #[test]
    fn ended_task_needs_nothing() {
        let mut task = received_at(0);
        task.transition(TaskStatus::Failed, at(1), "x").unwrap();
        task.control.due_at = Some(at(0));
        assert_eq!(plan(&task, EMPTY, at(200)), Plan::Nothing);
    }
}
