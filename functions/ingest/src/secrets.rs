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

use futures::future::BoxFuture;
use settings::Environment;
use webhook::Secrets;

/// The secrets of each source, by its name.
pub type SecretMap = BTreeMap<String, Secrets>;

/// Reads secrets that are kept elsewhere.
pub type ReadSecrets = Box<dyn Fn(Want) -> BoxFuture<'static, Result<SecretMap, Unreadable>> + Send + Sync>;

/// Which secrets are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Those in use; a copy that is minutes old will do.
    Current,
    /// Newer ones than those that a signature was just checked against in vain; the same ones again
    /// if there can be none.
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
    pub(crate) async fn current(&self) -> Result<Cow<'_, SecretMap>, Unreadable> {
        match &self.0 {
            Kind::Fixed(secrets) => Ok(Cow::Borrowed(secrets)),
            Kind::Kept(read) => read(Want::Current).await.map(Cow::Owned),
        }
    }

    /// Secrets that may be newer than those that a signature was just checked against in vain; `None`
    /// when there can be none.
    pub(crate) async fn newer(&self) -> Result<Option<SecretMap>, Unreadable> {
        match &self.0 {
            Kind::Fixed(_) => Ok(None),
            Kind::Kept(read) => read(Want::Newer).await.map(Some),
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

/// The signing secrets of the sources `names`; one that has none is left out, and takes nothing.
#[must_use]
pub fn signing_secrets(environment: &Environment, names: &[String]) -> SecretMap {
    let of = |name: &String| Some((name.clone(), environment.secrets_for(name)?.clone()));
    names.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn source_without_a_secret_is_left_out() {
        let variables = [("GITHUB_WEBHOOK_SECRET", "new\nold\n"), ("WORK_REPO_WEBHOOK_SECRET", "x")];
        let environment = Environment::from_map(variables).unwrap();
        let secrets = signing_secrets(&environment, &["github".to_owned(), "gitlab".to_owned()]);
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["github"]);
        let lines: Vec<&str> = secrets["github"].0.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(lines, ["new", "old"]);
    }
}
