//! How calls of each lane are served: cheaper and later, as everybody, or first in line.

use std::time::Duration;

use domain::{Model, ModelCall, ModelRole, Priority, after};
use gemini::{Config, LaneTiers, ServiceTier};
use serde_json::{Value, json};

use crate::calls::*;
use crate::fleet::Fleet;
use crate::server::{Server, Step};
use crate::transport::silence;

fn tiered(server: &Server) -> Fleet {
    let service_tier =
        LaneTiers { bulk: ServiceTier::Flex, express: ServiceTier::Priority, ..LaneTiers::default() };
    Fleet::new(Config { service_tier, ..limited(&server.url, once()) })
}

fn of_priority(fleet: &Fleet, level: u8, seconds: u64) -> ModelCall {
    let deadline = after(fleet.now(), Duration::from_secs(seconds));
    ModelCall { priority: Priority::new(level).unwrap(), deadline, ..call() }
}

/// A million tokens of a prompt for 3.8 Flash: 75 cents at the standard price.
fn served(tier: Value) -> Step {
    let usage = json!({"promptTokenCount": 1_000_000, "serviceTier": tier});
    says_hi(json!({"usageMetadata": usage, "modelVersion": "gemini-3.8-flash"}))
}

#[tokio::test]
async fn each_lane_asks_for_its_tier_and_is_billed_for_the_one_that_served() {
    let tiers = [json!("flex"), json!(null), json!("standard"), json!("priority")];
    let server = Server::start(tiers.map(served)).await;
    let fleet = tiered(&server);
    let mut costs = Vec::new();
    for level in [1, 3, 5, 5] {
        let answer = fleet.environment().generate(&of_priority(&fleet, level, 280)).await.unwrap();
        costs.push(answer.usage[0].cost_usd.unwrap());
    }
    assert_eq!(costs, [0.375, 0.75, 0.75, 1.35]);
    let asked: Vec<Value> = server.finish().iter().map(|asked| asked.body["serviceTier"].clone()).collect();
    assert_eq!(asked, [json!("flex"), json!(null), json!("priority"), json!("priority")]);
}

#[tokio::test]
async fn flex_gets_the_minutes_that_the_invocation_has() {
    let server = Server::start([served(json!("flex")), served(json!(null))]).await;
    let fleet = tiered(&server);
    for level in [1, 3] {
        fleet.environment().generate(&of_priority(&fleet, level, 880)).await.unwrap();
    }
    let asked = server.finish();
    let timeouts: Vec<_> = asked.iter().map(|asked| &asked.headers["x-server-timeout"]).collect();
    assert_eq!(timeouts, ["819", "60"], "and leaves what standard needs");
}

#[tokio::test]
async fn triage_takes_none_of_the_minutes_that_the_answer_needs_for_flex() {
    let server = Server::start([served(json!(null)), served(json!("flex"))]).await;
    let fleet = tiered(&server);
    let answer = of_priority(&fleet, 1, 880);
    fleet.environment().generate(&ModelCall { role: ModelRole::Triage, ..answer.clone() }).await.unwrap();
    fleet.pass(Duration::from_secs(120));
    fleet.environment().generate(&answer).await.unwrap();
    let asked: Vec<bool> = server.finish().iter().map(|asked| asked.body["serviceTier"] == "flex").collect();
    assert_eq!(asked, [false, true]);
}

#[tokio::test]
async fn what_flex_has_no_room_for_is_served_as_standard_at_once() {
    let retry_info = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s"}]);
    let shed = [bare(429), bare(503), bare(504), error(429, "Out of room.", retry_info)];
    let server = Server::start(shed.into_iter().flat_map(|shed| [shed, served(json!("standard"))])).await;
    let fleet = tiered(&server);
    for _ in 0..4 {
        let answer = fleet.environment().generate(&of_priority(&fleet, 1, 280)).await.unwrap();
        assert_eq!((answer.usage[0].cost_usd, answer.usage[0].attempts), (Some(0.75), 2));
    }
    assert_eq!(fleet.told("BreakerOpened"), 0, "want of room is no outage");
    let asked: Vec<bool> = server.finish().iter().map(|asked| asked.body["serviceTier"] == "flex").collect();
    assert_eq!(asked, [true, false].repeat(4));
}

#[tokio::test]
async fn a_quota_that_is_named_is_no_want_of_room() {
    let server = Server::start([throttled(PER_MINUTE, None)]).await;
    let fleet = tiered(&server);
    fleet.environment().generate(&of_priority(&fleet, 1, 280)).await.unwrap_err();
    assert_eq!(fleet.value(&format!("model:{ANSWER}")).await.unwrap()["l"]["r"][0], 10);
}

#[tokio::test]
async fn a_model_that_refuses_a_tier_is_not_asked_for_it_again() {
    let refusal = || error(400, "Flex API is not supported for model m-answer.", json!([]));
    let standard = || served(json!(null));
    let server = Server::start([refusal(), refusal(), standard(), standard(), standard()]).await;
    let fleet = tiered(&server);
    let environment = fleet.environment();
    let [one, at_once, later] = [(); 3].map(|()| of_priority(&fleet, 1, 280));
    let (one, at_once) = tokio::join!(environment.generate(&one), environment.generate(&at_once));
    one.and(at_once).unwrap();
    environment.generate(&later).await.unwrap();
    let asked: Vec<bool> = server.finish().iter().map(|asked| asked.body["serviceTier"] == "flex").collect();
    assert_eq!(asked, [true, true, false, false, false]);
}

#[tokio::test]
async fn a_call_that_has_no_minutes_left_goes_as_everybodys() {
    let server = Server::start([served(json!(null))]).await;
    let fleet = tiered(&server);
    fleet.environment().generate(&of_priority(&fleet, 1, 60)).await.unwrap();
    assert!(server.finish()[0].body.get("serviceTier").is_none());
}

#[tokio::test]
async fn flex_that_does_not_answer_is_followed_by_standard_and_counts_for_nothing() {
    let server = Server::start([Step::Hang, Step::Hang]).await;
    let fleet = tiered(&server);
    let (environment, call) = (fleet.environment(), of_priority(&fleet, 1, 280));
    let (outcome, ()) = tokio::join!(environment.generate(&call), silence(&server));
    let asked: Vec<bool> =
        outcome.unwrap_err().exchanges.iter().map(|one| one.request["serviceTier"] == "flex").collect();
    assert_eq!(asked, [true, false]);
}
