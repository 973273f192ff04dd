//! The signing secrets, which are rotated while webhooks keep coming.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::{SecretCopy, SecretsError};
use domain::Timestamp;
use futures::future::BoxFuture;
use ingest::{ReadSecrets, SecretMap, Unreadable, Want};
use secrecy::{ExposeSecret, SecretString};
use webhook::Secrets;

use super::port::Operation;
use super::{Port, Ports, lock};

/// Who holds no copy of the secrets is refused them only after more failed reads than this, the last of them no longer ago
/// than that.
const FAILED_READS: usize = 1;
const LATELY: Duration = Duration::from_secs(3);
/// So long a planted bug makes no read after a failed one.
const GIVEN_UP_FOR: Duration = Duration::from_secs(30);
/// The sources that sign.
const SOURCES: [&str; 2] = ["github", "slack"];

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

    /// The live secrets, one a line, the newest first.
    fn live(&self) -> aws::SecretMap {
        let newest = *lock(&self.added);
        let live = [Some(newest), newest.checked_sub(1)];
        let lines = live.iter().flatten().map(|number| Self::secret(*number).expose_secret().to_owned());
        let lines = lines.collect::<Vec<_>>().join("\n");
        SOURCES.iter().map(|source| ((*source).to_owned(), SecretString::from(lines.clone()))).collect()
    }
}

/// An environment's copy, by the rules of the one on AWS.
#[derive(Default)]
struct Kept {
    copy: SecretCopy,
    seen: Mutex<Seen>,
}

/// What the world has seen of an environment's reads.
#[derive(Default)]
struct Seen {
    /// One went well.
    has_read: bool,
    /// When the others failed.
    failed: Vec<Timestamp>,
}

impl Seen {
    fn has_failed_since(&self, at: Timestamp) -> bool {
        self.failed.last().is_some_and(|failed| *failed >= at)
    }
}

impl Ports {
    /// Reads the secrets as ingest does on AWS.
    pub(crate) fn keeper(self: &Arc<Self>) -> ReadSecrets {
        let (ports, kept) = (self.clone(), Arc::new(Kept::default()));
        Box::new(move |want| {
            let (ports, kept) = (ports.clone(), kept.clone());
            let read: BoxFuture<'static, _> = Box::pin(async move { ports.secrets(&kept, want).await });
            read
        })
    }

    async fn secrets(&self, kept: &Kept, want: Want) -> Result<SecretMap, Unreadable> {
        let (began, now) = (self.world.now(), self.world.clock(self.env).now());
        let get = || self.read_secrets(&kept.seen);
        let newer = match want {
            Want::Current => Ok(None),
            Want::Newer => kept.copy.refresh_after_failure(now, get).await,
        };
        let read = match newer {
            Ok(None) => kept.copy.read(now, get).await,
            newer => newer.map(Option::unwrap_or_default),
        };
        read.map(|values| of_sources(&values)).map_err(|problem| {
            self.watch_refusal(&lock(&kept.seen), began);
            Unreadable::new(problem)
        })
    }

    async fn read_secrets(&self, seen: &Mutex<Seen>) -> Result<aws::SecretMap, SecretsError> {
        let fail = || SecretsError::Unavailable("the world is at fault".to_owned());
        let given_up = self.world.now().checked_sub(GIVEN_UP_FOR).unwrap_or(Timestamp::MIN);
        let is_given_up = {
            let seen = lock(seen);
            self.bugs().gives_secrets_up() && !seen.has_read && seen.has_failed_since(given_up)
        };
        if is_given_up {
            return Err(fail());
        }
        let read = Operation::read(Port::Secrets, "read secrets", &"");
        let read = self.operate(read, || Hidden(self.world.vault.live()), fail).await;
        let mut seen = lock(seen);
        match &read {
            Ok(_) => seen.has_read = true,
            Err(_) => seen.failed.push(self.world.now()),
        }
        read.map(|hidden| hidden.0)
    }

    /// Whoever asked at `began` is refused, which some senders never forgive.
    fn watch_refusal(&self, seen: &Seen, began: Timestamp) {
        let lately = began.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
        let is_due = seen.failed.len() > FAILED_READS && seen.has_failed_since(lately);
        if !seen.has_read && !is_due {
            let what = format!("{} refuses after failed reads at {:?}", self.who(), seen.failed);
            self.world.violated("one failed read of the secrets refuses nobody", what);
        }
    }
}

fn of_sources(values: &aws::SecretMap) -> SecretMap {
    let secrets = |lines: &SecretString| {
        Secrets(lines.expose_secret().lines().map(|line| SecretString::from(line.to_owned())).collect())
    };
    values.iter().map(|(source, lines)| (source.clone(), secrets(lines))).collect()
}

/// Secrets in the trace.
struct Hidden(aws::SecretMap);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("secrets")
    }
}
