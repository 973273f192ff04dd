//! When messages come back that came while the processor had nothing to work with: no credentials, or malformed ones.
//! A person must act first, so they come back seldom; and none of them ends among the dead letters, since nothing is
//! wrong with it.

use std::time::Duration;

use domain::Delivery;

use crate::queue::ack::LET_GO_AT;

/// The first time.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// The longest. Mended credentials are in use after an hour at most; a task whose message waits is also found
/// by the sweeper.
const MAX: Duration = Duration::from_secs(60 * 60);

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// It comes back after so long.
    In(Duration),
    /// It is acknowledged; the sweeper sends another one.
    BySweeper,
}

/// What becomes of `delivery`. One that names no task is left to the dead letters.
pub(crate) fn back(delivery: &Delivery) -> Back {
    if delivery.receive_count >= LET_GO_AT && delivery.task_id().is_ok() {
        return Back::BySweeper;
    }
    let doublings = delivery.receive_count.saturating_sub(1).min(8);
    Back::In((FIRST * 2_u32.pow(doublings)).min(MAX))
}

#[cfg(test)]
mod tests {
    use domain::{Envelope, Lane, Receipt, TaskId};

    use super::*;

    /// What makes a message a dead letter, by template.yaml.
    const MAX_RECEIVES: u32 = 20;

    fn delivery(body: String, receive_count: u32) -> Delivery {
        let receipt = Receipt { lane: Some(Lane::Standard), handle: "handle".to_owned() };
        Delivery { message_id: "id".to_owned(), receipt, body, receive_count, age: Duration::ZERO }
    }

    fn task(receive_count: u32) -> Delivery {
        let task_id = TaskId::derive("github", b"body");
        let tenant = "octo/repo".to_owned();
        delivery(Envelope { task_id, lane: Lane::Standard, tenant }.body(), receive_count)
    }

    /// The sweeper waits for eight hours at most (`sweeper`'s `plan.rs`): no task is without a message for long.
    #[test]
    fn a_message_lives_longer_than_the_sweeper_waits() {
        let lives = (1..LET_GO_AT).map(|receives| match back(&task(receives)) {
            Back::In(time) => time,
            Back::BySweeper => Duration::ZERO,
        });
        assert!(lives.sum::<Duration>() > Duration::from_secs(9 * 3_600));
    }

    #[test]
    fn nothing_comes_back_within_ten_minutes() {
        let minutes = |receives| match back(&task(receives)) {
            Back::In(time) => time.as_secs() / 60,
            Back::BySweeper => 0,
        };
        assert_eq!([1, 2, 3, 4, 14].map(minutes), [10, 20, 40, 60, 60]);
        assert_eq!(minutes(0), 10);
    }

    #[test]
    fn a_task_never_gets_among_the_dead_letters() {
        let let_go = (1..=MAX_RECEIVES).find(|receives| back(&task(*receives)) == Back::BySweeper);
        assert!(let_go.is_some_and(|receives| receives < MAX_RECEIVES));
    }

    #[test]
    fn what_names_no_task_goes_its_way_to_the_dead_letters() {
        let foreign = delivery("{".to_owned(), MAX_RECEIVES);
        assert!(matches!(back(&foreign), Back::In(_)));
    }
}
