//! Signed bytes under a content type that would have them read as something else.

use e2e::hooks;
use serde_json::json;

use super::scene::{APPROVER, CHANNEL, Record, Scene, headers, now, slack_signed};

const FORM: &str = "application/x-www-form-urlencoded";
/// What a hidden form field would hold: an issue in somebody else's repository.
fn smuggled() -> String {
    let mut event = hooks::issue(66);
    event["repository"]["full_name"] = json!("victim/other");
    form_urlencoded::byte_serialize(event.to_string().as_bytes()).collect()
}

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("content types").await;
    // A push whose text holds a form field: genuine bytes, signed by GitHub.
    let push = json!({
        "ref": "refs/heads/main", "repository": {"full_name": "octo/tidepool"}, "sender": {"login": "mallory"},
        "head_commit": {"message": format!("a &payload={}& b", smuggled())},
    });
    let body = hooks::bytes(&push);
    for media in [
        FORM,
        "application/x-www-form-urlencoded; charset=utf-8",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "multipart/form-data; boundary=payload",
        "text/plain",
        "application/xml",
        "application/json, application/x-www-form-urlencoded",
        "",
    ] {
        let mut headers = hooks::signed("push", &body);
        headers.insert("content-type", media.parse().unwrap());
        scene
            .refused(
                &format!("a push sent again as `{media}`"),
                scene.hook("github", headers, body.clone()).await,
            )
            .await;
    }
    let mut two = hooks::signed("push", &body);
    two.append("content-type", FORM.parse().unwrap());
    scene.refused("a push with two content types", scene.hook("github", two, body.clone()).await).await;
    let mut none = hooks::signed("push", &body);
    none.remove("content-type");
    scene.refused("a push without a content type", scene.hook("github", none, body).await).await;
    let form = format!("payload={}", smuggled()).into_bytes();
    let signed = hooks::signed("issues", &form);
    scene.refused("a form sent as JSON", scene.hook("github", signed.clone(), form.clone()).await).await;
    let late = [b"a=b&".as_slice(), &form].concat();
    let mut headers_of_late = hooks::signed("issues", &late);
    headers_of_late.insert("content-type", FORM.parse().unwrap());
    scene
        .refused("a form whose payload comes second", scene.hook("github", headers_of_late, late).await)
        .await;
    // A message in Slack whose text holds an approver's click.
    let click = json!({
        "type": "block_actions", "team": {"id": "T0STANDIN"}, "user": {"id": APPROVER}, "channel": {"id": CHANNEL},
        "actions": [{"action_id": "afterhook_approve", "value": format!("{}:{}", scene.id, scene.hash)}],
    });
    let field: String = form_urlencoded::byte_serialize(click.to_string().as_bytes()).collect();
    let message = json!({
        "type": "event_callback", "team_id": "T1", "event_id": "Ev0CLICK",
        "event": {"type": "app_mention", "user": "U0STRANGER", "channel": CHANNEL, "ts": "1795168800.000100",
                  "text": "hello", "blocks": [{"type": "section", "text": format!("&payload={field}&")}]},
    });
    let body = message.to_string().into_bytes();
    scene
        .refused("a message in Slack sent again as a click", {
            scene.hook("slack", slack_signed(&body, now()), body.clone()).await
        })
        .await;
    let mut text = slack_signed(&body, now());
    text.insert("content-type", "text/plain".parse().unwrap());
    scene.refused("a message in Slack sent again as text", scene.hook("slack", text, body).await).await;
    let api = headers(&[("content-type", "text/plain")]);
    let decision = json!({"draft_hash": scene.hash}).to_string().into_bytes();
    let path = format!("/tasks/{}/approve", scene.id);
    scene
        .refused("a decision as a form of another site sends it", {
            scene.send(http::Method::POST, &path, api, decision).await
        })
        .await;
    scene.leave().await
}
