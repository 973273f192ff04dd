//! The place where people are asked about drafts takes no message for hours: what waits for it is neither lost nor late
//! afterwards, and nothing else waits with it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::*;
use embedded::Embedded;
use sweeper::{Notices, Sweeper, Tally};

use crate::rig::Rig;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DRAFT: &str = "Hello";

/// A channel that can refuse everything, or one task's messages.
#[derive(Default)]
struct Channel(Mutex<State>);

#[derive(Default)]
struct State {
    is_down: bool,
    refused: Option<TaskId>,
    /// Messages that were posted, and what they say in the end.
    messages: BTreeMap<TaskId, Vec<Option<Outcome>>>,
}

impl Channel {
    fn set_down(&self, is_down: bool) {
        self.0.lock().unwrap().is_down = is_down;
    }

    fn refuse(&self, id: &TaskId) {
        self.0.lock().unwrap().refused = Some(id.clone());
    }

    fn messages(&self) -> BTreeMap<TaskId, Vec<Option<Outcome>>> {
        self.0.lock().unwrap().messages.clone()
    }

    fn of<T>(&self, id: &TaskId, act: impl FnOnce(&mut State) -> T) -> Result<T, ServiceError> {
        let mut state = self.0.lock().unwrap();
        let failure = match &state.refused {
            _ if state.is_down => ServiceFailure::AccountRefused,
            Some(refused) if refused == id => ServiceFailure::Refused,
            _ => return Ok(act(&mut state)),
        };
        Err(ServiceError { service: "slack", operation: "ask", failure, message: "scripted".to_owned() })
    }
}

#[async_trait]
impl Approver for Channel {
    async fn request(&self, ask: &Ask<'_>) -> Result<MessageRef, ServiceError> {
        let id = &ask.task.id;
        self.of(id, |state| state.messages.entry(id.clone()).or_default().push(None))?;
        Ok(MessageRef { place: "C1".to_owned(), id: id.to_string(), team: None })
    }

    async fn find(&self, mark: &Mark, _: Timestamp) -> Result<Option<MessageRef>, ServiceError> {
        let id = &mark.task_id;
        let is_there = self.of(id, |state| state.messages.contains_key(id))?;
        Ok(is_there.then(|| MessageRef { place: "C1".to_owned(), id: id.to_string(), team: None }))
    }

    async fn update(&self, _: &MessageRef, ask: &Ask<'_>, closed: &Closed) -> Result<(), ServiceError> {
        let id = &ask.task.id;
        self.of(id, |state| {
            state.messages.entry(id.clone()).or_default().iter_mut().for_each(|says| *says = closed.outcome);
        })
    }

    async fn tell(&self, _: &str, _: &str) -> Result<(), ServiceError> {
        Ok(())
    }
}

/// Parks a draft that expires after two days, and asks about it as its processor does.
async fn park(rig: &Rig, channel: &Channel, number: u32) -> TaskId {
    let mut task = rig.accept(number).await;
    let hash = short_sha256(DRAFT);
    let blob = Blob::pack(DRAFT.as_bytes()).unwrap();
    let part = PartKey::draft(&hash);
    rig.stores.payloads.put_new(&task.id, &part, &blob, task.parts_forgotten_at()).await.unwrap();
    task.doc.draft = Some(DraftRef { hash, from: DraftOrigin::Model, parked_because: None });
    task.transition(TaskStatus::Processing, rig.now(), "claimed").unwrap();
    task.ask_people(rig.now());
    task.transition(TaskStatus::AwaitingApproval, rig.now(), "parked").unwrap();
    task.doc.expires_at = Some(after(rig.now(), HOUR * 48));
    task.set_due_for_notices(rig.now(), None);
    rig.save(&mut task).await;
    let (clock, owner) = (&rig.sweeper.clock, claim_owner(task.control.fence));
    deliver_notices(&rig.stores, channel, clock, &task.id, &owner).await.unwrap();
    task.id
}

/// A sweep as the function makes it.
async fn sweep(rig: &Rig, channel: &Channel) -> Tally {
    let deadline = after(rig.now(), MINUTE);
    let swept = rig.sweeper.sweep(deadline).await.whole().unwrap();
    rig.sweeper.count(&swept, deadline).await.unwrap();
    let (stores, clock) = (rig.stores.clone(), rig.sweeper.clock.clone());
    let notices = Notices { stores, clock, jitter: Jitter::fixed(0.5) };
    notices.deliver_notices(channel, swept.asked_about, deadline).await
}

/// The daily walk over all tasks, if it began now.
async fn walk(rig: &Rig) {
    let state = Embedded::in_memory(rig.sweeper.clock.clone()).unwrap().stores().state;
    let sweeper = Sweeper { stores: Stores { state, ..rig.stores.clone() }, ..rig.sweeper.clone() };
    let swept = sweeper.sweep(rig.now()).await.whole().unwrap();
    sweeper.count(&swept, after(rig.now(), MINUTE)).await.unwrap();
}

#[tokio::test]
async fn after_an_outage_of_hours_every_parked_draft_is_asked_about_once_and_none_was_missed() {
    let (rig, channel) = (Rig::new(), Channel::default());
    channel.set_down(true);
    let mut ids = Vec::new();
    for minute in 0..130 {
        if minute < 10 {
            for number in 0..20 {
                ids.push(park(&rig, &channel, minute * 20 + number).await);
            }
        }
        let tally = sweep(&rig, &channel).await;
        assert!(tally.failed <= 1, "a channel that is down takes one request of a sweep: {tally:?}");
        if minute % 10 == 0 {
            walk(&rig).await;
        }
        assert_eq!(rig.figures.total("Unaccounted", &[]), 0.0, "minute {minute}");
        rig.pass(MINUTE);
    }
    assert_eq!(channel.messages().len(), 0);
    channel.set_down(false);
    for _ in 0..=NOTICE_REFUSED_RETRY.as_secs() / 60 {
        sweep(&rig, &channel).await;
        rig.pass(MINUTE);
    }
    let messages = channel.messages();
    assert_eq!(messages.len(), ids.len(), "each is asked about as soon as its turn comes");
    assert!(messages.values().all(|asked| asked.len() == 1), "{messages:?}");
    // All of them expire in time, and their messages say so.
    rig.pass(HOUR * 48);
    for _ in 0..3 {
        sweep(&rig, &channel).await;
        rig.pass(MINUTE);
    }
    assert!(channel.messages().values().flatten().all(|says| *says == Some(Outcome::Expired)));
}

#[tokio::test]
async fn what_an_end_owes_does_not_wait_behind_messages_that_the_place_does_not_take() {
    // More than a sweep asks the store for at once.
    const DECIDED: u32 = 1_100;
    let (rig, channel) = (Rig::new(), Channel::default());
    let mut last = None;
    for number in 0..=DECIDED {
        let mut task = rig.task(&park(&rig, &channel, number).await).await;
        if number == DECIDED {
            rig.pass(MINUTE);
        }
        domain::expire(&mut task, rig.now()).unwrap();
        if number < DECIDED {
            task.close_follow_up(rig.now());
        }
        rig.save(&mut task).await;
        last = Some(task.id);
    }
    channel.set_down(true);
    for _ in 0..13 {
        sweep(&rig, &channel).await;
        rig.pass(MINUTE);
    }
    assert!(rig.task(&last.unwrap()).await.doc.wakes > 0, "a message is sent for its follow-up");
}

#[tokio::test]
async fn a_message_that_is_refused_alone_keeps_no_other_from_its_turn() {
    let (rig, channel) = (Rig::new(), Channel::default());
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(park(&rig, &channel, number).await);
        rig.pass(Duration::from_secs(1));
    }
    for id in &ids {
        let mut task = rig.task(id).await;
        domain::expire(&mut task, rig.now()).unwrap();
        rig.save(&mut task).await;
        rig.pass(Duration::from_secs(1));
    }
    channel.refuse(&ids[0]);
    let tally = sweep(&rig, &channel).await;
    assert_eq!((tally.marked, tally.failed), (4, 1));
}
