//! Every refusal of the service, and what comes of it.

use std::time::Duration;

use domain::{Deferral, Model, ModelFailure, after};
use serde_json::{Value, json};

use crate::calls::*;
use crate::server::{Server, Step};

fn deferred(why: Deferral) -> ModelFailure {
    ModelFailure::Defer { why, not_before: None }
}

#[tokio::test]
async fn a_long_wait_goes_back_to_the_queue_with_that_very_time() {
    let failure = failure_of([throttled(PER_MINUTE, Some("45.837906927s"))]).await;
    let not_before = Some(after(now(), Duration::new(45, 837_906_927)));
    let ModelFailure::Defer { why, not_before: told } = failure else { panic!("{failure:?}") };
    assert_eq!(why, Deferral::Quota);
    // A call takes time itself; the wait begins when the refusal comes.
    assert!(told >= not_before && told < not_before.map(|at| after(at, Duration::from_secs(5))), "{told:?}");
}

#[tokio::test]
async fn a_short_wait_is_waited_in_place() {
    let server = Server::start([throttled(PER_MINUTE, Some("0.05s")), says("Done.")]).await;
    let began = std::time::Instant::now();
    let answer = answered(&server, &call()).await;
    let took = began.elapsed();
    assert_eq!((answer.text.as_str(), answer.usage[0].attempts), ("Done.", 2));
    assert!(took >= Duration::from_millis(50), "{took:?}");
    let of_the_tries = Duration::from_millis(answer.usage[0].ms);
    assert!(of_the_tries + Duration::from_millis(50) <= took, "{of_the_tries:?}, without waits");
    assert_eq!(server.models(), [ANSWER, ANSWER]);
}

#[tokio::test]
async fn all_four_forms_of_429_are_a_matter_of_quota() {
    let help = json!([{"@type": "type.googleapis.com/google.rpc.Help", "links": []}]);
    let forms: [fn(&Value) -> Step; 4] = [
        |_| throttled(PER_MINUTE, Some("0.01s")),
        |_| throttled(PER_MINUTE, None),
        |help| error(429, "You exceeded your current quota.", help.clone()),
        |_| bare(429),
    ];
    for form in forms {
        let failure = failure_of([form(&help), form(&help)]).await;
        assert!(matches!(failure, ModelFailure::Defer { why: Deferral::Quota, .. }), "{failure:?}");
    }
}

#[tokio::test]
async fn the_days_quota_waits_until_midnight_in_california_also_if_words_alone_tell_it() {
    let words = "You exceeded your current quota.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_requests_per_model_per_day, limit: 250\nPlease retry in 9h12m.";
    let midnight = "2026-11-21T08:00:00Z".parse().unwrap();
    let event = json!({"error": {"code": 429, "message": words}});
    let streamed = Step::Text(429, format!("data: {event}\r\n\r\n"));
    for step in [throttled(PER_DAY, Some("0.1s")), error(429, words, json!([])), streamed] {
        let told = ModelFailure::Defer { why: Deferral::DailyQuota, not_before: Some(midnight) };
        assert_eq!(failure_of([step]).await, told);
    }
}

#[tokio::test]
async fn a_deadline_that_is_too_short_puts_the_task_off_and_fails_nothing() {
    let words = "Manually set deadline 12s is too short. Minimum allowed deadline is 20s.";
    assert_eq!(failure_of([error(400, words, json!([]))]).await, deferred(Deferral::Unavailable));
}

#[tokio::test]
async fn of_two_deferrals_the_sooner_one_counts() {
    let server = Server::start([throttled(PER_DAY, None), throttled(PER_MINUTE, Some("30s"))]).await;
    let error = gemini(config(&server.url)).generate(&call()).await.unwrap_err();
    assert!(matches!(error.failure, ModelFailure::Defer { why: Deferral::Quota, not_before: Some(_) }));
    assert_eq!(server.models(), [ANSWER, FALLBACK]);
}

#[tokio::test]
async fn an_overloaded_service_is_unavailable_after_one_retry_also_if_a_good_answer_says_so() {
    let inside = json!({"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}});
    let forms: [fn(Value) -> Step; 3] = [|_| bare(503), |_| bare(502), |inside| Step::Json(200, inside)];
    for form in forms {
        let twice = [form(inside.clone()), form(inside.clone())];
        assert_eq!(failure_of(twice).await, deferred(Deferral::Unavailable));
    }
}

#[tokio::test]
async fn retry_after_counts_where_retry_info_is_missing_and_may_be_a_date() {
    for time in ["20", "Fri, 20 Nov 2026 12:00:20 GMT"] {
        assert_parked(failure_of([Step::Header(503, "retry-after", time.to_owned())]).await, 20);
    }
}

#[tokio::test]
async fn server_errors_are_retried_in_place_and_then_counted() {
    for status in [408, 500, 504] {
        assert_eq!(failure_of([bare(status), bare(status)]).await, ModelFailure::Retry, "{status}");
        let server = Server::start([bare(status), says("Better.")]).await;
        assert_eq!(answered(&server, &call()).await.text, "Better.");
    }
}

#[tokio::test]
async fn retries_are_as_many_as_configured() {
    for retries in [0, 1, 2] {
        let server = Server::start((0..=retries).map(|_| bare(500))).await;
        let config = with_retries(alone(&server.url), retries);
        let error = gemini(config).generate(&call()).await.unwrap_err();
        assert_eq!(error.failure, ModelFailure::Retry);
        assert_eq!(server.finish().len(), retries as usize + 1);
    }
}

#[tokio::test]
async fn refusals_of_the_account_park_the_task_at_once() {
    let location = json!({"error": {"code": 400, "status": "FAILED_PRECONDITION",
        "message": "User location is not supported for the API use."}});
    let proxy = |status| Step::Text(status, "<html>".to_owned());
    let of_others = [302, 404, 405, 407, 410, 451].map(proxy);
    for step in of_others.into_iter().chain([bare(401), leaked(), bare(402), Step::Json(400, location)]) {
        let server = Server::start([step]).await;
        let error = gemini(config(&server.url)).generate(&call()).await.unwrap_err();
        assert_parked(error.failure, 60);
        assert_eq!(server.models(), [ANSWER], "another model would be refused too");
    }
    assert_eq!(failure_of([bare(413)]).await, ModelFailure::Refused);
}

/// The task waits for so many seconds, as in an outage.
fn assert_parked(failure: ModelFailure, seconds: u64) {
    let ModelFailure::Defer { why: Deferral::Unavailable, not_before: Some(at) } = failure else {
        panic!("{failure:?}")
    };
    let earliest = after(now(), Duration::from_secs(seconds));
    assert!(at >= earliest && at < after(earliest, Duration::from_secs(5)), "{at}");
}

#[tokio::test]
async fn what_one_model_refuses_of_a_request_one_other_is_asked() {
    let too_long =
        || error(400, "The input token count exceeds the maximum number of tokens allowed.", json!([]));
    let server = Server::start([too_long(), says("From the fallback.")]).await;
    assert_eq!(answered(&server, &call()).await.text, "From the fallback.");
    assert_eq!(server.models(), [ANSWER, FALLBACK]);

    let server = Server::start([too_long(), too_long()]).await;
    let fallback = vec![FALLBACK.to_owned(), "m-third".to_owned()];
    let config = gemini::Config { fallback, ..config(&server.url) };
    let error = gemini(config).generate(&call()).await.unwrap_err();
    assert_eq!(error.failure, ModelFailure::Refused);
    assert_eq!(server.models(), [ANSWER, FALLBACK]);
}

#[tokio::test]
async fn a_schema_that_is_refused_is_asked_for_in_words() {
    let refused = "The specified schema produces a constraint that has too many states for serving.";
    let server = Server::start([error(400, refused, json!([])), says(r#"{"n": 7}"#)]).await;
    assert_eq!(answered(&server, &structured()).await.value, Some(json!({"n": 7})));
    assert_eq!(server.models(), [ANSWER, ANSWER]);
    let again = server.finish().remove(1).body;
    assert_eq!(again["generationConfig"]["responseMimeType"], "application/json");
    assert_eq!(again["generationConfig"].get("responseJsonSchema"), None);
    let wish = again["contents"][0]["parts"][1]["text"].as_str().unwrap();
    assert!(wish.contains(r#""required":["n"]"#), "{wish}");
}

#[tokio::test]
async fn an_invalid_key_says_how_to_mend_it_and_is_repeated_nowhere() {
    let details = json!([
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
        {"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": format!("Invalid API key: {KEY}")}]);
    let server = Server::start([error(400, &format!("API key not valid: {KEY}"), details)]).await;
    let error = failed(&server).await;
    assert_parked(error.failure, 60);
    assert!(error.message.contains("set GEMINI_API_KEY"), "{}", error.message);
    let everything = format!("{error} {error:?}");
    assert!(!everything.contains(KEY), "{everything}");
    assert!(error.exchanges[0].response.to_string().contains("[redacted]"));
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_counted() {
    let page = || Step::Text(200, "<html>Welcome</html>".to_owned());
    assert_eq!(failure_of([page(), page()]).await, ModelFailure::Retry);
}

#[tokio::test]
async fn messages_hold_no_prompt_text() {
    let withheld = vec![ends("SAFETY", "x"), ends("SAFETY", "x")];
    for steps in [vec![bare(400)], vec![throttled(PER_DAY, None)], withheld, vec![bare(404)]] {
        let server = Server::start(steps).await;
        let error = failed(&server).await;
        assert!(!error.to_string().contains("PRIVATE-QUESTION"), "{error}");
        assert_eq!(error.step, "answer");
    }
}

#[tokio::test]
async fn what_is_refused_of_one_model_parks_that_alone() {
    let none = "Quota exceeded for metric: m, limit: 0, model: x";
    let of_the_model = [
        (403, "PERMISSION_DENIED", "Not this one."),
        (400, "FAILED_PRECONDITION", "Not this one."),
        (429, "RESOURCE_EXHAUSTED", none),
    ];
    for (code, status, message) in of_the_model {
        let body = json!({"error": {"code": code, "status": status, "message": message}});
        let server =
            Server::start([Step::Json(code, body), says("From the fallback."), says("Again.")]).await;
        let model = gemini(config(&server.url));
        for _ in 0..2 {
            model.generate(&call()).await.unwrap();
        }
        assert_eq!(server.models(), [ANSWER, FALLBACK, FALLBACK]);
    }
    assert_parked(failure_of([error(429, none, json!([]))]).await, 60);
}

#[tokio::test]
async fn a_refusal_that_says_nothing_is_asked_once_without_what_we_have_added() {
    let unsaid = || error(400, "Request contains an invalid argument.", json!([]));
    let server = Server::start([unsaid(), unsaid(), says(r#"{"n": 7}"#)]).await;
    answered(&server, &structured()).await;
    assert_eq!(server.models(), [ANSWER, ANSWER, FALLBACK]);
    let asked = server.finish();
    let added = |n: usize, key: &str| asked[n].body["generationConfig"].get(key).is_some();
    for (n, is_added) in [(0, true), (1, false), (2, true)] {
        assert_eq!((added(n, "thinkingConfig"), added(n, "responseJsonSchema")), (is_added, is_added));
    }
}
