//! The signing secrets, which are rotated while webhooks keep coming.

use std::sync::Mutex;
use std::time::Duration;

use domain::{Timestamp, between};
use futures::future::BoxFuture;
use ingest::{ReadSecrets, SecretMap, Unreadable, Want};
use secrecy::SecretString;
use webhook::Secrets;

use super::port::Operation;
use super::{Port, Ports, lock};

/// How old a copy may be.
const MAX_AGE: Duration = Duration::from_secs(300);
/// How often a failed signature may ask for a newer one.
const MIN_AGE: Duration = Duration::from_secs(30);

/// Where the secrets are kept.
#[derive(Default)]
pub(crate) struct Vault {
    /// How many were added.
    added: Mutex<u32>,
    /// How many of these the senders were told.
    told: Mutex<u32>,
}

/// Whoever rotates a secret stores the new one, and tells the sender a while later.
const TOLD_AFTER: Duration = Duration::from_secs(60);

impl Vault {
    /// A new secret is stored, and signs a while later; the one before it verifies too.
    pub(crate) async fn rotate(&self) {
        *lock(&self.added) += 1;
        tokio::time::sleep(TOLD_AFTER).await;
        *lock(&self.told) += 1;
    }

    fn secret(number: u32) -> SecretString {
        SecretString::from(format!("signing secret number {number} of the world"))
    }

    /// What senders sign with.
    pub(crate) fn signing(&self) -> Secrets {
        Secrets(vec![Self::secret(*lock(&self.told))])
    }

    fn map(&self) -> SecretMap {
        let newest = *lock(&self.added);
        let live = [Some(newest), newest.checked_sub(1)];
        let secrets = || Secrets(live.iter().flatten().map(|number| Self::secret(*number)).collect());
        SecretMap::from([("github".to_owned(), secrets()), ("slack".to_owned(), secrets())])
    }
}

/// An environment's copy.
#[derive(Default)]
struct Copy(Mutex<Option<(SecretMap, Timestamp)>>);

impl Ports {
    /// Reads the secrets as `aws::Secrets` does: a copy of minutes will do.
    pub(crate) fn keeper(self: &std::sync::Arc<Self>) -> ReadSecrets {
        let (ports, copy) = (self.clone(), std::sync::Arc::new(Copy::default()));
        Box::new(move |want| {
            let (ports, copy) = (ports.clone(), copy.clone());
            let read: BoxFuture<'static, _> = Box::pin(async move { ports.secrets(&copy, want).await });
            read
        })
    }

    async fn secrets(&self, copy: &Copy, want: Want) -> Result<SecretMap, Unreadable> {
        let now = self.world.now();
        let young = if want == Want::Current { MAX_AGE } else { MIN_AGE };
        let known = lock(&copy.0).clone();
        if let Some((map, _)) = known.filter(|(_, read)| between(*read, now) < young) {
            return Ok(map);
        }
        let read = Operation::read(Port::Secrets, "read secrets", &"");
        let fresh = self.operate(
            read,
            || Hidden(self.world.vault.map()),
            || Unreadable::new("the world is at fault"),
        );
        let map = fresh.await?.0;
        *lock(&copy.0) = Some((map.clone(), now));
        Ok(map)
    }
}

/// Secrets in the trace.
struct Hidden(SecretMap);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("secrets")
    }
}
