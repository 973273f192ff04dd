//! Hooks and their deliveries. A hook of every repository and organisation sends to `/webhooks/github`.

use domain::Timestamp;
use serde_json::{Value, json};

use super::store::{Delivery, Github};
use super::words::not_found;
use crate::kit::{Call, Kept, Reply};

/// What the hook of an App, or the second one of a repository, is set to.
pub(super) fn config(call: &Call) -> Value {
    json!({"url": format!("{}/webhooks/github", call.origin), "content_type": "json"})
}

/// `GET …/hooks`.
pub(super) fn list(call: &Call) -> Reply {
    let config = config(call);
    let other = json!({"url": "https://ci.example.com/hook"});
    Reply::ok(json!([{"id": 1, "name": "web", "config": other}, {"id": 2, "name": "web", "config": config}]))
}

/// `…/deliveries` and what is below it.
pub(super) fn deliveries(
    kept: &mut Kept<Github>,
    call: &Call,
    rest: &[&str],
    now: Timestamp,
) -> Result<Reply, Reply> {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let all = kept.deliveries.iter().enumerate().rev();
            let failed = all.filter(|(_, it)| call.query("status") != Some("failure") || !it.arrived());
            Ok(Reply::ok(failed.map(|(id, delivery)| describe(id, delivery)).collect()))
        }
        ("POST", [id, "attempts"]) => {
            let known = id.parse().ok().and_then(|id: usize| kept.deliveries.get(id)).cloned();
            let again = Delivery { redelivery: true, status: 202, at: now, ..known.ok_or_else(not_found)? };
            kept.deliveries.push(again);
            Ok(Reply::new(202, json!({})))
        }
        _ => Err(not_found()),
    }
}

fn describe(id: usize, delivery: &Delivery) -> Value {
    let Delivery { guid, event, action, status, redelivery, at } = delivery;
    let word = if delivery.arrived() { "OK" } else { "Invalid HTTP Response" };
    json!({"id": id, "guid": guid, "delivered_at": at, "redelivery": redelivery, "duration": 0.3, "status": word,
        "status_code": status, "event": event, "action": action, "installation_id": null, "repository_id": null,
        "throttled_at": null})
}
