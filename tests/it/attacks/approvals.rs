//! Decisions about what was not seen, or by who may not.

use e2e::world::TOKEN;
use http::Method;
use serde_json::{Value, json};

use super::scene::{Record, Scene, headers};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("approvals").await;
    let (approve, reject) = (format!("/tasks/{}/approve", scene.id), format!("/tasks/{}/reject", scene.id));
    let hash = scene.hash.clone();
    for (name, body) in [
        ("no hash", json!({})),
        ("an empty hash", json!({"draft_hash": ""})),
        ("a hash of nothing", json!({"draft_hash": null})),
        ("the hash of another text", json!({"draft_hash": domain::short_sha256("another")})),
        ("the hash in upper case", json!({"draft_hash": hash.to_uppercase()})),
        ("the beginning of the hash", json!({"draft_hash": hash[..16]})),
        ("a list of hashes", json!({"draft_hash": [hash]})),
        ("any hash", json!({"draft_hash": "*"})),
        ("a condition for a hash", json!({"draft_hash": {"$ne": ""}})),
        ("true", json!({"draft_hash": true})),
        ("an edit without words", json!({"draft_hash": hash, "text": " \n\t "})),
        ("an edit that is no text", json!({"draft_hash": hash, "text": {"a": 1}})),
        ("a list in place of an object", json!([{"draft_hash": hash}])),
        ("a text in place of an object", json!(hash)),
    ] {
        scene.refused(&format!("an approval with {name}"), scene.post(&approve, &body).await).await;
    }
    let stale = json!({"draft_hash": domain::short_sha256("another"), "reason": "no"});
    scene.refused("a rejection of another draft", scene.post(&reject, &stale).await).await;
    let bearer = headers(&[("authorization", &format!("Bearer {TOKEN}"))]);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let path = format!("{approve}?draft_hash={hash}");
        let heard = scene.send(method.clone(), &path, bearer.clone(), Vec::new()).await;
        scene.refused(&format!("an approval by {method}"), heard).await;
    }
    for verb in ["publish", "approve/", "approve%2f", "Approve", "decide", "expire"] {
        let heard = scene.post(&format!("/tasks/{}/{verb}", scene.id), &json!({"draft_hash": hash})).await;
        scene.refused(&format!("the verb `{verb}`"), heard).await;
    }
    let media = headers(&[("authorization", &format!("Bearer {TOKEN}")), ("content-type", "text/plain")]);
    let body = json!({"draft_hash": hash}).to_string().into_bytes();
    scene.refused("an approval as plain text", scene.send(Method::POST, &approve, media, body).await).await;
    decided_once(&scene).await;
    scene.leave().await
}

/// A second task is decided; nobody decides about it once more, nor about the first one with its hash.
async fn decided_once(scene: &Scene) {
    let other = Scene::set("approvals").await;
    let (id, hash) = (other.id.clone(), json!({"draft_hash": other.hash}));
    let answer = other.post(&format!("/tasks/{id}/reject"), &hash).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for verb in ["approve", "reject"] {
        let heard = other.post(&format!("/tasks/{id}/{verb}"), &hash).await;
        let still: Value = other.api.task(&id).await;
        let held = heard.status == 409 && still["decision"]["outcome"] == "rejected";
        scene
            .tried(&format!("{verb} after a rejection"), held && other.world.comments(7).is_empty(), &heard)
            .await;
    }
}
