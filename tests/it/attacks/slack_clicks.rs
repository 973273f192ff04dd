//! Clicks in Slack by who may not, about what is not there, or in the name of somebody else.

use std::time::Duration;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::scene::{APPROVER, CHANNEL, Record, Scene, now, slack_signed};

/// What Slack sends when `user` clicks in `channel`.
fn click(scene: &Scene, user: &str, channel: &str) -> Value {
    let message = scene.world.slack.notes(CHANNEL).into_iter().next();
    let blocks = message.map(|message| message.extra["blocks"].clone()).unwrap_or_default();
    let actions = blocks.as_array().into_iter().flatten().find(|block| block["type"] == "actions");
    let button = actions.map(|actions| actions["elements"][0].clone()).unwrap_or_default();
    json!({
        "type": "block_actions", "team": {"id": "T0STANDIN"}, "user": {"id": user, "username": "mona"},
        "channel": {"id": channel}, "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [{"action_id": button["action_id"], "value": button["value"], "type": "button"}],
    })
}

fn form(payload: &Value) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("payload", &payload.to_string()).finish().into_bytes()
}

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("clicks in Slack").await;
    let right = click(&scene, APPROVER, CHANNEL);
    assert!(right["actions"][0]["value"].is_string(), "the message has buttons: {right}");
    for (name, payload) in [
        ("a stranger", click(&scene, "U0STRANGER", CHANNEL)),
        ("an approver's name in lower case", click(&scene, &APPROVER.to_lowercase(), CHANNEL)),
        ("nobody", click(&scene, "", CHANNEL)),
        ("an approver elsewhere", click(&scene, APPROVER, "C0ELSEWHERE")),
        ("an approver in no channel", changed(&right, "/channel", Value::Null)),
        ("a list of users", changed(&right, "/user/id", json!([APPROVER]))),
        (
            "another hash",
            changed(&right, "/actions/0/value", json!(format!("{}:{}", scene.id, "0".repeat(32)))),
        ),
        (
            "another task",
            changed(&right, "/actions/0/value", json!(format!("tsk_{}:{}", "0".repeat(26), scene.hash))),
        ),
        ("no value", changed(&right, "/actions/0/value", json!(""))),
        ("another button", changed(&right, "/actions/0/action_id", json!("afterhook_publish"))),
        ("a shortcut", changed(&right, "/type", json!("shortcut"))),
        ("no action", changed(&right, "/actions", json!([]))),
    ] {
        let body = form(&payload);
        // A stranger is told so, by name, where nobody else sees it; that is no news about anything.
        let heard = scene.hook("slack", slack_signed(&body, now()), body).await;
        scene.refused_or_unread(&format!("a click of {name}"), heard).await;
    }
    let body = form(&right);
    let late = now().checked_sub(Duration::from_secs(301)).unwrap();
    scene
        .refused(
            "a click of five minutes ago",
            scene.hook("slack", slack_signed(&body, late), body.clone()).await,
        )
        .await;
    let mut forged = slack_signed(&body, now());
    forged.insert("x-slack-signature", "v0=00".parse().unwrap());
    scene.refused("a forged click", scene.hook("slack", forged, body.clone()).await).await;
    let mut none = slack_signed(&body, now());
    none.remove("x-slack-signature");
    scene.refused("an unsigned click", scene.hook("slack", none, body.clone()).await).await;
    let github = e2e::hooks::signed("issues", &body);
    scene.refused("a click at GitHub's route", scene.hook("github", github, body.clone()).await).await;
    let mut as_json = slack_signed(right.to_string().as_bytes(), now());
    as_json.insert("content-type", "application/json".parse().unwrap());
    scene
        .refused("a click as JSON", scene.hook("slack", as_json, right.to_string().into_bytes()).await)
        .await;
    let query = format!("/webhooks/slack?{}", String::from_utf8_lossy(&body));
    scene
        .refused("a click by GET", scene.send(Method::GET, &query, HeaderMap::new(), Vec::new()).await)
        .await;
    scene.leave().await
}

fn changed(payload: &Value, place: &str, value: Value) -> Value {
    let mut payload = payload.clone();
    *payload.pointer_mut(place).unwrap() = value;
    payload
}
