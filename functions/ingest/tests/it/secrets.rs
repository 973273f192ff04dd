//! Secrets that change while webhooks come in, and a place they are kept in that fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use futures::FutureExt;
use http::Request;
use ingest::SecretsSource;

use crate::rig::{Answer, Parts, Rig, bytes, issue, request, secrets, signed_headers};

/// What the place where secrets are kept answers.
#[derive(Clone)]
enum Kept {
    Secret(&'static str),
    Failing,
    Hanging,
}

struct Vault {
    kept: Mutex<Kept>,
    reads: AtomicUsize,
}

impl Vault {
    fn new(kept: Kept) -> Arc<Self> {
        Arc::new(Self { kept: Mutex::new(kept), reads: AtomicUsize::new(0) })
    }

    fn keep(&self, kept: Kept) {
        *self.kept.lock().unwrap() = kept;
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn rig(self: &Arc<Self>) -> Rig {
        let vault = Arc::clone(self);
        let source = SecretsSource::fetched(Arc::new(move || {
            vault.reads.fetch_add(1, Ordering::SeqCst);
            let kept = vault.kept.lock().unwrap().clone();
            async move {
                match kept {
                    Kept::Secret(secret) => Ok(secrets(&[secret])),
                    Kept::Failing => Err("no answer".to_owned()),
                    Kept::Hanging => std::future::pending().await,
                }
            }
            .boxed()
        }));
        Parts { secrets: source, patience: Duration::from_millis(20), ..Parts::default() }.rig()
    }
}

fn body() -> Bytes {
    bytes(&issue(7))
}

async fn send(rig: &Rig, secret: &str) -> Answer {
    let request: Request<_> = request(signed_headers(secret, &body(), rig.watch.now()), body());
    rig.send(request).await
}

#[tokio::test]
async fn secrets_are_read_once_in_five_minutes() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    for _ in 0..3 {
        send(&rig, "old").await.assert_taken("accepted", &body());
    }
    rig.watch.advance(Duration::from_secs(299));
    send(&rig, "old").await.assert_taken("accepted", &body());
    assert_eq!(vault.reads(), 1);
    rig.watch.advance(Duration::from_secs(1));
    send(&rig, "old").await.assert_taken("accepted", &body());
    assert_eq!(vault.reads(), 2);
}

#[tokio::test]
async fn secret_that_was_rotated_is_fetched_when_a_signature_does_not_hold() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    send(&rig, "old").await.assert_taken("accepted", &body());
    vault.keep(Kept::Secret("new"));
    rig.watch.advance(Duration::from_secs(31));
    send(&rig, "new").await.assert_taken("accepted", &body());
    send(&rig, "old").await.assert_problem(401, "signature");
}

#[tokio::test]
async fn forger_causes_one_read_in_thirty_seconds() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    for _ in 0..10 {
        send(&rig, "forged").await.assert_problem(401, "signature");
    }
    assert_eq!(vault.reads(), 1);
    rig.watch.advance(Duration::from_secs(30));
    for _ in 0..10 {
        send(&rig, "forged").await.assert_problem(401, "signature");
    }
    assert_eq!(vault.reads(), 2);
}

#[tokio::test]
async fn request_without_a_signature_causes_no_further_read() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    send(&rig, "old").await.assert_taken("accepted", &body());
    rig.watch.advance(Duration::from_secs(60));
    let mut headers = signed_headers("old", &body(), rig.watch.now());
    headers.remove("x-hub-signature-256");
    rig.send(request(headers, body())).await.assert_problem(401, "signature");
    assert_eq!(vault.reads(), 1);
}

#[tokio::test]
async fn unreadable_secrets_are_503_and_never_401() {
    let vault = Vault::new(Kept::Failing);
    let rig = vault.rig();
    send(&rig, "old").await.assert_retry("secrets_unreadable");
    send(&rig, "forged").await.assert_retry("secrets_unreadable");
    vault.keep(Kept::Secret("old"));
    send(&rig, "old").await.assert_taken("accepted", &body());
}

#[tokio::test]
async fn older_copy_vouches_for_an_hour_and_condemns_nobody() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    send(&rig, "old").await.assert_taken("accepted", &body());
    vault.keep(Kept::Failing);
    rig.watch.advance(Duration::from_secs(600));
    send(&rig, "old").await.assert_taken("accepted", &body());
    // It may be signed with a secret that we cannot read now.
    send(&rig, "new").await.assert_retry("secrets_unreadable");
    rig.watch.advance(Duration::from_secs(40));
    send(&rig, "new").await.assert_retry("secrets_unreadable");
    rig.watch.advance(Duration::from_secs(3_000));
    send(&rig, "old").await.assert_retry("secrets_unreadable");
}

#[tokio::test]
async fn failing_reads_are_tried_every_thirty_seconds_while_a_copy_is_left() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    send(&rig, "old").await.assert_taken("accepted", &body());
    vault.keep(Kept::Failing);
    rig.watch.advance(Duration::from_secs(300));
    for _ in 0..5 {
        send(&rig, "old").await.assert_taken("accepted", &body());
    }
    assert_eq!(vault.reads(), 2);
    rig.watch.advance(Duration::from_secs(30));
    send(&rig, "old").await.assert_taken("accepted", &body());
    assert_eq!(vault.reads(), 3);
}

#[tokio::test]
async fn read_that_hangs_counts_as_failed() {
    let vault = Vault::new(Kept::Secret("old"));
    let rig = vault.rig();
    send(&rig, "old").await.assert_taken("accepted", &body());
    vault.keep(Kept::Hanging);
    rig.watch.advance(Duration::from_secs(31));
    send(&rig, "new").await.assert_retry("not_stored");
    send(&rig, "new").await.assert_retry("secrets_unreadable");
    send(&rig, "old").await.assert_taken("accepted", &body());
    assert_eq!(vault.reads(), 2);
}
