//! The hook of every repository and organisation, and the record of its deliveries. Each try is made: signed, posted, and
//! kept with what was answered. A failed one is made again when somebody asks for it, and never by itself.

use data_encoding::HEXLOWER;
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::store::{Delivery, Github};
use super::words::not_found;
use crate::kit::{Call, Kept, Reply, lock};

/// How long GitHub waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The hook and its record. Clones share both: a delivery outlives the request that has asked for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hook(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    address: Option<Address>,
    deliveries: Vec<Delivery>,
}

/// Where webhooks go, and what they are signed with.
#[derive(Debug, Clone)]
struct Address {
    url: String,
    secret: String,
}

impl Hook {
    /// Has webhooks go there from now on, those that are sent again included.
    pub(super) fn set(&self, url: &str, secret: &str) {
        lock(&self.0).address = Some(Address { url: url.to_owned(), secret: secret.to_owned() });
    }

    /// Every try to deliver a webhook, oldest first.
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.0).deliveries.clone()
    }

    pub(super) async fn send(&self, event: &str, body: &Value, now: Timestamp) -> u16 {
        let number = self.deliveries().len();
        let delivery = Delivery {
            guid: format!("{number:08x}-cc78-11e3-81ab-4c9367dc0958"),
            event: event.to_owned(),
            action: body["action"].as_str().unwrap_or_default().to_owned(),
            status: 0,
            redelivery: false,
            at: now,
            body: body.to_string().into(),
        };
        self.deliver(delivery).await
    }

    /// One try: what is answered stands in the record afterwards.
    async fn deliver(&self, delivery: Delivery) -> u16 {
        let address = lock(&self.0).address.clone();
        let status = match address {
            Some(address) => address.post(&delivery).await.unwrap_or_else(|problem| {
                tracing::debug!(%problem, "a webhook could not be delivered");
                0
            }),
            None => 0,
        };
        lock(&self.0).deliveries.push(Delivery { status, ..delivery });
        status
    }
}

impl Address {
    async fn post(&self, delivery: &Delivery) -> reqwest::Result<u16> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent("GitHub-Hookshot/5a1b2c3")
            .build()?;
        let request = client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-github-hook-id", "2")
            .header("x-github-event", &delivery.event)
            .header("x-github-delivery", &delivery.guid)
            .header("x-hub-signature-256", signature(&self.secret, delivery.body.as_bytes()))
            .body(delivery.body.to_string());
        Ok(request.send().await?.status().as_u16())
    }
}

/// As "Validating webhook deliveries" in GitHub's documentation has it.
fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| mac.chain_update(body));
    let mark = mac.map(|mac| HEXLOWER.encode(&mac.finalize().into_bytes())).unwrap_or_default();
    format!("sha256={mark}")
}

/// What the hook of an App, or the second one of a repository, is set to: here, unless it has an address.
pub(super) fn config(github: &Github, call: &Call) -> Value {
    let address = lock(&github.hook.0).address.as_ref().map(|address| address.url.clone());
    let url = address.unwrap_or_else(|| format!("{}/webhooks/github", call.origin));
    json!({"url": url, "content_type": "json", "secret": "********"})
}

/// `GET …/hooks`: somebody else's hook, and ours.
pub(super) fn list(github: &Github, call: &Call) -> Reply {
    let other = json!({"url": "https://ci.example.com/hook"});
    let hooks = [(1, other), (2, config(github, call))];
    Reply::ok(hooks.map(|(id, config)| json!({"id": id, "name": "web", "config": config})).to_vec().into())
}

/// `…/deliveries` and what is below it.
pub(super) fn deliveries(
    kept: &Kept<Github>,
    call: &Call,
    rest: &[&str],
    now: Timestamp,
) -> Result<Reply, Reply> {
    let record = kept.hook.deliveries();
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let all = record.iter().enumerate().rev();
            let failed = all.filter(|(_, it)| call.query("status") != Some("failure") || !it.arrived());
            Ok(Reply::ok(failed.map(|(id, delivery)| describe(id, delivery)).collect()))
        }
        ("POST", [id, "attempts"]) => {
            let known = id.parse().ok().and_then(|id: usize| record.get(id)).ok_or_else(not_found)?;
            let again = Delivery { redelivery: true, at: now, ..known.clone() };
            let hook = kept.hook.clone();
            // Behind the answer: GitHub says that it will, and then does.
            tokio::spawn(async move { hook.deliver(again).await });
            Ok(Reply::new(202, json!({})))
        }
        _ => Err(not_found()),
    }
}

fn describe(id: usize, delivery: &Delivery) -> Value {
    let Delivery { guid, event, action, status, redelivery, at, .. } = delivery;
    let word = match status {
        0 => "failed to connect to host".to_owned(),
        200..300 => "OK".to_owned(),
        status => format!("Invalid HTTP Response: {status}"),
    };
    json!({"id": id, "guid": guid, "delivered_at": at, "redelivery": redelivery, "duration": 0.3, "status": word,
        "status_code": status, "event": event, "action": action, "installation_id": null, "repository_id": null,
        "throttled_at": null})
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// The vector of GitHub's documentation.
    #[test]
    fn a_webhook_is_signed_as_githubs_documentation_has_it() {
        let signed = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature("It's a Secret to Everybody", b"Hello, World!"), signed);
    }
}
