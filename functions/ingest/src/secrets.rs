//! [`SecretsSource`]: the live signing secrets, fixed at the start or fetched anew while running.
//!
//! Secrets are rotated while webhooks keep coming. So a copy is at most five minutes old, and a
//! signature that does not hold is a reason to fetch at once: the sender may already sign with the
//! new secret. A forger can cause that too, hence at most one such fetch in 30 seconds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Timestamp, between};
use futures::future::BoxFuture;
use webhook::Secrets;

/// Age at which a copy is fetched anew.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// Between two tries to fetch that a failed signature, or a failed fetch, causes.
const TRY_EVERY: Duration = Duration::from_secs(30);
/// Age up to which a copy still vouches for a signature while no younger one can be had. Senders
/// such as GitHub never send again, so an hour without the secret store should not cost an hour of
/// webhooks; a secret that was revoked meanwhile may live that long.
const USABLE_FOR: Duration = Duration::from_secs(3_600);

/// The secrets of each source, by its name.
pub type SecretMap = BTreeMap<String, Secrets>;

/// Reads all secrets from where they are kept; the error says why that failed, free of secrets.
pub type FetchSecrets = Arc<dyn Fn() -> BoxFuture<'static, Result<SecretMap, String>> + Send + Sync>;

/// The secrets cannot be read, so whether a signature holds cannot be said: never a reason for 401.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing secrets cannot be read: {0}")]
pub struct Unreadable(String);

/// Where the signing secrets come from.
pub struct SecretsSource(Kind);

enum Kind {
    Fixed(Arc<SecretMap>),
    Fetched { fetch: FetchSecrets, cached: Mutex<Cached> },
}

/// The latest copy, and the latest try to get one.
#[derive(Default)]
struct Cached {
    held: Option<(Arc<SecretMap>, Timestamp)>,
    tried_at: Option<Timestamp>,
    /// Whether that try brought nothing, or has not ended (its caller may have been dropped).
    failed: bool,
}

impl SecretsSource {
    /// Secrets that stay as they are: those of the environment.
    #[must_use]
    pub fn fixed(secrets: SecretMap) -> Self {
        Self(Kind::Fixed(Arc::new(secrets)))
    }

    /// Secrets that `fetch` reads at the first webhook, and again as described above.
    #[must_use]
    pub fn fetched(fetch: FetchSecrets) -> Self {
        Self(Kind::Fetched { fetch, cached: Mutex::default() })
    }

    /// Secrets to check a signature against.
    ///
    /// # Errors
    /// [`Unreadable`] when there is no copy and none can be had.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Arc<SecretMap>, Unreadable> {
        let (fetch, cached) = match &self.0 {
            Kind::Fixed(secrets) => return Ok(Arc::clone(secrets)),
            Kind::Fetched { fetch, cached } => (fetch, cached),
        };
        let usable = lock(cached).usable(now);
        if let Some(secrets) = &usable
            && !lock(cached).is_due(now)
        {
            return Ok(Arc::clone(secrets));
        }
        let fetched = refresh(fetch, cached, now).await;
        match (fetched, usable) {
            (Ok(secrets), _) | (Err(_), Some(secrets)) => Ok(secrets),
            (Err(unreadable), None) => Err(unreadable),
        }
    }

    /// Secrets younger than those that a signature was just checked against in vain; `None` when
    /// there can be none.
    ///
    /// # Errors
    /// [`Unreadable`] when there may be younger ones and they cannot be read.
    pub(crate) async fn newer(&self, now: Timestamp) -> Result<Option<Arc<SecretMap>>, Unreadable> {
        let Kind::Fetched { fetch, cached } = &self.0 else { return Ok(None) };
        {
            let cached = lock(cached);
            if cached.tried_within(TRY_EVERY, now) {
                let unknown =
                    Unreadable("the latest try failed; the next one is within 30 seconds".to_owned());
                return if cached.failed { Err(unknown) } else { Ok(None) };
            }
        }
        refresh(fetch, cached, now).await.map(Some)
    }
}

impl Cached {
    fn usable(&self, now: Timestamp) -> Option<Arc<SecretMap>> {
        let (secrets, fetched_at) = self.held.as_ref()?;
        (between(*fetched_at, now) < USABLE_FOR).then(|| Arc::clone(secrets))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let fresh = self.held.as_ref().is_some_and(|(_, at)| between(*at, now) < FRESH_FOR);
        !fresh && !self.tried_within(TRY_EVERY, now)
    }

    fn tried_within(&self, period: Duration, now: Timestamp) -> bool {
        self.tried_at.is_some_and(|at| between(at, now) < period)
    }
}

/// Fetches. The try is on record before it begins: one that hangs, or whose caller is dropped,
/// counts against the limit too, and as failed.
async fn refresh(
    fetch: &FetchSecrets,
    cached: &Mutex<Cached>,
    now: Timestamp,
) -> Result<Arc<SecretMap>, Unreadable> {
    {
        let mut cached = lock(cached);
        cached.tried_at = Some(now);
        cached.failed = true;
    }
    match fetch().await {
        Ok(secrets) => {
            let secrets = Arc::new(secrets);
            let mut cached = lock(cached);
            cached.held = Some((Arc::clone(&secrets), now));
            cached.failed = false;
            Ok(secrets)
        }
        Err(why) => {
            tracing::error!(error = %why, "the signing secrets cannot be read");
            Err(Unreadable(why))
        }
    }
}

/// Nothing under the lock can panic half-way, so a poisoned one still holds sound data.
fn lock(cached: &Mutex<Cached>) -> MutexGuard<'_, Cached> {
    cached.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SecretsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Fixed(_) => "SecretsSource::fixed",
            Kind::Fetched { .. } => "SecretsSource::fetched",
        })
    }
}
