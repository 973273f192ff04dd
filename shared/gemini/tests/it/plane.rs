//! What the environments of a fleet keep together: quotas, breakers, permits and budgets.

use std::time::Duration;

use domain::{Deferral, Media, Model, ModelCall, Speaker, Turn, after};
use gemini::{Budgets, Config, Gemini, ModelLimits};
use serde_json::json;

use crate::cache_store::made;
use crate::calls::*;
use crate::fleet::{Fleet, deferral};
use crate::server::{Server, Step};
use crate::transport::{closed_port, kept, raw};

/// One request every ten seconds.
fn slow() -> ModelLimits {
    ModelLimits { requests_per_minute: Some(6), ..once() }
}

#[tokio::test]
async fn those_who_wait_get_different_times_and_start_at_them() {
    let server = Server::start([says("One."), says("Two."), says("Three.")]).await;
    let fleet = Fleet::new(limited(&server.url, slow()));
    let (first, second) = (fleet.environment(), fleet.environment());
    first.generate(&fleet.call()).await.unwrap();
    let mut slots = Vec::new();
    for environment in [&first, &second] {
        let (why, not_before, message) = fleet.denied(environment).await;
        assert!(why == Deferral::Quota && message.contains("the rate is used up"), "{message}");
        slots.push(not_before.unwrap());
    }
    assert_eq!(server.asked(), 1, "a denied call went out");
    assert!(slots[0] > after(fleet.now(), seconds(5)), "two environments keep one quota: {slots:?}");
    assert!(slots[1].duration_since(slots[0]).as_secs() >= 9, "{slots:?}");
    for (slot, environment) in slots.into_iter().zip([&second, &first]) {
        fleet.pass(Duration::try_from(slot.duration_since(fleet.now())).unwrap());
        let waited = ModelCall { slot: Some(slot), ..fleet.call() };
        environment.generate(&waited).await.unwrap();
    }
}

#[tokio::test]
async fn a_saturated_model_is_relieved_by_its_fallback_and_leaves_its_wait_alone() {
    let server = Server::start([says("One."), says("Two."), says("Three.")]).await;
    let fleet = Fleet::new(with_limits(config(&server.url), slow()));
    let environment = fleet.environment();
    environment.generate(&fleet.call()).await.unwrap();
    let since = fleet.now();
    fleet.pass(seconds(31));
    environment.generate(&fleet.call()).await.unwrap();
    let impatient = ModelCall { waiting_since: Some(since), ..fleet.call() };
    assert_eq!(environment.generate(&impatient).await.unwrap().text, "Three.");
    assert_eq!(server.models(), [ANSWER, ANSWER, FALLBACK]);
}

#[tokio::test]
async fn a_busy_model_is_worth_a_short_wait_and_no_longer_one() {
    let server = Server::start([says("One."), says("Sorted."), says("Two.")]).await;
    let config = Config { triage: ANSWER.to_owned(), ..with_limits(config(&server.url), slow()) };
    let fleet = Fleet::new(config.clone());
    let environment = fleet.environment();
    environment.generate(&fleet.call()).await.unwrap();
    assert_eq!(fleet.denied(&environment).await.0, Deferral::Quota, "ten seconds are worth waiting for");
    assert_eq!(server.asked(), 1, "the fallback was asked");
    let sorting = ModelCall { role: domain::ModelRole::Triage, ..fleet.call() };
    assert_eq!(environment.generate(&sorting).await.unwrap().text, "Sorted.", "any model sorts");
    let hasty = fleet.environment_of(Config { patience: seconds(5), ..config });
    assert_eq!(hasty.generate(&fleet.call()).await.unwrap().text, "Two.");
    assert_eq!(server.models(), [ANSWER, FALLBACK, FALLBACK]);
}

#[tokio::test]
async fn a_burst_of_tasks_is_answered_by_the_wanted_model_alone() {
    let server = Server::start((0..24).map(|_| says("Dear."))).await;
    let limits = ModelLimits { requests_per_minute: Some(60), ..once() };
    let fleet = Fleet::new(with_limits(config(&server.url), limits));
    let environments = [fleet.environment(), fleet.environment()];
    let mut waiting: Vec<ModelCall> = (0..24).map(|_| fleet.call()).collect();
    while let Some(call) = waiting.pop() {
        if let Some(slot) = call.slot.filter(|slot| *slot > fleet.now()) {
            fleet.pass(Duration::try_from(slot.duration_since(fleet.now())).unwrap());
        }
        // Without time to wait in place, who finds no room comes back at a time of their own.
        let call = ModelCall { deadline: after(fleet.now(), Duration::from_millis(10_500)), ..call };
        let Err(error) = environments[waiting.len() % 2].generate(&call).await else { continue };
        let (why, slot, message) = deferral(error);
        assert_eq!(why, Deferral::Quota, "{message}");
        let waiting_since = call.waiting_since.or(Some(fleet.now()));
        waiting.push(ModelCall { slot, waiting_since, ..call });
        waiting.sort_by_key(|call| std::cmp::Reverse(call.slot));
    }
    assert!(server.models().iter().all(|model| model == ANSWER), "{:?}", server.models());
}

#[tokio::test]
async fn a_pause_that_one_is_told_holds_for_all() {
    let server = Server::start([throttled(PER_MINUTE, Some("30s"))]).await;
    let fleet = Fleet::new(alone(&server.url));
    fleet.environment().generate(&fleet.call()).await.unwrap_err();
    fleet.pass(seconds(10));
    let (why, not_before, _) = fleet.denied(&fleet.environment()).await;
    assert_eq!((why, server.models().len()), (Deferral::Quota, 1));
    assert!(not_before >= Some(after(fleet.now(), seconds(20))), "{not_before:?}");
    assert_eq!(fleet.told("Throttled"), 1);
}

#[tokio::test]
async fn a_cancelled_call_takes_nothing_from_the_days_count() {
    let server = Server::start([Step::Hang, says("Second.")]).await;
    let limits = ModelLimits { requests_per_day: Some(2), ..once() };
    let fleet = Fleet::new(limited(&server.url, limits));
    let environment = fleet.environment();
    during(&environment, &fleet.call(), &server, async {}).await;
    environment.generate(&fleet.call()).await.unwrap();
    assert_eq!(fleet.denied(&environment).await.0, Deferral::DailyQuota, "the service has counted two");
}

#[tokio::test]
async fn a_used_up_day_parks_the_model_until_midnight_in_california_and_concerns_no_other_key() {
    let server = Server::start([throttled(PER_DAY, Some("20s")), says("Another day.")]).await;
    let fleet = Fleet::new(alone(&server.url));
    fleet.environment().generate(&fleet.call()).await.unwrap_err();
    fleet.pass(seconds(3600));
    let (why, not_before, _) = fleet.denied(&fleet.environment()).await;
    assert_eq!(why, Deferral::DailyQuota);
    assert!(not_before >= Some("2026-11-21T08:00:00Z".parse().unwrap()), "{not_before:?}");
    assert_eq!(server.asked(), 1);
    let renewed = Config { api_key: Some("another".into()), ..alone(&server.url) };
    assert_eq!(fleet.environment_of(renewed).generate(&fleet.call()).await.unwrap().text, "Another day.");
    let known = fleet.value(&format!("model:{ANSWER}")).await.unwrap();
    assert_eq!(known["l"]["d"], json!(null), "nor its limits");
}

/// Fails until the breaker opens, one call after the other.
async fn opened(server: &Server) -> Fleet {
    let fleet = Fleet::new(limited(&server.url, once()));
    for _ in 0..3 {
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
    }
    assert_eq!(fleet.told("BreakerOpened"), 1);
    fleet
}

#[tokio::test]
async fn a_model_that_fails_is_left_alone_by_all() {
    let server = Server::start([bare(503), bare(503), bare(503)]).await;
    let fleet = opened(&server).await;
    let mut slots = Vec::new();
    for _ in 0..5 {
        let (why, not_before, _) = fleet.denied(&fleet.environment()).await;
        assert_eq!(why, Deferral::Unavailable);
        slots.push(not_before.unwrap());
    }
    assert_eq!(server.models().len(), 3, "a call went out though the breaker is open");
    assert!(slots[0] >= after(fleet.now(), seconds(29)), "{slots:?}");
    assert!(slots.is_sorted_by(|one, next| one < next), "all would come back at once: {slots:?}");
}

#[tokio::test]
async fn one_probe_of_the_whole_fleet_tries_a_model_again() {
    let server = Server::start([bare(503), bare(503), bare(503), Step::Hang]).await;
    let fleet = opened(&server).await;
    fleet.pass(seconds(31));
    let (prober, other) = (fleet.environment(), fleet.environment());
    let after_arrival = async {
        while server.asked() < 4 {
            server.arrival().await;
        }
        fleet.denied(&other).await.0
    };
    let why = during(&prober, &fleet.call(), &server, after_arrival).await;
    assert_eq!(why, Deferral::Unavailable);
    assert_eq!(server.models().len(), 4);
}

#[tokio::test]
async fn a_model_that_is_back_is_used_again() {
    let back = (0..8).map(|_| says("Back."));
    let server = Server::start((0..3).map(|_| bare(503)).chain(back)).await;
    let fleet = opened(&server).await;
    fleet.pass(seconds(31));
    for _ in 0..8 {
        assert_eq!(fleet.environment().generate(&fleet.call()).await.unwrap().text, "Back.");
    }
}

#[tokio::test]
async fn refusals_and_throttling_open_nothing() {
    let told = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.001s"}]);
    let throttled = || error(429, "You exceeded your current quota.", told.clone());
    let steps = (0..10).map(|n| if n % 2 == 0 { bare(400) } else { throttled() });
    let server = Server::start(steps).await;
    let fleet = Fleet::new(limited(&server.url, once()));
    for _ in 0..10 {
        fleet.pass(seconds(3));
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
    }
    assert_eq!((server.models().len(), fleet.told("BreakerOpened")), (10, 0));
}

#[tokio::test]
async fn a_leaked_key_costs_one_call_every_three_minutes_and_the_new_one_is_tried_at_once() {
    let server = Server::start((0..3).map(|_| leaked()).chain((0..4).map(|_| says("Back.")))).await;
    let fleet = Fleet::new(config(&server.url));
    for minute in 0..9 {
        for _ in 0..5 {
            let (why, not_before, message) = fleet.denied(&fleet.environment()).await;
            assert_eq!(why, Deferral::Unavailable);
            assert!(not_before > Some(fleet.now()), "{not_before:?}");
            assert!(message.contains("reported as leaked"), "{message}");
        }
        assert_eq!(server.asked(), minute / 3 + 1, "minute {minute}");
        fleet.pass(seconds(60));
    }
    assert_eq!(fleet.told("Parked"), 1, "one alarm");
    let renewed = Config { api_key: Some("another".into()), ..config(&server.url) };
    // The old one works again, too: that opens the way for all.
    let both = [(fleet.environment_of(renewed), json!(true)), (fleet.environment(), json!(null))];
    for (environment, told) in both {
        for _ in 0..2 {
            assert_eq!(environment.generate(&fleet.call()).await.unwrap().text, "Back.");
        }
        assert_eq!(fleet.value(&format!("model:{ANSWER}")).await.unwrap()["p"]["o"], told, "it is over");
    }
}

#[tokio::test]
async fn what_a_model_refuses_to_some_credentials_is_asked_with_others_at_once_and_is_over_then() {
    for (code, words) in [(404, "Not available to new users."), (429, "Quota exceeded, limit: 0, model: x")] {
        let server = Server::start([error(code, words, json!([])), says("Mended."), says("By all.")]).await;
        let fleet = Fleet::new(alone(&server.url));
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
        fleet.pass(seconds(61));
        let (why, not_before, _) = fleet.denied(&fleet.environment()).await;
        assert_eq!(why, Deferral::Unavailable);
        let soon = after(fleet.now(), seconds(59))..after(fleet.now(), seconds(62));
        assert!(soon.contains(&not_before.unwrap()), "{not_before:?}");
        let renewed = Config { api_key: Some("another".into()), ..alone(&server.url) };
        for text in ["Mended.", "By all."] {
            let answer = fleet.environment_of(renewed.clone()).generate(&fleet.call()).await.unwrap();
            assert_eq!(answer.text, text);
        }
        assert_eq!(fleet.value(&format!("model:{ANSWER}")).await.unwrap()["p"]["o"], json!(true), "{code}");
    }
}

#[tokio::test]
async fn a_retired_model_is_left_alone_for_an_hour_and_its_fallback_serves() {
    let gone = || error(404, "This model is no longer available.", json!([]));
    let steps = [gone(), says("One."), says("Two."), gone(), says("Three."), says("Mended.")];
    let server = Server::start(steps).await;
    let fleet = Fleet::new(config(&server.url));
    for (passed, text) in [(0, "One."), (1_800, "Two."), (1_900, "Three.")] {
        fleet.pass(seconds(passed));
        assert_eq!(fleet.environment().generate(&fleet.call()).await.unwrap().text, text);
    }
    assert_eq!(fleet.told("Parked"), 1);
    let elsewhere = Config { api_version: "v1".to_owned(), ..config(&server.url) };
    assert_eq!(fleet.environment_of(elsewhere).generate(&fleet.call()).await.unwrap().text, "Mended.");
    assert_eq!(server.models(), [ANSWER, FALLBACK, FALLBACK, ANSWER, FALLBACK, ANSWER]);
}

/// A gateway that routes nothing but calls answers with a page of its own, or as Google does.
#[tokio::test]
async fn a_model_is_missing_if_google_says_so_and_it_has_answered_no_call_since() {
    let page = || Step::Text(404, "<html>no such path</html>".to_owned());
    for (look, parked) in [(page as fn() -> Step, 0), (|| bare(404), 1)] {
        let server = Server::start([says("Here."), look(), look()]).await;
        let fleet = Fleet::new(alone(&server.url));
        let environment = fleet.environment();
        environment.generate(&fleet.call()).await.unwrap();
        environment.park_missing().await.unwrap();
        assert_eq!(fleet.told("Parked"), parked, "that of sorting alone was not called");
    }
}

#[tokio::test]
async fn without_the_store_an_environment_keeps_to_its_share() {
    let server = Server::start([says("One.")]).await;
    let limits = ModelLimits { requests_per_minute: Some(24), ..once() };
    let fleet = Fleet::new(Config { environments: 4, ..limited(&server.url, limits) });
    fleet.store.watcher.take_down(true);
    let environment = fleet.environment();
    environment.generate(&fleet.call()).await.unwrap();
    let (why, not_before, _) = fleet.denied(&environment).await;
    assert_eq!(why, Deferral::Quota);
    assert!(not_before > Some(after(fleet.now(), seconds(5))), "a quarter of 24 is one in ten seconds");
}

fn with_budget(url: &str, usd: f64) -> Config {
    let budgets = Budgets { per_day_usd: Some(usd), ..Budgets::default() };
    Config { budgets, ..alone(url) }
}

#[tokio::test]
async fn two_environments_keep_one_budget() {
    // An unknown model, at 4,096 tokens of answer: about 5 cents are set aside, 0.1 cent is spent.
    let server = Server::start([Step::Hang]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    let (spender, other) = (fleet.environment(), fleet.environment());
    let (why, not_before, message) = during(&spender, &fleet.call(), &server, fleet.denied(&other)).await;
    assert_eq!(why, Deferral::Budget);
    let soon = fleet.now()..=after(fleet.now(), seconds(20));
    assert!(soon.contains(&not_before.unwrap()), "the other call ends, and spends a tenth of a cent");
    assert!(message.contains("Running calls have reserved"), "{message}");
    assert_eq!(server.models().len(), 1);
}

#[tokio::test]
async fn money_that_is_spent_comes_back_at_midnight() {
    // 90,000 tokens of prompt: 6.7 cents.
    let long = json!({"promptTokenCount": 90_000, "candidatesTokenCount": 10});
    let server = Server::start([says_hi(json!({"usageMetadata": long}))]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    fleet.environment().generate(&fleet.call()).await.unwrap();
    let midnight = Some("2026-11-21T00:00:00Z".parse().unwrap());
    let (why, not_before, message) = fleet.denied(&fleet.environment()).await;
    assert_eq!((why, not_before), (Deferral::Budget, midnight));
    assert!(message.contains("used up") && message.contains("per_day_usd"), "{message}");
}

#[tokio::test]
async fn a_call_waits_a_moment_for_money_that_another_has_set_aside() {
    let server = Server::start([says("One."), says("Two.")]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    let (one, two) = (fleet.environment(), fleet.environment());
    let (call, other) = (fleet.call(), fleet.call());
    let (one, two) = tokio::join!(one.generate(&call), two.generate(&other));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn what_was_set_aside_and_not_spent_is_given_back() {
    let server = Server::start((0..5).map(|_| says("Cheap."))).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    for _ in 0..5 {
        let answer = fleet.environment().generate(&fleet.call()).await.unwrap();
        assert!(answer.usage[0].cost_usd.unwrap() < 0.01);
    }
    // 1,000 × $0.75 and 100 × $3.75 a million, five times, each rounded up to a millionth.
    let (spent, open) = spent(&fleet).await;
    assert!((5_625..=5_630).contains(&spent) && open == 0, "{spent}, {open}");
}

/// Spent today, millionths of a dollar, and how many reservations are open.
async fn spent(fleet: &Fleet) -> (u64, usize) {
    let sums = fleet.value("budget:2026-11-20").await.unwrap();
    (sums["u"].as_u64().unwrap(), sums["r"].as_object().map_or(0, serde_json::Map::len))
}

/// An unknown model, at 4,096 tokens of answer: about 5 cents at most.
const MAX_SPENT: std::ops::Range<u64> = 40_000..60_000;

#[tokio::test]
async fn what_a_call_may_have_cost_that_was_cancelled_after_it_went_out_stays_spent() {
    let server = Server::start([Step::Hang, says("Cheap.")]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.12));
    let environment = fleet.environment();
    during(&environment, &fleet.call(), &server, async {}).await;
    environment.generate(&fleet.call()).await.unwrap();
    let (spent, open) = spent(&fleet).await;
    assert!(MAX_SPENT.contains(&(spent - 1_125)) && open == 0, "{spent}, {open}");
}

#[tokio::test]
async fn what_was_lost_on_its_way_stays_spent_and_what_was_refused_does_not() {
    let limits = ModelLimits { timeout: Duration::from_millis(200), ..once() };
    let refused = [bare(400), bare(500), throttled(PER_MINUTE, Some("9s"))].map(|step| (step, false));
    for (step, is_spent) in [(Step::Hang, true)].into_iter().chain(refused) {
        let server = Server::start([step]).await;
        let fleet = Fleet::new(with_limits(with_budget(&server.url, 0.12), limits));
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
        let (spent, open) = spent(&fleet).await;
        assert_eq!((MAX_SPENT.contains(&spent), open), (is_spent, 0), "{spent}");
    }
}

/// A proxy that hangs up may have passed on what it had read.
#[tokio::test]
async fn what_was_read_and_not_answered_stays_spent_and_opens_the_breaker() {
    let (url, serve) = raw(vec![String::new(); 3]).await;
    let fleet = Fleet::new(with_limits(with_budget(&url, 1.0), once()));
    let environment = fleet.environment();
    let ask = async {
        for _ in 0..3 {
            assert_eq!(fleet.denied(&environment).await.0, Deferral::Unavailable);
        }
    };
    let ((), asked) = tokio::join!(ask, serve);
    assert_eq!((asked.len(), fleet.told("BreakerOpened")), (3, 1));
    let (spent, open) = spent(&fleet).await;
    assert!(MAX_SPENT.contains(&(spent / 3)) && open == 0, "{spent}, {open}");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_nothing() {
    let Step::Json(_, cheap) = says("Cheap.") else { panic!("no JSON") };
    let (url, serve) = raw(vec![kept(&cheap.to_string()); 2]).await;
    let fleet = Fleet::new(with_limits(with_budget(&url, 0.12), once()));
    let environment = fleet.environment();
    let ask = async {
        for _ in 0..2 {
            environment.generate(&fleet.call()).await.unwrap();
        }
    };
    let ((), asked) = tokio::join!(ask, serve);
    let (spent, open) = spent(&fleet).await;
    assert!((2_250..=2_252).contains(&spent) && open == 0 && asked.len() == 2, "{spent}, {open}");
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_spent() {
    let url = closed_port().await;
    let fleet = Fleet::new(with_budget(&url, 0.08));
    let (why, _, message) = fleet.denied(&fleet.environment()).await;
    assert!(why == Deferral::Unavailable && message.contains("no connection"), "{message}");
    assert!(!message.contains(&url), "{message}");
    assert_eq!(spent(&fleet).await, (0, 0));
}

/// What a lost try may have cost stays spent: the next one is no part of it.
#[tokio::test]
async fn a_second_try_is_set_aside_besides_one_that_was_lost() {
    let limits = ModelLimits { timeout: Duration::from_millis(200), retries: 1, ..ModelLimits::default() };
    for (usd, tries) in [(0.08, 1), (0.12, 2)] {
        let server = Server::start((0..tries).map(|_| Step::Hang)).await;
        let fleet = Fleet::new(with_limits(with_budget(&server.url, usd), limits));
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
        assert_eq!(server.models().len(), tries, "{usd}");
        let (spent, open) = spent(&fleet).await;
        assert!(spent < 120_000 && open == 0, "{spent} of {usd}");
    }
}

#[tokio::test]
async fn a_call_with_a_long_document_is_set_aside_at_the_price_of_one() {
    let server = Server::start([bare(503)]).await;
    let fleet = Fleet::new(with_budget(&server.url, 1.0));
    let media = vec![Media { mime_type: "application/pdf".to_owned(), data: vec![7; 600_000] }];
    let turns = vec![Turn { media, ..Turn::text(Speaker::User, "Read it.") }];
    let refused = fleet.environment().generate(&ModelCall { turns, ..fleet.call() }).await.unwrap_err();
    assert_eq!(deferral(refused).0, Deferral::Budget, "a thousand pages may cost $4");
    assert!(server.finish()[0].uri.ends_with(":countTokens"), "what is not counted may fill the window");
}

/// What is spent and open after the store has made every write and answered none for two minutes, and one call more: of
/// the same environment, or of another where that was retired.
async fn spent_after_brownout(is_retired: bool) -> (u64, usize) {
    let server = Server::start([says("Cheap.")]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    let mut environment = fleet.environment();
    fleet.store.watcher.mute(true);
    for _ in 0..20 {
        assert_eq!(fleet.denied(&environment).await.0, Deferral::Budget);
        fleet.pass(seconds(6));
    }
    fleet.store.watcher.mute(false);
    if is_retired {
        environment.write_left(seconds(10)).await;
        environment = fleet.environment();
        fleet.pass(seconds(500));
    }
    environment.generate(&fleet.call()).await.unwrap();
    spent(&fleet).await
}

#[tokio::test]
async fn a_brownout_locks_no_money() {
    for is_retired in [false, true] {
        assert_eq!(spent_after_brownout(is_retired).await, (1_125, 0));
    }
}

#[tokio::test]
async fn a_reservation_whose_environment_is_gone_is_spent() {
    let server = Server::start([Step::Hang]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    let gone = fleet.environment();
    during(&gone, &fleet.call(), &server, async {}).await;
    // It dies with what it knows.
    drop(gone);
    let soon = fleet.now()..=after(fleet.now(), seconds(20));
    let (_, not_before, _) = fleet.denied(&fleet.environment()).await;
    assert!(soon.contains(&not_before.unwrap()), "its call may still be under way");
    fleet.pass(seconds(500));
    let (why, not_before, message) = fleet.denied(&fleet.environment()).await;
    assert_eq!(why, Deferral::Budget);
    assert!(not_before > Some(after(fleet.now(), seconds(3_600))), "it may have been answered, and billed");
    assert!(message.contains("is used up ($0 spent") && message.contains("in doubt after"), "{message}");
}

#[tokio::test]
async fn what_environments_did_alone_counts_once_the_store_is_back() {
    let server = Server::start((0..5).map(|_| says("Alone."))).await;
    let limits = ModelLimits { requests_per_day: Some(4), ..once() };
    let fleet = Fleet::new(Config { environments: 2, ..limited(&server.url, limits) });
    let (one, two) = (fleet.environment(), fleet.environment());
    fleet.store.watcher.take_down(true);
    for environment in [&one, &two] {
        for _ in 0..2 {
            environment.generate(&fleet.call()).await.unwrap();
        }
        assert_eq!(fleet.denied(environment).await.0, Deferral::DailyQuota, "more than its share");
    }
    fleet.store.watcher.take_down(false);
    fleet.pass(seconds(6));
    // Nobody knows of the other's two yet.
    one.generate(&fleet.call()).await.unwrap();
    for environment in [&two, &one] {
        assert_eq!(fleet.denied(environment).await.0, Deferral::DailyQuota);
    }
}

#[tokio::test]
async fn with_a_budget_and_without_the_store_nothing_is_spent() {
    let server = Server::start([]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.08));
    fleet.store.watcher.take_down(true);
    let (why, not_before, _) = fleet.denied(&fleet.environment()).await;
    assert_eq!((why, not_before), (Deferral::Budget, None));
}

#[tokio::test]
async fn a_call_dearer_than_a_whole_days_budget_waits_unless_a_cheaper_model_is_there() {
    let server = Server::start([says("Cheap.")]).await;
    let fleet = Fleet::new(with_budget(&server.url, 0.01));
    let (why, _, message) = fleet.denied(&fleet.environment()).await;
    assert!(why == Deferral::Budget && message.contains("is less than the"), "{message}");
    let fallback = vec!["gemini-3.5-flash-lite".to_owned()];
    let fleet = Fleet::new(Config { fallback, ..with_budget(&server.url, 0.02) });
    fleet.environment().generate(&fleet.call()).await.unwrap();
    assert_eq!(server.models(), ["gemini-3.5-flash-lite"]);
}

#[tokio::test]
async fn tenants_have_budgets_of_their_own() {
    let server = Server::start([Step::Hang, says("Other.")]).await;
    let budgets = Budgets { per_tenant_day_usd: Some(0.08), ..Budgets::default() };
    let fleet = Fleet::new(Config { budgets, ..alone(&server.url) });
    let environment = fleet.environment();
    let other = ModelCall { tenant: "other/repo".to_owned(), ..fleet.call() };
    let others = async {
        assert_eq!(fleet.denied(&environment).await.0, Deferral::Budget);
        environment.generate(&other).await.unwrap().text
    };
    assert_eq!(during(&environment, &fleet.call(), &server, others).await, "Other.");
}

#[tokio::test]
async fn budgets_are_kept_apart_and_quotas_are_shared() {
    let server = Server::start((0..2).map(|_| says("Cheap."))).await;
    let budgets = |account| Budgets { account, per_day_usd: Some(0.08), per_tenant_day_usd: None };
    let ours = Config { budgets: budgets(""), ..limited(&server.url, slow()) };
    let theirs = Config { budgets: budgets("shadow:"), ..limited(&server.url, slow()) };
    let fleet = Fleet::new(ours);
    let other = fleet.environment_of(theirs);
    fleet.environment().generate(&fleet.call()).await.unwrap();
    let before = spent(&fleet).await;
    let (why, slot, _) = fleet.denied(&other).await;
    assert_eq!(why, Deferral::Quota);
    fleet.pass(Duration::try_from(slot.unwrap().duration_since(fleet.now())).unwrap());
    other.generate(&ModelCall { slot, ..fleet.call() }).await.unwrap();
    assert_eq!(spent(&fleet).await, before);
    assert!(fleet.value("budget:shadow:2026-11-20").await.is_some());
}

#[tokio::test]
async fn a_share_of_the_calls_at_once_is_an_environments_own() {
    let server = Server::start([Step::Hang]).await;
    let limits = ModelLimits { concurrency: 4, ..ModelLimits::default() };
    let fleet = Fleet::new(Config { environments: 4, ..limited(&server.url, limits) });
    let environment = fleet.environment();
    let busy = during(&environment, &fleet.call(), &server, fleet.denied(&environment)).await;
    assert_eq!(busy.0, Deferral::Busy);
    assert_eq!(server.models().len(), 1);
}

/// With a persona that is large enough for a cache.
fn large(fleet: &Fleet) -> ModelCall {
    ModelCall { system: "You maintain a project, and know all of it. ".repeat(500), ..fleet.call() }
}

/// Eight reads are measured before a cache is thought of.
fn inline() -> Vec<Step> {
    (0..8).map(|_| says("Inline.")).collect()
}

async fn measure(environment: &Gemini, fleet: &Fleet) {
    for _ in 0..8 {
        environment.generate(&large(fleet)).await.unwrap();
    }
}

/// The answers name 3.8 Flash, where two reads an hour repay a cache.
#[tokio::test]
async fn the_call_that_repays_a_cache_makes_it_and_the_others_use_it() {
    let mut steps = inline();
    steps.extend([made("one", now()), says("Cached."), says("Cached.")]);
    let server = Server::start(steps).await;
    let fleet = Fleet::new(alone(&server.url));
    let first = fleet.environment();
    measure(&first, &fleet).await;
    let maker = first.generate(&large(&fleet)).await.unwrap();
    assert_eq!(maker.usage[0].step, "cache", "what the cache costs is on the bill");
    fleet.environment().generate(&large(&fleet)).await.unwrap();
    let asked = server.finish();
    assert!(asked[8].uri.ends_with("/cachedContents"), "{}", asked[8].uri);
    for request in &asked[9..] {
        assert_eq!(request.body["cachedContent"], "cachedContents/one");
        assert!(request.body.get("systemInstruction").is_none());
    }
}

#[tokio::test]
async fn a_call_whose_cache_is_gone_goes_inline_and_is_no_failure() {
    let gone = error(403, "CachedContent not found (or permission denied)", json!([]));
    let mut steps = inline();
    steps.extend([made("one", now()), gone, says("Inline again.")]);
    let server = Server::start(steps).await;
    let fleet = Fleet::new(limited(&server.url, once()));
    let environment = fleet.environment();
    measure(&environment, &fleet).await;
    assert_eq!(environment.generate(&large(&fleet)).await.unwrap().text, "Inline again.");
    let last = server.finish().pop().unwrap();
    assert!(last.body.get("cachedContent").is_none() && last.body.get("systemInstruction").is_some());
}

#[tokio::test]
async fn a_cache_that_may_have_been_made_is_asked_for_once_and_paid_for() {
    let Step::Json(_, cheap) = says("Inline.") else { panic!("no JSON") };
    let mut answers = vec![kept(&cheap.to_string()); 9];
    answers.insert(8, String::new());
    let (url, serve) = raw(answers).await;
    let fleet = Fleet::new(with_limits(with_budget(&url, 2.0), once()));
    let environment = fleet.environment();
    let ask = async {
        measure(&environment, &fleet).await;
        environment.generate(&large(&fleet)).await.unwrap()
    };
    let (answer, asked) = tokio::join!(ask, serve);
    assert!(asked[8].contains("/cachedcontents") && answer.usage.len() == 1, "{}", asked[8]);
    // Nine answers, and a cache of 7,500 tokens at $0.75 a million, and two hours of its storage.
    let (spent, open) = spent(&fleet).await;
    assert!((13_000..60_000).contains(&spent) && open == 0, "{spent}, {open}");
}

/// Tries that fail read nothing, however many they are.
#[tokio::test]
async fn calls_that_are_refused_make_no_cache() {
    let server = Server::start((0..10).map(|_| bare(400))).await;
    let fleet = Fleet::new(alone(&server.url));
    let environment = fleet.environment();
    for _ in 0..10 {
        environment.generate(&large(&fleet)).await.unwrap_err();
    }
    assert!(server.finish().iter().all(|asked| !asked.uri.ends_with("/cachedContents")));
}
