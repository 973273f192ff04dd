//! What was recorded, played again.

use std::time::Duration;

use e2e::hooks;
use http::Method;
use serde_json::json;

use super::scene::{CHANNEL, Record, Scene, now, slack_signed};

/// A message as Slack sends it.
fn message() -> Vec<u8> {
    json!({
        "type": "event_callback", "team_id": "T1", "event_id": "Ev0REPLAY",
        "event": {"type": "app_mention", "user": "U0STRANGER", "channel": CHANNEL, "ts": "1795168800.000100",
                  "text": "<@U0AFTERHOOK> hello?"},
    })
    .to_string()
    .into_bytes()
}

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("replays").await;
    let body = hooks::bytes(&hooks::issue(7));
    let mut headers = hooks::signed("issues", &body);
    // The parked draft is of this very delivery: whatever comes back names its task.
    for (name, change) in [
        ("the same delivery", None),
        ("another delivery id", Some(("x-github-delivery", "00000000-cc78-11e3-81ab-4c9367dc0958"))),
        ("another kind in the unsigned header", Some(("x-github-event", "issue_comment"))),
        ("another hook's id", Some(("x-github-hook-id", "99"))),
    ] {
        if let Some((header, value)) = change {
            headers.insert(header, value.parse().unwrap());
        }
        let heard = scene.hook("github", headers.clone(), body.clone()).await;
        let same = heard.body.contains(&scene.id) && heard.body.contains("duplicate");
        let refused = (400..500).contains(&heard.status) || heard.body.contains("\"ignored\"");
        scene.tried(name, same || refused, &heard).await;
    }
    let signed = hooks::signed("issues", &body);
    let heard = scene.send(Method::POST, "/webhooks/github?again=1", signed, body.clone()).await;
    scene.tried("the same delivery with a query", heard.body.contains(&scene.id), &heard).await;
    let mut reported_elsewhere = hooks::issue(7);
    reported_elsewhere["organization"] = json!({"login": "octo"});
    let second = hooks::bytes(&reported_elsewhere);
    let heard = scene.hook("github", hooks::signed("issues", &second), second.clone()).await;
    scene.tried("the same happening from another hook", heard.body.contains(&scene.id), &heard).await;
    let said = message();
    let ago = |minutes: u64| now().checked_sub(Duration::from_secs(60 * minutes)).unwrap();
    for (name, at) in [
        ("a message signed six minutes ago", ago(6)),
        ("a message signed yesterday", ago(24 * 60)),
        ("a message signed six minutes ahead", now().checked_add(Duration::from_secs(360)).unwrap()),
    ] {
        let mut headers = slack_signed(&said, at);
        headers.insert("content-type", "application/json".parse().unwrap());
        scene.refused(name, scene.hook("slack", headers, said.clone()).await).await;
    }
    let mut moved = slack_signed(&said, ago(6));
    moved.insert("content-type", "application/json".parse().unwrap());
    let present = now().as_second().to_string();
    moved.insert("x-slack-request-timestamp", present.parse().unwrap());
    scene
        .refused(
            "an old signature with the present time",
            scene.hook("slack", moved.clone(), said.clone()).await,
        )
        .await;
    moved.remove("x-slack-request-timestamp");
    scene.refused("an old signature without a time", scene.hook("slack", moved, said).await).await;
    scene.leave().await
}
