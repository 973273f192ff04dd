//! Secrets that change while webhooks come in, and a keeper of them that fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use futures::FutureExt;
use ingest::{SecretMap, SecretsSource, Unreadable, Want};

use crate::rig::{Answer, Parts, Rig, bytes, issue, request, secrets, signed_headers};

/// What the keeper answers to one question.
#[derive(Clone, Copy)]
enum Says {
    Secret(&'static str),
    Nothing,
    Fails,
    Hangs,
}

/// What was asked, in its order.
type Asked = Arc<Mutex<Vec<Want>>>;

/// An ingest whose keeper of secrets answers `current` and `newer`.
fn rig(current: Says, newer: Says) -> (Rig, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let source = SecretsSource::kept(Box::new(move |want| {
        log.lock().unwrap().push(want);
        let says = match want {
            Want::Current => current,
            Want::Newer => newer,
        };
        async move {
            match says {
                Says::Secret(secret) => Ok(secrets(&[secret])),
                Says::Nothing => Ok(SecretMap::new()),
                Says::Fails => Err(Unreadable::new("no answer")),
                Says::Hangs => std::future::pending().await,
            }
        }
        .boxed()
    }));
    // Short only where something hangs: a busy machine must not make a time-out of a healthy request.
    let hangs = [current, newer].iter().any(|says| matches!(says, Says::Hangs));
    let store_timeout = if hangs { Duration::from_millis(50) } else { Duration::from_secs(60) };
    (Parts { secrets: source, store_timeout, ..Parts::default() }.rig(), asked)
}

fn body() -> Bytes {
    bytes(&issue(7))
}

async fn send(rig: &Rig, secret: &str) -> Answer {
    rig.send(request(signed_headers(secret, &body(), rig.watch.now()), body())).await
}

#[tokio::test]
async fn signature_that_holds_asks_for_nothing_newer() {
    let (rig, asked) = rig(Says::Secret("old"), Says::Fails);
    send(&rig, "old").await.assert_taken("accepted", &body());
    assert_eq!(*asked.lock().unwrap(), [Want::Current]);
}

#[tokio::test]
async fn signature_by_a_rotated_secret_holds_after_asking_once_more() {
    let (rig, asked) = rig(Says::Secret("old"), Says::Secret("new"));
    send(&rig, "new").await.assert_taken("accepted", &body());
    assert_eq!(*asked.lock().unwrap(), [Want::Current, Want::Newer]);
}

#[tokio::test]
async fn signature_that_no_newer_secret_makes_is_refused() {
    for newer in [Says::Secret("old"), Says::Secret("new")] {
        let (rig, asked) = rig(Says::Secret("old"), newer);
        send(&rig, "forged").await.assert_problem(401, "signature");
        assert_eq!(*asked.lock().unwrap(), [Want::Current, Want::Newer]);
    }
}

#[tokio::test]
async fn request_that_no_secret_could_save_asks_for_nothing_newer() {
    let (rig, asked) = rig(Says::Secret("old"), Says::Fails);
    let mut headers = signed_headers("old", &body(), rig.watch.now());
    headers.remove("x-hub-signature-256");
    rig.send(request(headers, body())).await.assert_problem(401, "signature");
    assert_eq!(*asked.lock().unwrap(), [Want::Current]);
}

#[tokio::test]
async fn source_whose_secret_has_just_been_added_takes_webhooks() {
    let (rig, _) = rig(Says::Nothing, Says::Secret("new"));
    send(&rig, "new").await.assert_taken("accepted", &body());
}

#[tokio::test]
async fn unreadable_secrets_are_503_and_never_401() {
    for (current, newer) in [(Says::Fails, Says::Fails), (Says::Secret("old"), Says::Fails)] {
        let (rig, _) = rig(current, newer);
        send(&rig, "forged").await.assert_retry("secrets_unreadable");
        rig.assert_nothing_stored(&body()).await;
    }
}

#[tokio::test]
async fn keeper_that_hangs_is_503() {
    for (current, newer) in [(Says::Hangs, Says::Fails), (Says::Secret("old"), Says::Hangs)] {
        let (rig, _) = rig(current, newer);
        send(&rig, "forged").await.assert_retry("not_stored");
        rig.assert_nothing_stored(&body()).await;
    }
}
