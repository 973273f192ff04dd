//! Secrets over the wire: read once, refreshed with restraint, and never mistaken for absent.

use std::time::Duration;

use aws::{Secrets, SecretsError};
use aws_sdk_secretsmanager::Client;
use domain::{Timestamp, after};
use e2e::emulator::{Emulator, Wire, unique_prefix};
use secrecy::ExposeSecret;

use super::now;

struct Fixture {
    manager: Client,
    wire: Wire,
    secrets: Secrets,
    id: String,
}

/// A secret that holds `text`, and a reader of it.
async fn fixture(text: &str) -> Fixture {
    let (sdk, wire, id) = (Emulator::shared().sdk_config().await, Wire::default(), unique_prefix());
    let manager = Client::new(&sdk);
    manager.create_secret().name(&id).secret_string(text).send().await.unwrap();
    let secrets = Secrets::new(&wire.under(&sdk), id.clone(), "VERIFY_SECRET_ID");
    Fixture { manager, wire, secrets, id }
}

impl Fixture {
    async fn rotate(&self, text: &str) {
        self.manager.put_secret_value().secret_id(&self.id).secret_string(text).send().await.unwrap();
    }

    async fn value(&self, at: Timestamp) -> String {
        let values = self.secrets.read(at).await.unwrap();
        values["GITHUB_WEBHOOK_SECRET"].expose_secret().to_owned()
    }

    fn requests(&self) -> usize {
        self.wire.take().len()
    }
}

fn in_seconds(at: Timestamp, seconds: u64) -> Timestamp {
    after(at, Duration::from_secs(seconds))
}

fn object(value: &str) -> String {
    format!(r#"{{"GITHUB_WEBHOOK_SECRET":"{value}"}}"#)
}

#[tokio::test]
async fn a_secret_is_read_once_in_five_minutes() {
    let (fixture, start) = (fixture(&object("first")).await, now());
    assert_eq!(fixture.value(start).await, "first");
    fixture.rotate(&object("second")).await;
    assert_eq!(fixture.value(in_seconds(start, 299)).await, "first");
    assert_eq!(fixture.requests(), 1);
    assert_eq!(fixture.value(in_seconds(start, 300)).await, "second");
    assert_eq!(fixture.requests(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_reading() {
    let (fixture, start) = (fixture(&object("only")).await, now());
    let reads = (0..8).map(|_| fixture.value(start));
    assert!(futures::future::join_all(reads).await.iter().all(|value| value == "only"));
    assert_eq!(fixture.requests(), 1);
}

#[tokio::test]
async fn a_failed_signature_refreshes_at_most_once_in_half_a_minute() {
    let (fixture, start) = (fixture(&object("first")).await, now());
    assert_eq!(fixture.value(start).await, "first");
    fixture.rotate(&object("second")).await;
    let refresh =
        async |seconds| fixture.secrets.refresh_after_failure(in_seconds(start, seconds)).await.unwrap();
    assert!(refresh(29).await.is_none(), "the copy is fresh: the signature is wrong");
    let values = refresh(30).await.unwrap();
    assert_eq!(values["GITHUB_WEBHOOK_SECRET"].expose_secret(), "second");
    assert!(refresh(59).await.is_none());
    assert_eq!(fixture.requests(), 2);
    assert_eq!(fixture.value(in_seconds(start, 31)).await, "second");
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_is_not_asked_for_at_every_request() {
    let (sdk, wire) = (Emulator::shared().sdk_config().await, Wire::default());
    let secrets = Secrets::new(&wire.under(&sdk), "no-such-secret".to_owned(), "VERIFY_SECRET_ID");
    let start = now();
    for seconds in [0, 1] {
        let error = secrets.read(in_seconds(start, seconds)).await.unwrap_err();
        assert!(matches!(error, SecretsError::Refused(..)), "{error}");
        assert!(error.to_string().contains("no-such-secret"), "{error}");
        assert!(error.to_string().contains("VERIFY_SECRET_ID"), "{error}");
        assert!(secrets.refresh_after_failure(in_seconds(start, seconds)).await.is_err());
    }
    assert_eq!(wire.take().len(), 1);
    // No copy serves meanwhile, and some senders do not try again.
    assert!(secrets.read(in_seconds(start, 2)).await.is_err());
    assert_eq!(wire.take().len(), 1);
}

#[tokio::test]
async fn malformed_content_is_an_error_that_does_not_quote_it() {
    let fixture = fixture(r#"{"GITHUB_WEBHOOK_SECRET":["hunter2"]}"#).await;
    let error = fixture.secrets.read(now()).await.unwrap_err();
    assert!(matches!(error, SecretsError::Malformed { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_copy_serves_for_an_hour_while_secrets_manager_is_down() {
    let (fixture, start) = (fixture(&object("kept")).await, now());
    assert_eq!(fixture.value(start).await, "kept");
    // All three tries of one reading lose their answers.
    fixture.wire.lose_answers(u32::MAX);
    assert_eq!(fixture.value(in_seconds(start, 301)).await, "kept");
    let error = fixture.secrets.refresh_after_failure(in_seconds(start, 302)).await.unwrap_err();
    assert!(matches!(error, SecretsError::Unavailable(_)), "neither right nor wrong: {error}");
    assert_eq!(fixture.value(in_seconds(start, 3_599)).await, "kept");
    let error = fixture.secrets.read(in_seconds(start, 3_600)).await.unwrap_err();
    assert!(matches!(error, SecretsError::Unavailable(_)), "{error}");
    fixture.wire.lose_answers(0);
    assert_eq!(fixture.value(in_seconds(start, 3_630)).await, "kept");
}

#[tokio::test]
async fn a_reader_shows_no_secret() {
    let fixture = fixture(&object("hunter2")).await;
    fixture.secrets.read(now()).await.unwrap();
    assert!(!format!("{:?}", fixture.secrets).contains("hunter2"));
}
