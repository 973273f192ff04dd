//! [`SecretsSource`]: the live signing secrets, fixed at the start or kept elsewhere.
//!
//! Secrets are rotated while webhooks keep coming, so a copy of them may be out of date. Whoever
//! keeps them decides how old a copy may be and how often a failed signature may ask for a newer one
//! (on AWS, `aws::Secrets`: 5 minutes, and once in 30 seconds, since a forger can ask as well). Here
//! it is decided what that means for a webhook: when nobody can say which secrets are live, the
//! sender hears 503 and tries again, never 401, at which some senders give up for good.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use domain::Timestamp;
use futures::future::BoxFuture;
use webhook::Secrets;

/// The secrets of each source, by its name.
pub type SecretMap = BTreeMap<String, Secrets>;

/// Reads secrets that are kept elsewhere, at the given time. `Ok(None)` to [`Want::Newer`] says that
/// there can be none newer, so the signature is really wrong.
pub type ReadSecrets =
    Box<dyn Fn(Want, Timestamp) -> BoxFuture<'static, Result<Option<SecretMap>, Unreadable>> + Send + Sync>;

/// Which secrets are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Those in use; a copy that is minutes old will do.
    Current,
    /// Newer ones than those that a signature was just checked against in vain.
    Newer,
}

/// The secrets cannot be read, so nobody can say whether a signature holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing secrets cannot be read: {0}")]
pub struct Unreadable(String);

impl Unreadable {
    /// For that reason, which must be free of secrets: it goes into the log.
    pub fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// Where the signing secrets come from.
pub struct SecretsSource(Kind);

enum Kind {
    Fixed(SecretMap),
    Kept(ReadSecrets),
}

impl SecretsSource {
    /// Secrets that stay as they are: those of the environment.
    #[must_use]
    pub fn fixed(secrets: SecretMap) -> Self {
        Self(Kind::Fixed(secrets))
    }

    /// Secrets that are kept elsewhere and may change.
    #[must_use]
    pub fn kept(read: ReadSecrets) -> Self {
        Self(Kind::Kept(read))
    }

    /// Secrets to check a signature against.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Cow<'_, SecretMap>, Unreadable> {
        match &self.0 {
            Kind::Fixed(secrets) => Ok(Cow::Borrowed(secrets)),
            Kind::Kept(read) => Ok(Cow::Owned(read(Want::Current, now).await?.unwrap_or_default())),
        }
    }

    /// Secrets newer than those that a signature was just checked against in vain; `None` when there
    /// can be none.
    pub(crate) async fn newer(&self, now: Timestamp) -> Result<Option<SecretMap>, Unreadable> {
        match &self.0 {
            Kind::Fixed(_) => Ok(None),
            Kind::Kept(read) => read(Want::Newer, now).await,
        }
    }
}

impl fmt::Debug for SecretsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Fixed(_) => "SecretsSource::fixed",
            Kind::Kept(_) => "SecretsSource::kept",
        })
    }
}
