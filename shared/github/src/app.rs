//! [`App`]: acts as a GitHub App through its installations, whose tokens it caches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{ServiceError, ServiceFailure, Timestamp, after};
use outbound::{Answer, BuildError, Call, Client, Credential, Request, SingleFlight, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app_key::AppKey;
use crate::config::{CredentialKind, SERVICE};
use crate::operation::APP;
use crate::problem;
use crate::redirect;
use crate::thread::Thread;

/// A token that expires sooner than this is not used: it must outlast the longest operation, and clocks
/// differ.
const EXPIRY_MARGIN: Duration = Duration::from_secs(5 * 60);

/// A token of the app itself is sent again for so long: it is valid for nine minutes, and a cold start needs three of
/// them within a second, at the price of an RSA signature each.
const SIGNED_FOR: Duration = Duration::from_secs(60);

const INVALID_ID: BuildError = BuildError::Setting {
    setting: "the GitHub App id",
    problem: "must be its number or client id, as shown on the app's settings page",
};

/// A GitHub App and what is known of its installations.
#[derive(Debug)]
pub(crate) struct App {
    id: String,
    key: AppKey,
    /// The token that was signed last, and when.
    signed: Mutex<Option<(Timestamp, Credential)>>,
    /// By owner in lower case. It stays as short as the list of accounts that have installed the app, since
    /// owners come from signed webhooks.
    installations: Mutex<HashMap<String, Arc<Installation>>>,
}

/// The app's installation on one account.
#[derive(Debug, Default)]
struct Installation {
    /// Its id, 0 while unknown.
    id: AtomicU64,
    token: SingleFlight<Token>,
}

#[derive(Debug, Clone)]
struct Token {
    credential: Credential,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct InstallationAnswer {
    id: u64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: String,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct AppAnswer {
    slug: String,
}

impl App {
    /// Checks id and key.
    pub(crate) fn new(id: &str, private_key: &SecretString) -> Result<Self, BuildError> {
        let id = id.trim();
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return Err(INVALID_ID);
        }
        let key = AppKey::from_pem(private_key)?;
        Ok(Self { id: id.to_owned(), key, signed: Mutex::default(), installations: Mutex::default() })
    }

    /// The account that the app writes under.
    pub(crate) async fn login(&self, client: &Client, within: Call) -> Result<String, ServiceError> {
        let call = Call { operation: APP, ..within };
        let request = Request::get(client.base().join(&["app"]), &[]);
        let app: AppAnswer = self.call(client, call, &request).await?;
        Ok(format!("{}[bot]", app.slug))
    }

    /// A token for the account that owns the thread's repository, or that the thread is, from the cache if it can be.
    pub(crate) async fn token(
        &self,
        client: &Client,
        within: Call,
        thread: Thread<'_>,
    ) -> Result<Credential, ServiceError> {
        let call = Call { operation: APP, ..within };
        let installation = self.installation(thread.owner);
        let fresh = |token: &Token| after(client.now(), EXPIRY_MARGIN) < token.expires_at;
        let fetch = self.fetch(client, call, &installation, thread);
        let token = installation.token.get_by(client, call, fresh, fetch).await;
        // Who is not installed there can do nothing in any thread of the repository.
        let is_out = |error: &ServiceError| {
            problem::is_of_thread(within.operation) && error.failure == ServiceFailure::Refused
        };
        token.map(|token| token.credential).map_err(|error| match is_out(&error) {
            true => ServiceError { failure: ServiceFailure::AccountRefused, ..error },
            false => error,
        })
    }

    /// Drops the token that GitHub has refused, unless it has been replaced already.
    pub(crate) async fn forget(&self, thread: Thread<'_>, refused: &Credential) {
        self.installation(thread.owner).token.forget(|token| token.credential == *refused).await;
    }

    fn installation(&self, owner: &str) -> Arc<Installation> {
        // Every change under this lock is a single insertion: nothing is left half done by a panic.
        let mut all = self.installations.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(owner.to_ascii_lowercase()).or_default())
    }

    async fn fetch(
        &self,
        client: &Client,
        call: Call,
        installation: &Installation,
        thread: Thread<'_>,
    ) -> Result<Token, ServiceError> {
        let known = installation.id.load(Ordering::Relaxed);
        if known != 0 {
            let (answer, client) = self.send(client, call, &token_request(client, known)).await?;
            // Gone: the app was removed from the account, and perhaps installed anew.
            if answer.status != StatusCode::NOT_FOUND {
                return token_of(&client, call, &answer);
            }
        }
        let url = match thread.repo {
            "" => client.base().join(&["orgs", thread.owner, "installation"]),
            repo => client.base().join(&["repos", thread.owner, repo, "installation"]),
        };
        let found: InstallationAnswer = self.call(client, call, &Request::get(url, &[])).await?;
        installation.id.store(found.id, Ordering::Relaxed);
        let (answer, client) = self.send(client, call, &token_request(client, found.id)).await?;
        token_of(&client, call, &answer)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        client: &Client,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        let (answer, client) = self.send(client, call, request).await?;
        read(&client, call, &answer)
    }

    /// Sends a request in the name of the app itself. Returns the client that has its credential, too.
    pub(crate) async fn send(
        &self,
        client: &Client,
        call: Call,
        request: &Request,
    ) -> Result<(Answer, Client), ServiceError> {
        let client = client.with(self.credential(client, call)?);
        Ok((redirect::send(&client, call, request).await?, client))
    }

    /// What shows GitHub that we are the app: signed anew only if the last one is not of this minute.
    fn credential(&self, client: &Client, call: Call) -> Result<Credential, ServiceError> {
        let unsigned = || client.later(call, "the app's token could not be signed");
        let now = client.now();
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes a token that GitHub takes for one of the future.
        let is_fresh = |at: Timestamp| at <= now && now < after(at, SIGNED_FOR);
        if let Some((_, credential)) = signed.as_ref().filter(|(at, _)| is_fresh(*at)) {
            return Ok(credential.clone());
        }
        let jwt = self.key.sign(&self.id, now).map_err(|_| unsigned())?;
        let credential = Credential::bearer(&SERVICE, &jwt.into()).map_err(|_| unsigned())?;
        *signed = Some((now, credential.clone()));
        Ok(credential)
    }
}

fn read<T: DeserializeOwned>(client: &Client, call: Call, answer: &Answer) -> Result<T, ServiceError> {
    client.read(call, answer, problem::with(CredentialKind::App))
}

fn token_of(client: &Client, call: Call, answer: &Answer) -> Result<Token, ServiceError> {
    let TokenAnswer { token, expires_at } = read(client, call, answer)?;
    let credential = Credential::bearer(&SERVICE, &token.into())
        .map_err(|_| client.later(call, "GitHub sent an unusable token"))?;
    Ok(Token { credential, expires_at })
}

fn token_request(client: &Client, installation: u64) -> Request {
    let segments = ["app", "installations", &installation.to_string(), "access_tokens"];
    Request::post_nothing(client.base().join(&segments))
}
