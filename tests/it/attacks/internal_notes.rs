//! Notes that only the staff can see, and what would have one answered in public.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use webhook::{Provider, Secrets};

use super::scene::{Record, Scene, ZENDESK_SECRET, now};

/// A comment of a colleague on a ticket, as Zendesk reports it.
fn note(is_public: &Value) -> Value {
    json!({
        "account_id": 22_129_848, "id": "2b24ef10-19a2-4c54-9a7f-8b2b3e9a7d11", "subject": "zen:ticket:35436",
        "time": now().to_string(), "type": "zen:event-type:ticket.comment_added",
        "zendesk_event_version": "2022-11-06",
        "detail": {"id": "35436", "subject": "Refund?", "actor_id": "777", "is_public": true},
        "event": {"comment": {"id": "99", "author": {"id": "777", "is_staff": true, "name": "Kim"},
            "body": "she is on the fraud list", "is_public": is_public}},
    })
}

fn signed(body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in Provider::Zendesk.scheme().sign(&Secrets(vec![ZENDESK_SECRET.into()]), body, now()) {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers
}

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("internal notes").await;
    for (name, is_public, header) in [
        ("an internal note", json!(false), None),
        ("an internal note called public by a header", json!(false), Some(("x-zendesk-public", "true"))),
        ("an internal note called a ticket by a header", json!(false), Some(("x-event", "ticket.created"))),
        ("a note of which nobody says who sees it", json!("no"), None),
    ] {
        let body = note(&is_public).to_string().into_bytes();
        let mut headers = signed(&body);
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        scene.refused(name, scene.hook("zendesk", headers, body).await).await;
    }
    scene.leave().await
}
