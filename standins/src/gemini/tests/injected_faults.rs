//! Faults, quotas, latencies and scripts.

use serde_json::{Value, json};
use std::time::Duration;

use super::{Answer, FLASH, ask, post, request, send};
use crate::gemini::{Fault, FaultRule, GeminiStandin, Latency, Scripted, Throttle};
use crate::kit::testing;

async fn faulty(standin: &GeminiStandin, fault: &str, key: &str, stream: bool) -> Answer {
    let path = if stream { format!("{}?alt=sse", FLASH.replace(":g", ":streamG")) } else { FLASH.to_owned() };
    let request = request("POST", &path).header("x-standin-fault", fault).header("x-standin-fault-key", key);
    send(standin, request, ask("Hello there").to_string()).await
}

#[tokio::test]
async fn a_fault_asked_for_happens_to_its_first_requests_only() {
    let gemini = GeminiStandin::new();
    let mut statuses = Vec::new();
    for key in ["a", "a", "a", "b"] {
        statuses.push(faulty(&gemini, "503:2", key, false).await.status);
    }
    assert_eq!(statuses, [503, 503, 200, 503]);
    for unreadable in ["nonsense", "200", "503:x"] {
        assert_eq!(faulty(&gemini, unreadable, "", false).await.status, 400, "{unreadable}");
    }
}

#[tokio::test]
async fn answers_are_spoilt_as_asked() {
    let gemini = GeminiStandin::new();
    let answer = async |fault: &str| faulty(&gemini, fault, "", false).await.json();
    let blocked = answer("blocked").await;
    assert!(blocked["promptFeedback"]["blockReason"].is_string() && blocked.get("candidates").is_none());
    assert_eq!(answer("midstream").await["error"]["code"], 503);
    let stream = faulty(&gemini, "midstream", "", true).await;
    let text = stream.text();
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    assert_eq!(serde_json::from_str::<Value>(last).unwrap()["error"]["status"], "UNAVAILABLE");
    assert!(stream.status == 200 && text.matches("data: ").count() > 1, "a stream ends with an error frame");
    let mut body = ask("x");
    body["generationConfig"] = json!({"responseMimeType": "application/json", "responseJsonSchema":
        {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}});
    gemini.set_faults(vec![FaultRule::always(Fault::Malformed)]);
    let malformed = post(&gemini, FLASH, &body).await.said();
    assert!(serde_json::from_str::<Value>(&malformed).is_err());
}

#[tokio::test]
async fn a_429_says_which_quota_it_is_and_when_to_come_back() {
    let gemini = GeminiStandin::new();
    // That of the day carries a short delay all the same.
    for (form, period) in [(Throttle::RetryInfo, "Minute"), (Throttle::PerDay, "Day")] {
        gemini.set_faults(vec![FaultRule::always(Fault::Throttled(form))]);
        let error = post(&gemini, FLASH, &ask("x")).await.json()["error"].clone();
        assert_eq!((&error["code"], &error["status"]), (&json!(429), &json!("RESOURCE_EXHAUSTED")));
        let details = error["details"].as_array().cloned().unwrap_or_default();
        let kind = |d: &Value| d["@type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
        assert_eq!(details.iter().map(kind).collect::<Vec<_>>(), ["QuotaFailure", "Help", "RetryInfo"]);
        let quota = format!("GenerateRequestsPer{period}PerProjectPerModel");
        assert_eq!(details[0]["violations"][0]["quotaId"], quota);
        assert_eq!(details[2]["retryDelay"], "34.4s");
    }
    assert!(gemini.requests().iter().all(|request| request.status == Some(429)));
}

#[tokio::test]
async fn rules_are_for_a_model_or_a_share_of_the_calls() {
    let gemini =
        GeminiStandin::builder().fault(FaultRule::always(Fault::Status(503)).on("gemini-pro-latest")).build();
    let pro = FLASH.replace("flash", "pro");
    assert_eq!(post(&gemini, &pro, &ask("x")).await.status, 503);
    assert_eq!(post(&gemini, FLASH, &ask("x")).await.status, 200);
    gemini.set_faults(vec![FaultRule::always(Fault::Status(500)).share(0.3)]);
    let mut failed = 0;
    for _ in 0..200 {
        failed += u32::from(post(&gemini, FLASH, &ask("x")).await.status == 500);
    }
    assert!((30..=90).contains(&failed), "{failed} of 200 failed");
}

#[tokio::test]
async fn a_quota_counts_aliases_and_concrete_names_together_and_a_refused_call_not_at_all() {
    let (clock, pass) = testing::movable();
    let gemini = GeminiStandin::builder().clock(clock).quota_of("gemini-flash-latest", 2).build();
    let concrete = FLASH.replace("gemini-flash-latest", "gemini-3.8-flash");
    assert_eq!(post(&gemini, FLASH, &ask("x")).await.status, 200);
    pass(10);
    assert_eq!(post(&gemini, &concrete, &ask("x")).await.status, 200);
    pass(10);
    let error = post(&gemini, FLASH, &ask("x")).await.json()["error"].clone();
    assert_eq!((&error["code"], &error["status"]), (&json!(429), &json!("RESOURCE_EXHAUSTED")));
    let violation = &error["details"][0]["violations"][0];
    assert_eq!(violation["quotaDimensions"]["model"], "gemini-3.8-flash");
    assert_eq!((&violation["quotaValue"], &error["details"][2]["retryDelay"]), (&json!("2"), &json!("40s")));
    assert_eq!(post(&gemini, &FLASH.replace("flash", "pro"), &ask("x")).await.status, 200);
    pass(40);
    assert_eq!(post(&gemini, FLASH, &ask("x")).await.status, 200);
    assert_eq!(gemini.requests().iter().filter(|request| request.status == Some(429)).count(), 1);
}

#[tokio::test]
async fn latency_is_spent_and_the_callers_deadline_kept() {
    let spread = Latency::Between(Duration::from_millis(20), Duration::from_millis(30));
    let gemini = GeminiStandin::builder().latency(spread).build();
    let begun = std::time::Instant::now();
    assert_eq!(post(&gemini, FLASH, &ask("x")).await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(20));
    let gemini = GeminiStandin::builder().latency(Latency::Fixed(Duration::from_secs(3_600))).build();
    let too_short = "Manually set deadline 9s is too short. Minimum allowed deadline is 10s.";
    tokio::time::pause();
    let expired = "Deadline expired before operation could complete.";
    for (given, code, words) in [("10", 504, expired), ("9", 400, too_short)] {
        let hurried = request("POST", FLASH).header("x-server-timeout", given);
        let error = send(&gemini, hurried, ask("x").to_string()).await.json()["error"].clone();
        assert_eq!((&error["code"], &error["message"]), (&json!(code), &json!(words)));
    }
}

#[tokio::test]
async fn calls_at_the_same_time_are_counted() {
    let gemini = GeminiStandin::builder().latency(Latency::Fixed(Duration::from_millis(20))).build();
    let body = ask("x");
    // All of them are polled up to their latency before the first one can go on.
    futures::future::join_all((0..7).map(|_| post(&gemini, FLASH, &body))).await;
    assert_eq!((gemini.counters().max_in_flight, gemini.counters().in_flight), (7, 0));
}

#[tokio::test]
async fn a_test_can_write_the_answers_itself() {
    let gemini = GeminiStandin::builder()
        .script(|request| match request.body["contents"][0]["parts"][0]["text"].as_str()? {
            "one" => Some(Scripted::Text("scripted".into())),
            "three" => Some(Scripted::Fault(Fault::Blocked)),
            _ => None,
        })
        .build();
    assert_eq!(post(&gemini, FLASH, &ask("one")).await.said(), "scripted");
    assert!(post(&gemini, FLASH, &ask("three")).await.json()["promptFeedback"].is_object());
    assert!(post(&gemini, FLASH, &ask("four")).await.said().contains("four"));
}

#[tokio::test]
async fn a_reset_sends_nothing() {
    let raw = async |fault: &str| {
        let headers = format!("x-goog-api-key: k\r\nx-standin-fault: {fault}\r\nconnection: close");
        let body = ask("Hello there, how are you?").to_string();
        testing::raw(GeminiStandin::new().router(), FLASH, &headers, &body).await
    };
    assert_eq!(raw("reset").await, "");
    let whole = raw("").await;
    assert!(whole.starts_with("HTTP/1.1 200 OK") && whole.ends_with("}\n"), "{whole}");
}
