//! Writing a message: once, or not at all, or said to be in doubt.

use std::time::Duration;

use domain::{Publisher, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{THREAD, TOKEN, client, error, identity, mark, patient, posted, target};

const POST: &str = "POST /api/chat.postMessage";

#[tokio::test]
async fn a_message_goes_to_its_thread_and_carries_its_mark() {
    let server = Server::start(|_| posted()).await;
    let proof =
        client(&server).publish(&target(), "**Hi** <!channel> & [x](https://x.example)", &mark("1")).await;
    let proof = proof.unwrap();
    assert_eq!((proof.id.as_str(), proof.url), ("1767323046.000200", None));
    let asked = server.asked().remove(0);
    assert_eq!(asked.line(), POST);
    assert_eq!(asked.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(asked.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(
        asked.json(),
        json!({
            "channel": "C1", "thread_ts": THREAD, "text": "*Hi* &lt;!channel&gt; &amp; <https://x.example|x>",
            "metadata": {"event_type": "afterhook", "event_payload": {"task_id": mark("1").task_id, "effect": "reply"}},
            "unfurl_links": false, "unfurl_media": false,
        })
    );
}

#[tokio::test]
async fn a_known_workspace_makes_the_proof_a_link() {
    let server =
        Server::start(|asked| if asked.path == "/api/auth.test" { identity() } else { posted() }).await;
    let slack = client(&server);
    assert_eq!(slack.login().await.unwrap(), "U1");
    let proof = slack.publish(&target(), "Hi", &mark("1")).await.unwrap();
    let url = format!("https://acme.slack.com/archives/C1/p1767323046000200?thread_ts={THREAD}&cid=C1");
    assert_eq!(proof.url.unwrap(), url);
    assert_eq!(server.lines(), ["GET /api/auth.test", POST]);
}

#[tokio::test]
async fn a_text_is_never_longer_than_slack_takes() {
    let server = Server::start(|_| posted()).await;
    client(&server).publish(&target(), &"& ".repeat(50_000), &mark("1")).await.unwrap();
    let text = server.asked()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(text.chars().count() <= 40_000 && text.contains('…'));
}

#[tokio::test]
async fn a_rate_limit_throttles_as_long_as_told() {
    let body = || json!({"ok": false, "error": "ratelimited"});
    for status in [429, 200] {
        let server = Server::start(move |_| Reply::json(status, body()).header("retry-after", "30")).await;
        let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(30) });
        assert_eq!(server.lines(), [POST], "sent once");
    }
}

#[tokio::test]
async fn server_errors_and_errors_after_which_a_part_may_have_happened_leave_it_in_doubt() {
    for reply in [
        || Reply::json(500, json!({})),
        || Reply::json(502, json!("Bad gateway")),
        || Reply::json(503, json!({"ok": false, "error": "service_unavailable"})),
        || error("fatal_error"),
        || error("internal_error"),
        || Reply::json(200, json!("not what the API documents")),
        || Reply::json(200, json!({"ok": true})),
    ] {
        let server = Server::start(move |_| reply()).await;
        let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
        assert!(error.failure.is_in_doubt(), "{error}");
        assert_eq!(server.lines(), [POST], "sent once");
    }
}

#[tokio::test]
async fn a_time_out_leaves_it_in_doubt() {
    let server = Server::start(|_| Reply::Hang).await;
    let slack = patient(&server, Duration::from_millis(300));
    let error = slack.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
    assert_eq!(server.lines(), [POST]);
}
