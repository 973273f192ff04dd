//! What the service tells of its limits, and what is tried while it has told nothing.

use std::time::Duration;

use domain::{Deferral, Model, ModelCall, Timestamp, after};
use gemini::{Config, ModelLimits};
use serde_json::json;

use crate::calls::*;
use crate::fleet::Fleet;
use crate::server::{Server, Step};

/// How long a call that is denied now has to wait.
async fn wait(fleet: &Fleet) -> Duration {
    let (why, not_before, message) = fleet.denied(&fleet.environment()).await;
    assert_eq!(why, Deferral::Quota, "{message}");
    Duration::try_from(not_before.unwrap().duration_since(fleet.now())).unwrap()
}

#[tokio::test]
async fn a_limit_that_the_service_tells_is_kept_by_all() {
    let server = Server::start([throttled(PER_MINUTE, Some("1s")), says("One."), says("Two.")]).await;
    let fleet = Fleet::new(limited(&server.url, ModelLimits { requests_per_minute: Some(900), ..once() }));
    fleet.environment().generate(&fleet.call()).await.unwrap_err();
    // Ten requests a minute, as the refusal says, and not the 900 of agent.toml.
    fleet.pass(seconds(10));
    fleet.environment().generate(&fleet.call()).await.unwrap();
    assert!(wait(&fleet).await > seconds(5));
    let told = fleet.value(&format!("model:{ANSWER}")).await.unwrap()["l"]["r"].clone();
    let told_after = told[1].as_i64().unwrap() - now().as_microsecond();
    assert_eq!((told[0].as_u64(), told_after / 9_000_000), (Some(10), 0), "the limit and when it was told");
    // Tomorrow it may have been raised.
    fleet.pass(seconds(24 * 3_600));
    fleet.environment().generate(&fleet.call()).await.unwrap();
}

#[tokio::test]
async fn a_rate_that_nobody_knows_begins_cautiously() {
    let server = Server::start([says("One."), says("Two.")]).await;
    let fleet = Fleet::new(limited(&server.url, ModelLimits { start_rpm: Some(30), ..once() }));
    fleet.environment().generate(&fleet.call()).await.unwrap();
    let hasty = ModelCall { deadline: after(fleet.now(), seconds(11)), ..fleet.call() };
    fleet.environment().generate(&hasty).await.unwrap_err();
    fleet.pass(seconds(3));
    fleet.environment().generate(&fleet.call()).await.unwrap();
}

#[tokio::test]
async fn refusals_without_a_time_are_answered_by_longer_and_longer_pauses() {
    let server = Server::start((0..4).map(|_| bare(429))).await;
    let mut fleet = Fleet::new(limited(&server.url, once()));
    fleet.draw = 1.0;
    let mut pauses = Vec::new();
    for _ in 0..4 {
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
        let until = fleet.value(&format!("model:{ANSWER}")).await.unwrap()["q"]["p"][0].as_i64().unwrap();
        let until = Timestamp::from_microsecond(until).unwrap();
        pauses.push(until.duration_since(fleet.now()).as_secs());
        fleet.pass(seconds(20));
    }
    assert_eq!(pauses, [2, 3, 5, 9]);
}

#[tokio::test]
async fn an_alias_and_the_model_that_it_stands_for_share_one_account() {
    let server = Server::start([says("One.")]).await;
    let (alias, model) = ("gemini-pro-latest", "gemini-3.1-pro-preview");
    let slow = ModelLimits { requests_per_minute: Some(6), ..once() };
    let limits = [(alias.to_owned(), slow), (model.to_owned(), slow)].into();
    let by_alias = Config { answer: alias.to_owned(), limits, ..alone(&server.url) };
    let fleet = Fleet::new(Config { answer: model.to_owned(), ..by_alias.clone() });
    fleet.environment_of(by_alias).generate(&fleet.call()).await.unwrap();
    assert!(wait(&fleet).await > seconds(5));
}

#[tokio::test]
async fn an_alias_goes_on_when_the_model_that_it_stood_for_is_gone() {
    let gone = error(404, "This model is no longer available.", json!([]));
    let server = Server::start([gone, says("By its successor.")]).await;
    let by_alias = Config { answer: "gemini-pro-latest".to_owned(), ..alone(&server.url) };
    let fleet = Fleet::new(Config { answer: "gemini-3.1-pro-preview".to_owned(), ..by_alias.clone() });
    fleet.environment().generate(&fleet.call()).await.unwrap_err();
    let parked = fleet.environment().generate(&fleet.call()).await.unwrap_err();
    assert!(parked.message.contains("no longer available"), "{}", parked.message);
    fleet.environment_of(by_alias).generate(&fleet.call()).await.unwrap();
}

#[tokio::test]
async fn a_model_that_will_be_gone_is_announced() {
    let body = |status| says_hi(json!({"modelStatus": status}));
    let going = json!({"modelStage": "DEPRECATED", "retirementTime": "2027-03-01T00:00:00Z"});
    let server = Server::start([body(going), body(json!({"modelStage": "STABLE"}))]).await;
    let fleet = Fleet::new(alone(&server.url));
    for said in [json!("retires 2027-03-01T00:00:00Z"), json!(null)] {
        fleet.environment().generate(&fleet.call()).await.unwrap();
        assert_eq!(fleet.value(&format!("model:{ANSWER}")).await.unwrap()["g"], said);
    }
}

#[tokio::test]
async fn a_wait_for_a_permit_that_is_given_up_is_told() {
    let server = Server::start([Step::Hang]).await;
    let fleet = Fleet::new(limited(&server.url, ModelLimits { concurrency: 1, ..once() }));
    let environment = fleet.environment();
    let hasty = ModelCall { deadline: after(fleet.now(), Duration::from_millis(10_500)), ..fleet.call() };
    let busy = during(&environment, &fleet.call(), &server, environment.generate(&hasty)).await.unwrap_err();
    assert!(busy.message.contains("the limit of concurrent calls"), "{}", busy.message);
    assert_eq!(fleet.told("Permit"), 2);
}
