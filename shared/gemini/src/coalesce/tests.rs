//! Sharing without HTTP: who goes out, who follows, and what a leader's end means to its followers.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::contract::plain_call;
use domain::{Document, ModelRole, Priority, Speaker, TaskId, Timestamp};
use futures::future::{FutureExt, join, join_all};
use serde_json::json;

use super::*;

type Answers = Coalescer<u32>;

fn key(tenant: &str) -> Key {
    Key::of(&call(tenant), &["m"]).unwrap()
}

fn call(tenant: &str) -> ModelCall {
    let (step, tenant) = ("triage".to_owned(), tenant.to_owned());
    ModelCall { step, tenant, role: ModelRole::Triage, deadline: Timestamp::UNIX_EPOCH, ..plain_call("q") }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A call that is counted, takes a second, and ends in `outcome`.
async fn counted(calls: &AtomicUsize, outcome: Result<u32, &'static str>) -> Result<u32, &'static str> {
    calls.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    outcome
}

#[tokio::test(start_paused = true)]
async fn fifty_followers_share_one_call() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let began = Instant::now();
    let all = join_all((0..51).map(|n| answers.join(key("a"), far(), counted(&calls, Ok(n))))).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(all[0], Joined::Own(Ok(0)));
    assert!(all[1..].iter().all(|one| *one == Joined::Shared(0)));
    assert_eq!(began.elapsed(), Duration::from_secs(1), "nobody waits longer than the call takes");
}

#[tokio::test(start_paused = true)]
async fn tenants_never_share() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let one = answers.join(key("a"), far(), counted(&calls, Ok(1)));
    let two = answers.join(key("b"), far(), counted(&calls, Ok(2)));
    assert_eq!(join(one, two).await, (Joined::Own(Ok(1)), Joined::Own(Ok(2))));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn answer_is_shared_for_100_ms_and_no_longer() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let ask = |n| answers.join(key("a"), far(), counted(&calls, Ok(n)));
    assert_eq!(ask(1).await, Joined::Own(Ok(1)));
    tokio::time::advance(Duration::from_millis(99)).await;
    assert_eq!(ask(2).await, Joined::Shared(1));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(ask(3).await, Joined::Own(Ok(3)));
}

#[tokio::test(start_paused = true)]
async fn failure_is_not_shared_and_releases_all_followers_side_by_side() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let began = Instant::now();
    let ask = |outcome| answers.join(key("a"), far(), counted(&calls, outcome));
    let all = join_all([ask(Err("down")), ask(Ok(1)), ask(Ok(2)), ask(Err("too")), ask(Ok(3))]).await;
    let expected = [Err("down"), Ok(1), Ok(2), Err("too"), Ok(3)].map(Joined::Own);
    assert_eq!(all, expected);
    assert_eq!(began.elapsed(), Duration::from_secs(2), "one after the other it would be five");
    assert_eq!(ask(Ok(9)).await, Joined::Own(Ok(9)), "a failure leaves nothing behind");
}

#[tokio::test(start_paused = true)]
async fn leader_that_panics_hands_over_to_one_follower() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let panics = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        panic!("scripted")
    };
    let leader = AssertUnwindSafe(answers.join::<_, &str>(key("a"), far(), panics)).catch_unwind();
    let followers = (1..=5).map(|n| answers.join(key("a"), far(), counted(&calls, Ok(n))));
    let (led, followed) = join(leader, join_all(followers)).await;
    assert!(led.is_err());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let made: Vec<&u32> = followed
        .iter()
        .filter_map(|one| match one {
            Joined::Own(Ok(n)) => Some(n),
            _ => None,
        })
        .collect();
    assert_eq!(made.len(), 1);
    assert_eq!(followed.iter().filter(|one| **one == Joined::Shared(*made[0])).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn leader_that_is_cancelled_hands_over_and_so_does_its_successor() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let ask = |n| answers.join(key("a"), far(), counted(&calls, Ok(n)));
    let cut = |after, call| tokio::time::timeout(Duration::from_millis(after), call);
    let (first, second, third) = futures::join!(cut(300, ask(1)), cut(600, ask(2)), ask(3));
    assert!(first.is_err() && second.is_err());
    assert_eq!(third, Joined::Own(Ok(3)));
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn newcomer_takes_the_place_of_a_leader_that_left_nobody() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let ask = |n| answers.join(key("a"), far(), counted(&calls, Ok(n)));
    assert!(tokio::time::timeout(Duration::from_millis(1), ask(1)).await.is_err());
    assert_eq!(ask(2).await, Joined::Own(Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_left_take_no_room() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    for n in 0..MAX_FLIGHTS {
        let call = answers.join(key(&n.to_string()), far(), counted(&calls, Ok(1)));
        assert!(tokio::time::timeout(Duration::from_millis(1), call).await.is_err());
    }
    let ask = |n| answers.join(key("a"), far(), counted(&calls, Ok(n)));
    assert_eq!(join(ask(1), ask(2)).await, (Joined::Own(Ok(1)), Joined::Shared(1)));
    assert_eq!(lock(&answers.flights).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn follower_keeps_its_own_deadline() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let soon = Instant::now() + Duration::from_millis(200);
    let leader = answers.join(key("a"), far(), counted(&calls, Ok(1)));
    let follower = async {
        let joined = answers.join(key("a"), soon, counted(&calls, Ok(2))).await;
        (joined, Instant::now())
    };
    let (led, (followed, at)) = join(leader, follower).await;
    assert_eq!((led, followed), (Joined::Own(Ok(1)), Joined::TooLate));
    assert_eq!(at, soon);
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded() {
    let (answers, calls) = (Answers::default(), AtomicUsize::new(0));
    let tenants: Vec<String> = (0..MAX_FLIGHTS + 50).map(|n| n.to_string()).collect();
    let all = tenants.iter().map(|tenant| answers.join(key(tenant), far(), counted(&calls, Ok(7))));
    assert!(join_all(all).await.iter().all(|one| *one == Joined::Own(Ok(7))));
    assert_eq!(lock(&answers.flights).len(), MAX_FLIGHTS);
    tokio::time::advance(WINDOW).await;
    assert_eq!(answers.join(key("x"), far(), counted(&calls, Ok(1))).await, Joined::Own(Ok(1)));
    assert_eq!(lock(&answers.flights).len(), 1);
}

#[test]
fn everything_that_shapes_an_answer_is_in_the_key() {
    let json = |schema| OutputFormat::Json { schema, check: Arc::new(|_| Ok(())) };
    let changes: [&dyn Fn(&mut ModelCall); 9] = [
        &|_| {},
        &|call| call.tenant = "b".to_owned(),
        &|call| call.role = ModelRole::Answer,
        &|call| call.system = "write".to_owned(),
        &|call| call.documents = vec![Document { name: "d".to_owned(), text: "x".to_owned() }],
        &|call| call.turns[0].speaker = Speaker::Model,
        &|call| {
            call.turns[0].media = vec![Media { mime_type: "image/png".to_owned(), data: vec![1] }];
        },
        &|call| call.output = json(json!({"type": "object"})),
        &|call| call.output = json(json!({"type": "array"})),
    ];
    let mut keys: Vec<Key> = changes
        .iter()
        .map(|change| {
            let mut changed = call("a");
            change(&mut changed);
            Key::of(&changed, &["m"]).unwrap()
        })
        .collect();
    keys.extend([&["n"][..], &["m", "n"]].map(|models| Key::of(&call("a"), models).unwrap()));
    let distinct: std::collections::HashSet<Key> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn who_asks_and_until_when_is_not_in_the_key() {
    let mut other = call("a");
    other.task_id = TaskId::derive("github", b"2");
    other.step = "answer".to_owned();
    other.thread = "u".to_owned();
    other.deadline = Timestamp::MAX;
    assert_eq!(Key::of(&other, &["m"]), Some(key("a")));
    other.priority = Priority::HIGHEST;
    assert_ne!(Key::of(&other, &["m"]), Some(key("a")), "nobody waits for what is served later");
}

#[tokio::test(start_paused = true)]
async fn follower_gets_the_transcript_and_no_price_and_is_counted() {
    let answers = Coalescer::<ModelAnswer>::default();
    let counted = Arc::new(AtomicUsize::new(0));
    let signals = {
        let counted = Arc::clone(&counted);
        Signals::to(move |signal| {
            assert_eq!(signal, Signal::Coalesced);
            counted.fetch_add(1, Ordering::SeqCst);
        })
    };
    let own = || async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(paid_answer())
    };
    let (leading, mut following) = (call("a"), call("a"));
    following.step = "again".to_owned();
    let minute = Duration::from_secs(60);
    let (led, followed) = join(
        answers.generate(&leading, &["m"], minute, &signals, own()),
        answers.generate(&following, &["m"], minute, &signals, own()),
    )
    .await;
    let (led, followed) = (led.unwrap(), followed.unwrap());
    assert_eq!((led.usage.len(), led.exchanges[0].step.as_str()), (1, "triage"));
    assert!(followed.usage.is_empty());
    assert_eq!((followed.text.as_str(), followed.exchanges[0].step.as_str()), ("a", "again"));
    assert_eq!(counted.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn follower_without_an_answer_in_time_is_put_off_and_loses_no_attempt() {
    let answers = Coalescer::<ModelAnswer>::default();
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(paid_answer())
    };
    let (call, signals) = (call("a"), Signals::none());
    let (_, followed) = join(
        answers.generate(&call, &["m"], Duration::from_secs(60), &signals, slow()),
        answers.generate(&call, &["m"], Duration::from_secs(1), &signals, slow()),
    )
    .await;
    let put_off = ModelFailure::Defer { why: Deferral::OutOfTime, not_before: None };
    assert_eq!(followed.unwrap_err().failure, put_off);
}

fn paid_answer() -> ModelAnswer {
    let usage = json!([{"step": "triage", "model": "m", "prompt_tokens": 1, "cached_tokens": 0, "output_tokens": 1,
        "thought_tokens": 0, "cost_usd": 1.0, "attempts": 1, "ms": 1}]);
    let exchanges =
        json!([{"step": "triage", "model": "m", "request": {}, "response": {}, "at": Timestamp::UNIX_EPOCH}]);
    let (usage, exchanges) =
        (serde_json::from_value(usage).unwrap(), serde_json::from_value(exchanges).unwrap());
    ModelAnswer { text: "a".to_owned(), value: None, usage, exchanges }
}
