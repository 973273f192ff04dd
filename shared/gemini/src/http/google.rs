//! [`Tokens`]: access tokens of Google's, for Vertex AI.
//!
//! `google-cloud-auth` knows the kinds of credentials. It keeps a token and fetches the next one four minutes before
//! its end, in a task that stands still while the environment is frozen, and that ends for good at a refusal. So what
//! is refused here is forgotten, and credentials are made anew at the next call.

use std::fmt;
use std::time::Duration;

use google_cloud_auth::credentials::{
    AccessTokenCredentials, Builder, external_account, impersonated, service_account, user_account,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::key::{Key, NoKey};

/// What the tokens are good for; the account's roles say more narrowly what it may do.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// A token has come by then, or the call fails as if the service could not be reached.
const TIMEOUT: Duration = Duration::from_secs(10);
const NONE_HERE: &str =
    "GOOGLE_CREDENTIALS and the endpoint's workload_identity are not set, and this place gives none";

/// Tokens of one account.
pub(crate) struct Tokens {
    /// The credentials' JSON; `None`: those of the place, as Google's tools find them.
    source: Option<SecretString>,
    credentials: Mutex<Option<AccessTokenCredentials>>,
}

impl Tokens {
    pub(crate) fn new(source: Option<SecretString>) -> Self {
        Self { source, credentials: Mutex::default() }
    }

    /// A token that is good for some minutes.
    pub(crate) async fn key(&self) -> Result<Key, NoKey> {
        let mut credentials = self.credentials.lock().await;
        self.fetch(&mut credentials).await
    }

    /// A token other than `refused`, which the service does not take, whatever its end says.
    pub(crate) async fn other_than(&self, refused: &Key) -> Result<Key, NoKey> {
        let mut credentials = self.credentials.lock().await;
        let known = self.fetch(&mut credentials).await?;
        if !known.is(refused) {
            return Ok(known);
        }
        *credentials = None;
        self.fetch(&mut credentials).await
    }

    async fn fetch(&self, credentials: &mut Option<AccessTokenCredentials>) -> Result<Key, NoKey> {
        let known = match credentials {
            Some(known) => known,
            None => credentials.insert(made(self.source.as_ref())?),
        };
        let token = tokio::time::timeout(TIMEOUT, known.access_token()).await;
        let problem = match token {
            Ok(Ok(token)) => {
                return Key::token(token.token.into()).map_err(|error| NoKey::Refused(error.to_string()));
            }
            Ok(Err(error)) if !error.is_transient() => NoKey::Refused(described(&error)),
            // What the place has is on this machine: no network comes between.
            Ok(Err(_)) | Err(_) if self.source.is_none() => NoKey::Refused(NONE_HERE.to_owned()),
            Ok(Err(_)) | Err(_) => NoKey::Unreachable,
        };
        *credentials = None;
        Err(problem)
    }
}

/// Credentials of whatever kind `source` is.
fn made(source: Option<&SecretString>) -> Result<AccessTokenCredentials, NoKey> {
    let refused = |words: &str| NoKey::Refused(words.to_owned());
    let built = match source {
        None => Builder::default().with_scopes([SCOPE]).build_access_token_credentials(),
        Some(source) => {
            let json: Value = serde_json::from_str(source.expose_secret())
                .map_err(|_| refused("the credentials are no JSON"))?;
            let scopes = || service_account::AccessSpecifier::from_scopes([SCOPE]);
            match json.get("type").and_then(Value::as_str) {
                Some("service_account") => service_account::Builder::new(json)
                    .with_access_specifier(scopes())
                    .build_access_token_credentials(),
                Some("authorized_user") => {
                    user_account::Builder::new(json).with_scopes([SCOPE]).build_access_token_credentials()
                }
                Some("external_account") => {
                    external_account::Builder::new(json).with_scopes([SCOPE]).build_access_token_credentials()
                }
                Some("impersonated_service_account") => {
                    impersonated::Builder::new(json).with_scopes([SCOPE]).build_access_token_credentials()
                }
                _ => return Err(refused("the credentials are of no kind that is known")),
            }
        }
    };
    built.map_err(|error| NoKey::Refused(described(&error)))
}

/// What caused `error`, which by itself says little, on one line.
fn described(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error.source().unwrap_or(error)), |&error| error.source());
    let words: Vec<String> = causes.map(ToString::to_string).collect();
    words.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}
