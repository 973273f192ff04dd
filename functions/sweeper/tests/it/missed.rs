//! Webhooks that their sender could not deliver.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::*;
use embedded::Embedded;
use sweeper::MissedDeliveries;

/// A sender whose every try fails, at the time of the clock.
struct Sender {
    clock: Clock,
    record: Mutex<Vec<FailedDelivery>>,
    /// What the next requests are answered, before the rest is taken.
    refusals: Mutex<VecDeque<ServiceFailure>>,
    asked: Mutex<Vec<String>>,
}

impl Sender {
    fn new(clock: &Clock, refusals: impl IntoIterator<Item = ServiceFailure>) -> Self {
        Self {
            clock: clock.clone(),
            record: Mutex::default(),
            refusals: Mutex::new(refusals.into_iter().collect()),
            asked: Mutex::default(),
        }
    }

    fn fail(&self, guid: &str) {
        let (guid, address) = (guid.to_owned(), guid.to_owned());
        let event = "issues.opened".to_owned();
        self.record.lock().unwrap().push(FailedDelivery {
            guid,
            address,
            event,
            at: self.clock.now(),
            status: 503,
        });
    }
}

#[async_trait]
impl Redeliveries for Sender {
    async fn failed(&self, _: &str, hooks: &[String], since: Timestamp) -> FailedDeliveries {
        let record = self.record.lock().unwrap();
        let deliveries = record.iter().filter(|delivery| delivery.at >= since).cloned().collect();
        FailedDeliveries {
            deliveries,
            unread: hooks.iter().map(|hook| (hook.clone(), "no".to_owned())).collect(),
        }
    }

    async fn redeliver(&self, delivery: &FailedDelivery) -> Result<(), ServiceError> {
        self.asked.lock().unwrap().push(delivery.guid.clone());
        if let Some(failure) = self.refusals.lock().unwrap().pop_front() {
            let (service, operation) = ("github", "redeliver");
            return Err(ServiceError { service, operation, failure, message: "not now".to_owned() });
        }
        self.fail(&delivery.guid);
        Ok(())
    }
}

fn missed(stores: &Stores, clock: &Clock) -> MissedDeliveries {
    let stats = StatsRecorder::new(Arc::clone(&stores.state), 0);
    MissedDeliveries { state: Arc::clone(&stores.state), clock: clock.clone(), stats }
}

/// A clock that begins there, and the seconds that have passed since.
fn by_hand() -> (Timestamp, Arc<Mutex<u64>>, Clock) {
    let begin: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let seconds = Arc::new(Mutex::new(0));
    let passed = Arc::clone(&seconds);
    let clock = Clock::from_fn(move || begin + Duration::from_secs(*passed.lock().unwrap()));
    (begin, seconds, clock)
}

#[tokio::test]
async fn a_missed_delivery_is_asked_for_three_times_and_stands_in_the_figures_of_the_day() {
    let (_, seconds, clock) = by_hand();
    let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
    let sender = Sender::new(&clock, []);
    sender.fail("a");
    let missed = || missed(&stores, &clock);
    let (one, other) = (missed(), missed());
    let mut asked = Vec::new();
    for _ in 0..6 {
        *seconds.lock().unwrap() += 301;
        assert!(one.is_due("github").await.unwrap());
        *seconds.lock().unwrap() += 1;
        assert!(!other.is_due("github").await.unwrap(), "two sweepers ask once");
        let deadline = after(clock.now(), Duration::from_secs(60));
        asked.push(one.send_again(&sender, "github", &[], deadline).await.unwrap());
    }
    assert_eq!(asked.iter().sum::<u64>(), 3, "{asked:?}");
    let known = missed_deliveries(stores.state.as_ref(), "github", clock.now()).await.unwrap();
    assert_eq!((known.len(), known["a"].tries, known["a"].event.as_str()), (1, 3, "issues.opened"));
    let mut day = DayFigures::default();
    for key in day_keys(clock.now()) {
        if let Some(found) = stores.state.get(&key, clock.now()).await.unwrap() {
            day.add(&DayFigures::read(found.value));
        }
    }
    assert_eq!(day.redelivered, 3);
}

#[tokio::test]
async fn what_the_sender_refused_or_was_never_asked_for_is_asked_for_at_the_next_look() {
    let (begin, seconds, clock) = by_hand();
    let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
    let throttled = ServiceFailure::Throttled { after: Duration::from_secs(60) };
    let sender = Sender::new(&clock, [ServiceFailure::ServerError, throttled]);
    ["a", "b", "c"].iter().for_each(|guid| sender.fail(guid));
    let missed = missed(&stores, &clock);
    let tries = async || {
        let known = missed_deliveries(stores.state.as_ref(), "github", clock.now()).await.unwrap();
        known.values().map(|missed| missed.tries).collect::<Vec<_>>()
    };
    let look = || missed.send_again(&sender, "github", &[], begin + Duration::from_secs(3_600));
    *seconds.lock().unwrap() += 300;
    look().await.unwrap_err();
    assert_eq!(*sender.asked.lock().unwrap(), ["a", "b"]);
    assert_eq!(tries().await, [0, 0, 0], "the sender took none");
    *seconds.lock().unwrap() += 330;
    assert_eq!(look().await.unwrap(), 3);
    assert_eq!(sender.asked.lock().unwrap()[2..], ["c", "a", "b"]);
    assert_eq!(tries().await, [1, 1, 1]);
}

#[tokio::test]
async fn what_the_deadline_left_out_is_asked_for_at_the_next_look() {
    let clock = Clock::fixed("2026-11-20T12:00:00Z".parse().unwrap());
    let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
    let sender = Sender::new(&clock, []);
    sender.fail("a");
    let missed = missed(&stores, &clock);
    assert_eq!(missed.send_again(&sender, "github", &[], clock.now()).await.unwrap(), 0);
    let later = after(clock.now(), Duration::from_secs(1));
    assert_eq!(missed.send_again(&sender, "github", &[], later).await.unwrap(), 1);
}

#[tokio::test]
async fn a_hook_that_cannot_be_read_is_told_once_and_keeps_no_other_waiting() {
    let clock = Clock::fixed("2026-11-20T12:00:00Z".parse().unwrap());
    let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
    let sender = Sender::new(&clock, []);
    sender.fail("a");
    let missed = missed(&stores, &clock);
    let deadline = after(clock.now(), Duration::from_secs(60));
    let known = async || unread_hooks(stores.state.as_ref(), "github", clock.now()).await.unwrap();
    let version =
        async || stores.state.get(&unread_key("github"), clock.now()).await.unwrap().map(|it| it.version);
    let shy = ["octo/shy".to_owned()];
    assert_eq!(missed.send_again(&sender, "github", &shy, deadline).await.unwrap(), 1);
    assert_eq!(known().await["octo/shy"], "no");
    let told = version().await;
    missed.send_again(&sender, "github", &shy, deadline).await.unwrap();
    assert_eq!(version().await, told, "the same is not told again");
    missed.send_again(&sender, "github", &[], deadline).await.unwrap();
    assert!(known().await.is_empty(), "what is mended is forgotten");
}
