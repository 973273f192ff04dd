//! The readers of every sender: any body is read, by any of them, twice to the same, and within its bounds.

use serde_json::Value;
use webhook::{Parsed, Provider, Received, Sender};

use super::files;
use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "webhooks",
    seeds: || files("events/bodies").into_iter().map(|(_, body)| body).collect(),
    words: &[
        "payload=",
        "action",
        "created",
        "deleted",
        "edited",
        "comment",
        "issue",
        "repository",
        "full_name",
        "user",
        "bot",
        "type",
        "event",
        "text",
        "blocks",
        "elements",
        "attachments",
        "thread_ts",
        "channel",
        "webhookEvent",
        "object_kind",
        "data",
        "metadata",
        "@afterhook",
        "<@U1>",
        "*",
        "|",
        "{code}",
        "[~accountid:1]",
        "2026-11-20T10:00:00Z",
    ],
    check,
};

fn check(body: &[u8]) {
    for provider in Provider::ALL {
        let sender = Sender::of(*provider);
        for event_hint in [None, Some("issues"), Some("orders/create")] {
            let received = Received { event_hint, body };
            read(&sender, &received);
        }
    }
}

fn read(sender: &Sender, received: &Received<'_>) {
    let none: [(String, String); 0] = [];
    let identity = sender.identity(received, &none[..]);
    assert!(*identity == *received.body || is_in(received.body, &identity), "an identity that nobody signed");
    let kind = sender.kind(received);
    if let Ok(Some(kind)) = kind {
        assert!(kind.len() <= 200, "{kind}");
    }
    let parsed = sender.parse(received);
    assert_eq!(parsed.is_ok(), sender.parse(received).is_ok());
    match parsed {
        Ok(Parsed::Event(event)) => {
            for name in [&event.tenant, &event.thread] {
                assert!((1..=256).contains(&name.len()), "{name}");
            }
            assert!((1..=200).contains(&event.name.len()), "{}", event.name);
            let target = serde_json::to_string(&event.target).unwrap();
            assert!(!target.contains(['/', '?', '#', '%', ' ']), "{target}");
            assert!(serde_json::to_vec(&event.metadata).unwrap().len() <= 2_048);
        }
        Ok(Parsed::Challenge(challenge)) => assert!(challenge.len() <= 1_024),
        Ok(Parsed::Other(name)) => assert!(name.len() <= 200),
        Ok(Parsed::Ping | Parsed::Interaction(_)) | Err(_) => {}
    }
}

/// Whether a text of the body, which is JSON or a form with JSON in it, is `identity`.
fn is_in(body: &[u8], identity: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => holds(&body, identity),
        // A form: the JSON in it is encoded.
        Err(_) => true,
    }
}

fn holds(value: &Value, text: &[u8]) -> bool {
    match value {
        Value::String(found) => found.as_bytes() == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|item| holds(item, text)),
        _ => false,
    }
}
