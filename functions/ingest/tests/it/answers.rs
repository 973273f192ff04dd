//! Every answer of the contract, and what it leaves in the stores.

use std::time::Duration;

use axum::body::{Body, Bytes};
use domain::{Lane, TaskStatus, after};
use http::{Method, Request, StatusCode};
use ingest::{MAX_BODY_BYTES, SecretMap, SecretsSource};
use serde_json::json;
use webhook::{CommentPolicy, Filter, Provider};

use crate::rig::{Parts, Rig, SECRET, bytes, issue, request, secrets, signed_headers, task_id};

fn rig() -> Rig {
    Parts::default().rig()
}

#[tokio::test]
async fn accepted_event_is_stored_with_its_raw_body_and_is_on_its_lane() {
    let rig = rig();
    let body = bytes(&issue(7));
    rig.post(&body).await.assert_taken("accepted", &body);

    let task = rig.task(&body).await.unwrap();
    assert_eq!(task.control.status, TaskStatus::Received);
    assert_eq!(task.control.due_at, Some(after(rig.watch.now(), Duration::from_secs(120))));
    let doc = &task.doc;
    assert_eq!((doc.source.as_str(), doc.event.as_str()), ("github", "issues.opened"));
    assert_eq!((doc.tenant.as_str(), doc.thread.as_str()), ("octo/repo", "octo/repo#7"));
    assert_eq!((doc.actor.as_str(), doc.priority.level()), ("mona", 3));
    assert_eq!(doc.received_at, rig.watch.now());
    assert_eq!(doc.content_type, "application/json");
    assert_eq!(doc.event_hint.as_deref(), Some("issues"));
    assert_eq!(rig.payload(&body).await.unwrap(), body);
    assert_eq!(rig.drain(Lane::Standard).await, [task_id(&body)]);
}

#[tokio::test]
async fn unclaimed_event_that_comes_again_is_enqueued_again() {
    let rig = rig();
    let body = bytes(&issue(7));
    rig.post(&body).await.assert_taken("accepted", &body);
    rig.post(&body).await.assert_taken("accepted", &body);
    assert_eq!(rig.drain(Lane::Standard).await, [task_id(&body), task_id(&body)]);
}

#[tokio::test]
async fn claimed_event_that_comes_again_is_a_duplicate() {
    let rig = rig();
    let body = bytes(&issue(7));
    rig.post(&body).await;
    rig.drain(Lane::Standard).await;
    let mut task = rig.task(&body).await.unwrap();
    task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
    assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), domain::Save::Done);

    rig.post(&body).await.assert_taken("duplicate", &body);
    assert!(rig.drain(Lane::Standard).await.is_empty());
    assert_eq!(rig.task(&body).await.unwrap(), task);
}

#[tokio::test]
async fn ping_is_answered_and_leaves_nothing() {
    let rig = rig();
    let body = bytes(&json!({ "zen": "Keep it simple.", "hook_id": 5 }));
    rig.post(&body).await.assert(200, &json!({ "status": "pong" }));
    rig.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn event_that_nobody_subscribed_to_is_ignored() {
    let mut parts = Parts::default();
    parts.source.filter.events = Some(vec!["issues.closed".to_owned()]);
    let rig = parts.rig();
    let body = bytes(&issue(7));
    rig.post(&body).await.assert(200, &json!({ "status": "ignored", "reason": "unsubscribed" }));
    rig.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn event_of_a_bot_is_ignored() {
    let rig = rig();
    let mut event = issue(7);
    event["sender"] = json!({ "login": "dependabot[bot]", "type": "Bot" });
    let body = bytes(&event);
    rig.post(&body).await.assert(200, &json!({ "status": "ignored", "reason": "bot" }));
    rig.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn kind_of_event_without_a_parser_is_ignored() {
    let rig = rig();
    let body = bytes(&json!({ "action": "started", "repository": { "full_name": "octo/repo" } }));
    let mut headers = signed_headers(SECRET, &body, rig.watch.now());
    headers.insert("x-github-event", "watch".parse().unwrap());
    let answer = rig.send(request(headers, body.clone())).await;
    assert_eq!((&answer.json["status"], &answer.json["reason"]), (&json!("ignored"), &json!("unsubscribed")));
    rig.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn event_older_than_its_source_allows_is_ignored() {
    let mut parts = Parts::default();
    parts.source.max_event_age = Some(Duration::from_secs(3_600));
    let rig = parts.rig();
    let stale = bytes(&issue(7));
    rig.post(&stale).await.assert(200, &json!({ "status": "ignored", "reason": "stale" }));
    rig.assert_nothing_stored(&stale).await;

    let mut event = issue(8);
    event["issue"]["created_at"] = json!(rig.watch.now());
    let fresh = bytes(&event);
    rig.post(&fresh).await.assert_taken("accepted", &fresh);
}

#[tokio::test]
async fn login_that_is_learnt_while_running_guards_against_loops() {
    let mut parts = Parts::default();
    parts.source.filter = Filter { comments: CommentPolicy::Thread, ..Filter::default() };
    let rig = parts.rig();
    let event = |number| {
        let mut event = issue(number);
        event["sender"]["login"] = json!("our-agent");
        bytes(&event)
    };
    rig.post(&event(1)).await.assert_taken("accepted", &event(1));
    rig.ingest.set_login(Provider::Github, "our-agent");
    rig.post(&event(2)).await.assert(200, &json!({ "status": "ignored", "reason": "own_account" }));
}

#[tokio::test]
async fn login_of_agent_toml_is_the_name_to_be_mentioned_by_whatever_the_service_calls_the_account() {
    let mut parts = Parts::default();
    parts.source.filter = Filter { login: Some("octo-helper".to_owned()), ..Filter::default() };
    let rig = parts.rig();
    rig.ingest.set_login(Provider::Github, "our-agent");
    let comment = |number: u64, author: &str, words: &str| {
        let mut event = issue(number);
        event["action"] = json!("created");
        event["comment"] = json!({ "id": number, "body": words, "user": { "login": author } });
        event["sender"]["login"] = json!(author);
        bytes(&event)
    };
    let told = comment(1, "mona", "@octo-helper why?");
    rig.post(&told).await.assert_taken("accepted", &told);
    let ignored = |reason: &str| json!({ "status": "ignored", "reason": reason });
    rig.post(&comment(2, "mona", "@our-agent why?")).await.assert(200, &ignored("not_mentioned"));
    rig.post(&comment(3, "our-agent", "@octo-helper")).await.assert(200, &ignored("own_account"));
}

#[tokio::test]
async fn signed_json_that_cannot_be_read_becomes_a_failed_task() {
    let rig = rig();
    let body = bytes(&json!({ "action": "opened", "issue": { "title": "no number" } }));
    rig.post(&body).await.assert_taken("accepted", &body);

    let task = rig.task(&body).await.unwrap();
    assert_eq!(task.control.status, TaskStatus::Failed);
    let follow_up = task.doc.follow_up.as_ref().unwrap();
    assert_eq!((task.control.due_at, follow_up.counted), (Some(follow_up.due_at), false));
    assert_eq!(task.doc.error.as_ref().unwrap().kind, "unreadable_event");
    assert!(!task.doc.tenant.is_empty() && !task.doc.thread.is_empty());
    assert_eq!(rig.payload(&body).await.unwrap(), body);
    assert_eq!(rig.drain(Lane::Standard).await, [task_id(&body)], "for its follow-up");
    rig.post(&body).await.assert_taken("duplicate", &body);
}

#[tokio::test]
async fn body_that_is_not_json_is_refused_only_after_its_signature_held() {
    let rig = rig();
    let body = Bytes::from_static(b"{\"action\":");
    rig.post(&body).await.assert_problem(400, "not_json");
    rig.assert_nothing_stored(&body).await;
    let forged = signed_headers("another", &body, rig.watch.now());
    rig.send(request(forged, body)).await.assert_problem(401, "signature");
}

#[tokio::test]
async fn form_is_taken_with_its_raw_body() {
    let rig = rig();
    let json = String::from_utf8(bytes(&issue(7)).to_vec()).unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json).finish();
    let body = Bytes::from(form);
    let mut headers = signed_headers(SECRET, &body, rig.watch.now());
    headers.insert("content-type", "Application/X-WWW-Form-URLEncoded".parse().unwrap());
    rig.send(request(headers, body.clone())).await.assert_taken("accepted", &body);
    assert_eq!(rig.payload(&body).await.unwrap(), body);
    assert_eq!(rig.task(&body).await.unwrap().doc.thread, "octo/repo#7");
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_not_told() {
    let rig = rig();
    let body = bytes(&issue(7));
    let good = signed_headers(SECRET, &body, rig.watch.now());
    let name = "x-hub-signature-256";
    let value = good[name].clone();
    let mut missing = good.clone();
    missing.remove(name);
    let mut twice = good.clone();
    twice.append(name, value.clone());
    let mut cut = good.clone();
    cut.insert(name, value.to_str().unwrap()[..20].parse().unwrap());
    let mut sha1 = good.clone();
    sha1.insert(name, "sha1=0123456789012345678901234567890123456789".parse().unwrap());
    let foreign = signed_headers("another", &body, rig.watch.now());

    let mut told = Vec::new();
    for headers in [missing, twice, cut, sha1, foreign] {
        let answer = rig.send(request(headers, body.clone())).await;
        answer.assert_problem(401, "signature");
        assert!(answer.header("www-authenticate").is_some());
        told.push(answer.json);
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    rig.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn body_that_was_changed_on_its_way_is_refused() {
    let rig = rig();
    let headers = signed_headers(SECRET, &bytes(&issue(7)), rig.watch.now());
    let changed = bytes(&issue(8));
    rig.send(request(headers, changed.clone())).await.assert_problem(401, "signature");
    rig.assert_nothing_stored(&changed).await;
}

#[tokio::test]
async fn every_live_secret_verifies() {
    let secrets = SecretsSource::fixed(secrets(&["new", "old"]));
    let rig = Parts { secrets, ..Parts::default() }.rig();
    let body = bytes(&issue(7));
    for secret in ["new", "old"] {
        let headers = signed_headers(secret, &body, rig.watch.now());
        rig.send(request(headers, body.clone())).await.assert_taken("accepted", &body);
    }
}

#[tokio::test]
async fn source_without_a_secret_takes_nothing_and_asks_to_come_back() {
    for secrets in [SecretMap::new(), secrets(&[]), secrets(&[""])] {
        let rig = Parts { secrets: SecretsSource::fixed(secrets), ..Parts::default() }.rig();
        let body = bytes(&issue(7));
        rig.post(&body).await.assert_retry("no_secret");
        rig.assert_nothing_stored(&body).await;
        // Anybody can ask for it, and no version of the code is to blame: no failure. But the first that comes is told,
        // or nobody would hear of a secret that was overwritten.
        assert_eq!(rig.metrics.total("Failures", &[]), 0.0);
        assert_eq!(rig.metrics.total("RefusedSignatures", &[("source", "github")]), 0.0);
        assert_eq!(rig.metrics.total("NotReady", &[("reason", "no_secret")]), 1.0);
    }
}

#[tokio::test]
async fn four_mebibytes_are_taken_and_a_byte_more_is_not() {
    let rig = rig();
    let mut body = bytes(&issue(7)).to_vec();
    body.resize(MAX_BODY_BYTES, b' ');
    let largest = Bytes::from(body.clone());
    rig.post(&largest).await.assert_taken("accepted", &largest);
    assert!(rig.payload(&largest).await.unwrap() == largest);

    body.push(b' ');
    let too_large = Bytes::from(body);
    rig.post(&too_large).await.assert_problem(413, "too_large");
    rig.send(request(signed_headers(SECRET, b"", rig.watch.now()), too_large))
        .await
        .assert_problem(413, "too_large");
}

#[tokio::test]
async fn media_type_that_github_does_not_send_is_refused() {
    let rig = rig();
    let body = bytes(&issue(7));
    let good = signed_headers(SECRET, &body, rig.watch.now());
    let long = format!("application/json; x={}", "y".repeat(300));
    for media_type in ["text/plain", "application/jsonp", "", long.as_str()] {
        let mut headers = good.clone();
        headers.insert("content-type", media_type.parse().unwrap());
        rig.send(request(headers, body.clone())).await.assert_problem(415, "media_type");
    }
    let mut none = good.clone();
    none.remove("content-type");
    rig.send(request(none, body.clone())).await.assert_problem(415, "media_type");
    rig.assert_nothing_stored(&body).await;

    let mut charset = good;
    charset.insert("content-type", "APPLICATION/JSON ; charset=utf-8".parse().unwrap());
    rig.send(request(charset, body.clone())).await.assert_taken("accepted", &body);
}

#[tokio::test]
async fn absurd_event_hint_is_dropped() {
    let rig = rig();
    let body = bytes(&issue(7));
    let mut headers = signed_headers(SECRET, &body, rig.watch.now());
    headers.insert("x-github-event", "i".repeat(7_000).parse().unwrap());
    rig.send(request(headers, body.clone())).await.assert_taken("accepted", &body);
    assert_eq!(rig.task(&body).await.unwrap().doc.event_hint, None);
}

#[tokio::test]
async fn unknown_sources_routes_and_methods_are_problems_too() {
    let rig = rig();
    let call = |method: Method, path: &str| {
        rig.send(Request::builder().method(method).uri(path).body(Body::from("{}")).unwrap())
    };
    call(Method::POST, "/webhooks/gitlab").await.assert_problem(404, "unknown_source");
    call(Method::POST, "/webhooks/%ff").await.assert_problem(404, "unknown_source");
    call(Method::POST, "/webhooks/github/more").await.assert_problem(404, "not_found");
    call(Method::GET, "/nowhere").await.assert_problem(404, "not_found");
    for (method, path, allowed) in
        [(Method::GET, "/webhooks/github", "POST"), (Method::DELETE, "/health", "GET,HEAD")]
    {
        let answer = call(method, path).await;
        answer.assert_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allowed));
    }
}

#[tokio::test]
async fn health_needs_nothing() {
    let answer = rig().send(Request::get("/health").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json, json!({ "status": "ok" }));
}

#[tokio::test]
async fn body_that_breaks_off_is_refused() {
    let rig = rig();
    let body = bytes(&issue(7));
    let headers = signed_headers(SECRET, &body, rig.watch.now());
    let frames = [Ok(body.slice(..10)), Err(std::io::Error::other("connection reset"))];
    let broken = Body::from_stream(futures::stream::iter(frames));
    rig.send(request(headers, broken)).await.assert_problem(400, "incomplete");
    rig.assert_nothing_stored(&body).await;
}
