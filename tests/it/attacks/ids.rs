//! Names of tasks, cursors and filters that are none.

use e2e::world::TOKEN;
use http::Method;
use serde_json::json;

use super::scene::{Record, Scene, headers};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("ids").await;
    let bearer = headers(&[("authorization", &format!("Bearer {TOKEN}"))]);
    let longest = "a".repeat(6_000);
    for id in [
        "x",
        "tsk_",
        "tsk_%27%20OR%201=1--",
        "tsk_0000000000000000000000000%00",
        "..%2f..%2fetc%2fpasswd",
        "tsk_IIIIIIIIIIIIIIIIIIIIIIIIII",
        "%7B%22$ne%22:1%7D",
        "*",
        "TSK_00000000000000000000000000",
        longest.as_str(),
    ] {
        for part in ["", "/transcript", "/payload"] {
            let heard =
                scene.send(Method::GET, &format!("/tasks/{id}{part}"), bearer.clone(), Vec::new()).await;
            if part.is_empty() || heard.status != 404 {
                scene.refused(&format!("the task `{}`{part}", domain::clip(id, 40)), heard).await;
            }
        }
    }
    for query in [
        "cursor=garbage",
        "cursor=AAAA",
        "cursor=%00",
        "cursor=eyJhIjoxfQ",
        "limit=-1",
        "limit=1e9",
        "limit=99999999999999999999",
        "status=%27%20OR%201=1",
        "status=completed&status=failed",
        "limit=5;drop",
    ] {
        let heard = scene.send(Method::GET, &format!("/tasks?{query}"), bearer.clone(), Vec::new()).await;
        let harmless =
            (400..500).contains(&heard.status) || (heard.status == 200 && !heard.body.contains("draft_hash"));
        scene.tried(&format!("a list by {query}"), harmless, &heard).await;
    }
    let hash = json!({"draft_hash": scene.hash});
    for id in ["tsk_00000000000000000000000000", "x", "%2e%2e"] {
        let heard = scene.post(&format!("/tasks/{id}/approve"), &hash).await;
        scene.refused(&format!("a decision on `{id}`"), heard).await;
    }
    scene.leave().await
}
