//! [`SecretReader`]: the environment with a Secrets Manager secret laid over it.

use std::sync::{Arc, Mutex, PoisonError};

use aws::{SecretMap, Secrets};
use domain::{Clock, Timestamp};
use settings::{Environment, Variables};

use crate::Booted;

/// The secret cannot be read, or what it holds makes no environment. Free of secrets.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct SecretsUnreadable(String);

/// Reads the environment anew, at most every 5 minutes from Secrets Manager itself.
#[derive(Clone)]
pub struct SecretReader {
    secrets: Option<Arc<Secrets>>,
    variables: Variables,
    clock: Clock,
    /// The environment last made, and the secrets that it was made of: every webhook asks for it.
    made: Arc<Mutex<Option<Made>>>,
}

/// The secrets, and the environment with them laid over it.
type Made = (Option<Arc<SecretMap>>, Arc<Environment>);

impl Booted {
    /// The reader of `VERIFY_SECRET_ID`: signing secrets, for ingest alone.
    #[must_use]
    pub fn verify_secrets(&self) -> SecretReader {
        self.reader(self.environment.verify_secret_id.clone(), "VERIFY_SECRET_ID")
    }

    /// The reader of `ACT_SECRET_ID`: the credentials that act, for processor and sweeper.
    #[must_use]
    pub fn act_secrets(&self) -> SecretReader {
        self.reader(self.environment.act_secret_id.clone(), "ACT_SECRET_ID")
    }

    /// The reader of `CONSOLE_SECRET_ID`: the tokens of the people, for the console alone. It faces the
    /// internet, and so reads nothing that acts.
    #[must_use]
    pub fn console_secrets(&self) -> SecretReader {
        self.reader(self.environment.console_secret_id.clone(), "CONSOLE_SECRET_ID")
    }

    fn reader(&self, id: Option<String>, variable: &'static str) -> SecretReader {
        SecretReader {
            secrets: id.map(|id| Arc::new(Secrets::new(&self.sdk, id, variable))),
            variables: self.variables.clone(),
            clock: self.clock.clone(),
            made: Arc::default(),
        }
    }
}

impl SecretReader {
    /// The environment, its secrets at most 5 minutes old. Without a secret's id it is the plain one.
    ///
    /// # Errors
    /// [`SecretsUnreadable`].
    pub async fn environment(&self) -> Result<Arc<Environment>, SecretsUnreadable> {
        let Some(secrets) = &self.secrets else { return self.overlaid(None) };
        let values = secrets.read(self.now()).await.map_err(|error| SecretsUnreadable(error.to_string()))?;
        self.overlaid(Some(&values))
    }

    /// The environment with secrets younger than those that just did not verify a signature; the one
    /// in use when it is no older than 30 s.
    ///
    /// # Errors
    /// [`SecretsUnreadable`].
    pub async fn after_failure(&self) -> Result<Arc<Environment>, SecretsUnreadable> {
        let Some(secrets) = &self.secrets else { return self.overlaid(None) };
        match secrets.refresh_after_failure(self.now()).await {
            Ok(Some(values)) => self.overlaid(Some(&values)),
            Ok(None) => self.environment().await,
            Err(error) => Err(SecretsUnreadable(error.to_string())),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn overlaid(&self, values: Option<&Arc<SecretMap>>) -> Result<Arc<Environment>, SecretsUnreadable> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, environment)) = &*made
            && same(of.as_ref(), values)
        {
            return Ok(Arc::clone(environment));
        }
        let mut variables = self.variables.clone();
        for (name, value) in values.into_iter().flat_map(|values| values.iter()) {
            variables.set_secret(name, value);
        }
        let environment = variables.environment();
        let environment = Arc::new(environment.map_err(|mistakes| SecretsUnreadable(mistakes.to_string()))?);
        *made = Some((values.cloned(), Arc::clone(&environment)));
        Ok(environment)
    }
}

fn same(one: Option<&Arc<SecretMap>>, other: Option<&Arc<SecretMap>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}
