//! Context caches: made once for the fleet when that pays, used, lost and done without.

use std::time::Duration;

use domain::after;
use futures::future::join_all;
use gemini::{Demand, Wanted};
use serde_json::json;

use crate::cache_store::*;
use crate::calls::{bare, error, now};
use crate::server::{Server, Step};
use crate::transport::silence;

const TOO_SMALL: &str = "Cached content is too small. total_token_count=3900, min_total_token_count=4096";

#[tokio::test]
async fn a_cache_is_made_when_traffic_repays_it_and_not_before() {
    // Times are read to the nanosecond.
    let expires = after(now(), TTL + Duration::from_nanos(769_601_846));
    let (server, store, [caches]) = started([Step::Json(200, cache("a", "", now(), expires))]).await;
    assert_eq!(name(&prepare(&caches, PRO, 3, now()).await), None);
    assert_eq!(store.watcher.asked(), (1, 0), "one look whether there is a cache already");

    let prepared = prepare(&caches, PRO, 4, at(1)).await;
    assert_eq!(name(&prepared), Some("cachedContents/a"));
    let asked = server.finish();
    assert_eq!(methods(&asked), ["POST cachedContents"]);
    let mut body = asked[0].body.clone();
    let display = body["displayName"].take();
    assert_eq!(
        body,
        json!({"model": format!("models/{PRO}"), "displayName": null, "ttl": "7200s",
            "systemInstruction": request().system_instruction})
    );
    assert_eq!(display, "afterhook");
    let kept =
        json!({"name": "cachedContents/a", "tokens": 5_000, "expires_at": expires, "created_at": now()});
    assert_eq!(value(&store, &key(PRO).to_string(), now()).await.unwrap(), kept);
}

#[tokio::test]
async fn a_cache_that_ends_before_its_reads_repay_it_is_not_made() {
    let (server, store) = (Server::start([]).await, watched());
    for (minutes, per_hour) in [(10, 6), (5, 12), (30, 4)] {
        let caches = living(Duration::from_secs(minutes * 60), &server, &store);
        assert_eq!(name(&prepare(&caches, PRO, per_hour, now()).await), None, "{minutes}");
    }
}

/// 5,000 × (2.00 + 2 h × 4.50), per million, as of Gemini 3.1 Pro, which an alias most likely stands for; of a cache
/// whose size is not told, the most that it can have: more than three bytes for each token.
#[tokio::test]
async fn a_creation_is_paid_for_with_its_storage_by_the_model_that_answers() {
    let alias = "gemini-pro-latest";
    let mut unsized_cache = cache("a", "", now(), after(now(), TTL));
    unsized_cache["usageMetadata"].take();
    for (model, version, step, cost, tokens) in [
        (PRO, None, made("a", now()), 0.055..0.055_001, 5_000),
        (alias, None, made("a", now()), 0.055..0.055_001, 5_000),
        (alias, Some(PRO), made("a", now()), 0.055..0.055_001, 5_000),
        (PRO, None, Step::Json(200, unsized_cache), 0.07..0.08, 0),
    ] {
        let server = Server::start([step]).await;
        let demand = Demand { per_hour: 4, version: version.map(str::to_owned), ..Demand::default() };
        let (key, request, remaining) = (key(model), request(), Duration::from_secs(60));
        let wanted = Wanted { key: &key, request: &request, demand, remaining };
        let usage = environment(&server, &watched()).prepare(&wanted, now()).await.usage.unwrap();
        assert_eq!((usage.step.as_str(), usage.model.as_str()), ("cache", version.unwrap_or(model)));
        assert_eq!(usage.prompt_tokens, tokens);
        assert!(cost.contains(&usage.cost_usd.unwrap()), "{usage:?}");
    }
}

#[tokio::test]
async fn what_the_cache_holds_is_not_sent_again() {
    let (server, store) = (Server::start([made("a", now())]).await, watched());
    let (prepared, inline) = (prepare(&environment(&server, &store), PRO, 4, now()).await, request());
    let sent = serde_json::to_value(&*prepared.request(&inline)).unwrap();
    let contents = json!([{"role": "user", "parts": [{"text": "Hi"}]}]);
    assert_eq!(sent, json!({"cachedContent": "cachedContents/a", "contents": contents}));
    assert_eq!(*gemini::Prepared::default().request(&inline), inline);
}

#[tokio::test]
async fn a_known_cache_costs_neither_a_read_nor_a_write() {
    let (_server, store, [caches]) = started([made("a", now())]).await;
    prepare(&caches, PRO, 4, now()).await;
    store.watcher.asked();
    for second in [1, 100, 4_700] {
        let prepared = prepare(&caches, PRO, 4, at(second)).await;
        assert_eq!((name(&prepared), &prepared.usage), (Some("cachedContents/a"), &None));
    }
    assert_eq!(store.watcher.asked(), (0, 0));
}

#[tokio::test]
async fn another_environment_finds_the_cache_with_one_read() {
    let (server, store) = (Server::start([made("a", now())]).await, watched());
    prepare(&environment(&server, &store), PRO, 4, now()).await;
    store.watcher.asked();
    let other = environment(&server, &store);
    let calls = (0..8).map(|_| prepare(&other, PRO, 1, at(10)));
    for prepared in join_all(calls).await {
        assert_eq!(name(&prepared), Some("cachedContents/a"));
    }
    assert_eq!(store.watcher.asked(), (1, 0));
}

#[tokio::test]
async fn environments_in_parallel_make_one_cache_and_nobody_waits() {
    let (server, store) = (Server::start([made("a", now())]).await, watched());
    let fleet: Vec<_> = (0..4).map(|_| environment(&server, &store)).collect();
    let calls = fleet.iter().flat_map(|caches| [caches, caches]);
    let prepared = join_all(calls.map(|caches| prepare(caches, PRO, 9, now()))).await;
    assert_eq!(prepared.iter().filter(|prepared| prepared.usage.is_some()).count(), 1);
    assert_eq!(methods(&server.finish()), ["POST cachedContents"]);
    for caches in &fleet {
        assert_eq!(name(&prepare(caches, PRO, 9, at(61)).await), Some("cachedContents/a"));
    }
}

#[tokio::test]
async fn an_expired_cache_is_made_anew() {
    let (_server, _, [caches]) = started([made("a", now()), made("b", at(7_300))]).await;
    prepare(&caches, PRO, 4, now()).await;
    assert_eq!(name(&prepare(&caches, PRO, 3, at(7_200)).await), None, "3 reads do not repay it");
    assert_eq!(name(&prepare(&caches, PRO, 4, at(7_300)).await), Some("cachedContents/b"));
}

#[tokio::test]
async fn a_cache_lost_in_mid_life_is_forgotten_by_the_whole_fleet() {
    let (_server, store, [one, other]) = started([made("a", now()), made("b", at(1_001))]).await;
    let lost = prepare(&one, PRO, 4, now()).await.handle.unwrap();
    prepare(&other, PRO, 4, now()).await;

    one.rejected(&lost, at(1_000)).await;
    assert_eq!(value(&store, &key(PRO).to_string(), at(1_000)).await, None);
    assert_eq!(name(&prepare(&one, PRO, 4, at(1_001)).await), Some("cachedContents/b"));

    // The other environment finds out later: the newer cache is not lost by that.
    other.rejected(&lost, at(1_002)).await;
    store.watcher.asked();
    assert_eq!(name(&prepare(&other, PRO, 4, at(1_003)).await), Some("cachedContents/b"));
    assert_eq!(store.watcher.asked(), (0, 0), "the refusal brought it along");
}

#[tokio::test]
async fn caches_that_are_refused_at_once_are_not_made_again_and_again() {
    let (_server, _, [one, other]) = started([made("a", now()), made("b", at(700))]).await;
    let lost = prepare(&one, PRO, 9, now()).await.handle.unwrap();
    one.rejected(&lost, at(10)).await;
    assert_eq!(name(&prepare(&one, PRO, 9, at(100)).await), None);
    assert_eq!(name(&prepare(&other, PRO, 9, at(100)).await), None);
    assert_eq!(name(&prepare(&one, PRO, 9, at(700)).await), Some("cachedContents/b"));
}

#[tokio::test]
async fn a_refused_cache_is_left_alone_by_the_whole_fleet_for_a_while() {
    let no_caches =
        "models/m is not found for API version v1beta, or is not supported for createCachedContent.";
    let place = "User location is not supported for the API use.";
    for (refusal, pause) in [
        (error(400, TOO_SMALL, json!([])), 86_400),
        (error(404, no_caches, json!([])), 86_400),
        (error(400, place, json!([])), 3_600),
        (bare(503), 300),
    ] {
        let (_server, _, [one, other]) = started([refusal, made("a", at(pause + 100))]).await;
        for (caches, second) in [(&one, 0), (&other, 5), (&one, pause - 1), (&other, pause - 1)] {
            assert_eq!(name(&prepare(caches, PRO, 9, at(second)).await), None, "{pause}, {second}");
        }
        assert_eq!(name(&prepare(&other, PRO, 9, at(pause + 100)).await), Some("cachedContents/a"));
    }
}

#[tokio::test]
async fn a_model_that_is_known_to_have_none_is_not_asked() {
    let (_server, _, [caches]) = started([]).await;
    assert_eq!(name(&prepare(&caches, "gemini-4-argon", 1_000, now()).await), None);
}

#[tokio::test]
async fn answers_that_are_no_caches_are_not_used() {
    let odd = [
        Step::Text(200, "<html>".to_owned()),
        Step::Json(200, json!({})),
        Step::Json(200, json!({"name": "cachedContents/../../models/x"})),
        // Expired before it began.
        Step::Json(200, cache("a", "", now(), now())),
    ];
    for step in odd {
        let server = Server::start([step]).await;
        let prepared = prepare(&environment(&server, &watched()), PRO, 9, now()).await;
        assert_eq!(prepared, gemini::Prepared { in_doubt: true, ..gemini::Prepared::default() });
    }
}

#[tokio::test]
async fn without_the_state_store_calls_go_inline_and_known_caches_stay_in_use() {
    let (_server, store, [knows, fresh]) = started([made("a", now())]).await;
    prepare(&knows, PRO, 9, now()).await;
    store.watcher.take_down(true);
    assert_eq!(name(&prepare(&fresh, PRO, 9, at(1)).await), None);
    assert_eq!(name(&prepare(&fresh, PRO, 9, at(2)).await), None);
    assert_eq!(name(&prepare(&knows, PRO, 9, at(2)).await), Some("cachedContents/a"));
    assert_eq!(name(&prepare(&knows, PRO, 9, at(5_000)).await), Some("cachedContents/a"), "still used");
    store.watcher.take_down(false);
    assert_eq!(name(&prepare(&fresh, PRO, 9, at(62)).await), Some("cachedContents/a"));
}

#[tokio::test]
async fn a_silent_service_costs_a_call_ten_seconds_and_leaves_it_ten() {
    let (server, _, [caches]) = started([Step::Hang]).await;
    let began = tokio::time::Instant::now();
    let (prepared, ()) = tokio::join!(prepare_in(28, &caches, (PRO, 9), now()), silence(&server));
    let elapsed = began.elapsed();
    assert_eq!(prepared, gemini::Prepared { in_doubt: true, ..gemini::Prepared::default() });
    assert!(elapsed >= Duration::from_secs(10) && elapsed < Duration::from_secs(12), "{elapsed:?}");
}

#[tokio::test]
async fn a_call_with_little_time_left_makes_no_cache() {
    let (_server, _, [caches]) = started([]).await;
    assert_eq!(prepare_in(27, &caches, (PRO, 9), now()).await, gemini::Prepared::default());
}

#[tokio::test]
async fn a_creation_that_is_dropped_half_way_is_taken_up_by_another_call() {
    let (server, _, [caches]) = started([Step::Hang, made("b", at(31))]).await;
    tokio::select! {
        _ = prepare(&caches, PRO, 9, now()) => panic!("the service does not answer"),
        () = server.arrival() => {}
    }
    assert_eq!(name(&prepare(&caches, PRO, 9, at(1)).await), None);
    assert_eq!(name(&prepare(&caches, PRO, 9, at(31)).await), Some("cachedContents/b"));
}
