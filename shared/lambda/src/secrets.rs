//! [`SecretReader`]: the environment with a Secrets Manager secret laid over it.

use std::sync::{Arc, Mutex, PoisonError};

use aws::{SecretMap, Secrets};
use domain::{Clock, Timestamp};
use secrecy::ExposeSecret;
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
    /// The environment last made, and the secrets that it was made of: every webhook asks for it, and what
    /// is made of it is kept as long as it is the same.
    made: Arc<Mutex<Option<Made>>>,
}

/// The secrets, and the environment with them laid over it.
type Made = (Option<Arc<SecretMap>>, Arc<Environment>);

impl<S> Booted<S> {
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
    /// The environment, its secrets at most 5 minutes old; the same one ([`Arc::ptr_eq`]) until the value of a
    /// variable changes. Without a secret's id it is the plain one.
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

/// Whether both have the same variables with the same values.
fn same(one: Option<&Arc<SecretMap>>, other: Option<&Arc<SecretMap>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other) || values(one).eq(values(other)),
        (None, None) => true,
        _ => false,
    }
}

fn values(map: &SecretMap) -> impl Iterator<Item = (&String, &str)> {
    map.iter().map(|(name, value)| (name, value.expose_secret()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;
    use crate::MadeOf;

    /// Every variable that the act secret may hold, and one that nothing reads yet: two secrets, since some
    /// variables exclude each other.
    const SECRETS: [&[&str]; 2] = [
        &[
            "API_WEBHOOK_SECRET",
            "AUTOMATION_RESET",
            "CONSOLE_TOKEN",
            "GEMINI_API_KEY",
            "GEMINI_BASE_URL",
            "GITHUB_API_URL",
            "GITHUB_TOKEN",
            "GITLAB_API_URL",
            "GITLAB_TOKEN",
            "JIRA_API_TOKEN",
            "JIRA_API_URL",
            "JIRA_EMAIL",
            "LINEAR_API_KEY",
            "LINEAR_API_URL",
            "PAGERDUTY_API_TOKEN",
            "PAGERDUTY_API_URL",
            "PAGERDUTY_EMAIL",
            "SENTRY_API_URL",
            "SENTRY_AUTH_TOKEN",
            "SERVICE_OF_TOMORROW_TOKEN",
            "SLACK_API_URL",
            "SLACK_BOT_TOKEN",
            "STRIPE_API_KEY",
            "STRIPE_API_URL",
            "ZENDESK_API_TOKEN",
            "ZENDESK_API_URL",
            "ZENDESK_EMAIL",
        ],
        &["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "ZENDESK_OAUTH_TOKEN", "ZENDESK_SUBDOMAIN"],
    ];

    fn value(name: &str, version: u8) -> String {
        match name {
            "CONSOLE_TOKEN" => format!("ann:v{version}-of-a-token-that-nobody-guesses"),
            "GITHUB_APP_PRIVATE_KEY" => {
                format!("-----BEGIN PRIVATE KEY-----\nv{version}\n-----END PRIVATE KEY-----")
            }
            "JIRA_API_URL" => format!("https://v{version}.atlassian.net"),
            _ if name.ends_with("_URL") => format!("https://v{version}.example"),
            _ if name.ends_with("_EMAIL") => format!("v{version}@example.com"),
            _ => format!("v{version}"),
        }
    }

    /// A secret of these variables, with the second version of the one called `rotated`.
    fn secret(variables: &[&str], rotated: Option<&str>) -> Arc<SecretMap> {
        let version = |name: &str| if rotated == Some(name) { 2 } else { 1 };
        let variable = |name: &&str| ((*name).to_owned(), value(name, version(name)).into());
        Arc::new(variables.iter().map(variable).collect())
    }

    fn reader() -> SecretReader {
        let variables = Variables::from_map([("AFTERHOOK_LOG", "info")]);
        SecretReader { secrets: None, variables, clock: Clock::system(), made: Arc::default() }
    }

    #[test]
    fn every_variable_of_the_secret_that_changes_makes_a_new_processor() {
        for (variables, rotated) in SECRETS.iter().flat_map(|all| all.iter().map(move |one| (*all, *one))) {
            let (reader, processor, count) = (reader(), MadeOf::default(), Cell::new(0));
            let make = |_: &Environment| {
                count.set(count.get() + 1);
                Ok::<_, Infallible>(count.get())
            };
            // Secrets Manager answers every five minutes with a map of its own, mostly of the same values.
            let made = [None, None, Some(rotated), Some(rotated), None].map(|rotated| {
                let environment = reader.overlaid(Some(&secret(variables, rotated))).unwrap();
                *processor.get(&environment, make).unwrap()
            });
            assert_eq!(made, [1, 1, 2, 2, 3], "{rotated}");
        }
    }

    #[test]
    fn a_variable_that_comes_or_goes_makes_another_environment() {
        let reader = reader();
        let whole = reader.overlaid(Some(&secret(SECRETS[0], None))).unwrap();
        let mut fewer = SecretMap::clone(&secret(SECRETS[0], None));
        fewer.remove("GITHUB_TOKEN");
        assert!(!Arc::ptr_eq(&whole, &reader.overlaid(Some(&Arc::new(fewer))).unwrap()));
        assert!(!Arc::ptr_eq(&whole, &reader.overlaid(None).unwrap()));
    }

    #[test]
    fn what_could_not_be_made_is_tried_again() {
        let (environment, processor) = (Arc::new(Environment::default()), MadeOf::default());
        assert_eq!(
            processor.get(&environment, |_| Err("not yet")).map(|made: Arc<u8>| *made),
            Err("not yet")
        );
        assert_eq!(processor.get(&environment, |_| Ok::<_, &str>(7)).map(|made| *made), Ok(7));
    }
}
