//! The API without the token, and with what looks like it.

use e2e::hooks::SECRET;
use e2e::world::{PERSON, TOKEN};
use http::Method;
use serde_json::json;

use super::scene::{Record, Scene, headers};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("tokens").await;
    let approve = format!("/tasks/{}/approve", scene.id);
    let decision = json!({"draft_hash": scene.hash}).to_string().into_bytes();
    let basic = format!("Basic {}", data_encoding::BASE64.encode(format!("{PERSON}:{TOKEN}").as_bytes()));
    for (name, value) in [
        ("no token", String::new()),
        ("an empty token", "Bearer ".to_owned()),
        ("a wrong token", "Bearer wrong".to_owned()),
        ("the beginning of the token", format!("Bearer {}", &TOKEN[..TOKEN.len() - 1])),
        ("the token and one more", format!("Bearer {TOKEN}x")),
        ("the token in upper case", format!("Bearer {}", TOKEN.to_uppercase())),
        ("the token twice", format!("Bearer {TOKEN} {TOKEN}")),
        ("the token with its name", format!("Bearer {PERSON}:{TOKEN}")),
        ("a signing secret", format!("Bearer {SECRET}")),
        ("the token in quotes", format!("Bearer \"{TOKEN}\"")),
        ("the token by Basic", basic),
        ("the token without a scheme", TOKEN.to_owned()),
        ("a list of tokens", format!("Bearer wrong, Bearer {TOKEN}")),
        ("a pattern", "Bearer *".to_owned()),
        ("null", "Bearer null".to_owned()),
    ] {
        let mut all = headers(&[("content-type", "application/json")]);
        if !value.is_empty() {
            all.insert("authorization", value.parse().unwrap());
        }
        let heard = scene.send(Method::POST, &approve, all.clone(), decision.clone()).await;
        let told = heard.body.contains("tsk_");
        scene
            .tried(&format!("a decision with {name}"), [401, 429].contains(&heard.status) && !told, &heard)
            .await;
    }
    let mut two = headers(&[("content-type", "application/json"), ("authorization", "Bearer wrong")]);
    two.append("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    scene
        .refused(
            "two tokens, the second one right",
            scene.send(Method::POST, &approve, two, decision.clone()).await,
        )
        .await;
    for path in [format!("{approve}?token={TOKEN}"), format!("{approve}?access_token={TOKEN}")] {
        let all = headers(&[("content-type", "application/json")]);
        scene
            .refused("the token in the address", scene.send(Method::POST, &path, all, decision.clone()).await)
            .await;
    }
    for path in ["/tasks", "/tasks?limit=1", "/tasks/x", "/ui/tasks/x", "/ui/overview"] {
        let heard = scene.send(Method::GET, path, headers(&[]), Vec::new()).await;
        let nothing = !heard.body.contains("tsk_") && heard.status != 200;
        scene.tried(&format!("reading {path} without a token"), nothing, &heard).await;
    }
    let new = json!({"prompt": "Say hello."}).to_string().into_bytes();
    let all = headers(&[("content-type", "application/json"), ("authorization", "Bearer wrong")]);
    scene.refused("a task with a wrong token", scene.send(Method::POST, "/tasks", all, new).await).await;
    scene.leave().await
}
