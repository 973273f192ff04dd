//! [`App`]: acts as a GitHub App through its installations, whose tokens it caches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, ServiceError, Timestamp, after};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::answer::Answer;
use crate::app_key::AppKey;
use crate::base::Thread;
use crate::config::BuildError;
use crate::credentials::{Bearer, Kind};
use crate::failure;
use crate::flight::Flight;
use crate::operation::Operation;
use crate::transport::{Request, Transport};

/// A token is not used any more when it has less than this to live: it must outlast the longest
/// operation, and clocks differ.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// A GitHub App and what is known of its installations.
#[derive(Debug)]
pub(crate) struct App {
    id: String,
    key: AppKey,
    clock: Clock,
    /// By owner in lower case. Owners come from signed webhooks and the list stays as short as that
    /// of the accounts that have installed the app.
    installations: Mutex<HashMap<String, Arc<Installation>>>,
}

/// The app's installation on one account.
#[derive(Debug, Default)]
struct Installation {
    /// Its id, 0 while unknown.
    id: AtomicU64,
    token: Flight<Token>,
}

#[derive(Debug, Clone)]
struct Token {
    bearer: Bearer,
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
    pub(crate) fn new(id: &str, private_key: &SecretString, clock: Clock) -> Result<Self, BuildError> {
        let id = id.trim();
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return Err(BuildError::AppId);
        }
        let key = AppKey::from_pem(private_key)?;
        Ok(Self { id: id.to_owned(), key, clock, installations: Mutex::default() })
    }

    /// The account that the app writes under.
    pub(crate) async fn login(
        &self,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<String, ServiceError> {
        let request = Request::get(transport.base.join(&["app"]));
        let (answer, bearer) = self.send(transport, request, deadline).await?;
        let app: AppAnswer = self.decode(&answer, &bearer)?;
        Ok(format!("{}[bot]", app.slug))
    }

    /// A token for the account that owns the thread's repository, from the cache if it can be.
    pub(crate) async fn token(
        &self,
        transport: &Transport,
        thread: Thread<'_>,
        deadline: Instant,
    ) -> Result<Bearer, ServiceError> {
        let installation = self.installation(thread.owner);
        let fresh = |token: &Token| after(self.clock.now(), MARGIN) < token.expires_at;
        let fetch = self.fetch(transport, &installation, thread, deadline);
        // Waiting for somebody else's fetch counts too.
        match timeout_at(deadline, installation.token.get(fresh, fetch)).await {
            Ok(token) => Ok(token?.bearer),
            Err(_) => Err(failure::later(Operation::App, "no answer in time".to_owned())),
        }
    }

    /// Drops the token that GitHub has refused, unless it has been replaced already.
    pub(crate) async fn forget(&self, thread: Thread<'_>, refused: &Bearer) {
        self.installation(thread.owner).token.forget(|token| token.bearer.is(refused)).await;
    }

    fn installation(&self, owner: &str) -> Arc<Installation> {
        // Every change under this lock is a single insertion: nothing is left half done by a panic.
        let mut all = self.installations.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(owner.to_ascii_lowercase()).or_default())
    }

    async fn fetch(
        &self,
        transport: &Transport,
        installation: &Installation,
        thread: Thread<'_>,
        deadline: Instant,
    ) -> Result<Token, ServiceError> {
        let known = installation.id.load(Ordering::Relaxed);
        if known != 0 {
            let (answer, bearer) = self.send(transport, token_request(transport, known), deadline).await?;
            // Gone: the app was removed from the account, and perhaps installed anew.
            if answer.status != StatusCode::NOT_FOUND {
                return self.token_of(&answer, &bearer);
            }
        }
        let request =
            Request::get(transport.base.join(&["repos", thread.owner, thread.repo, "installation"]));
        let (answer, bearer) = self.send(transport, request, deadline).await?;
        let found: InstallationAnswer = self.decode(&answer, &bearer)?;
        installation.id.store(found.id, Ordering::Relaxed);
        let (answer, bearer) = self.send(transport, token_request(transport, found.id), deadline).await?;
        self.token_of(&answer, &bearer)
    }

    /// Sends a request in the name of the app itself.
    async fn send(
        &self,
        transport: &Transport,
        request: Request,
        deadline: Instant,
    ) -> Result<(Answer, Bearer), ServiceError> {
        let unsigned = || failure::later(Operation::App, "the app's token could not be signed".to_owned());
        let jwt = self.key.sign(&self.id, self.clock.now()).ok();
        let bearer = jwt.as_deref().and_then(Bearer::new).ok_or_else(unsigned)?;
        let answer = transport.send(&request, &bearer, deadline).await;
        answer.map(|answer| (answer, bearer)).map_err(|broken| failure::broken(Operation::App, broken))
    }

    fn decode<T: DeserializeOwned>(&self, answer: &Answer, bearer: &Bearer) -> Result<T, ServiceError> {
        answer.decode(Operation::App, bearer, Kind::App, self.clock.now())
    }

    fn token_of(&self, answer: &Answer, jwt: &Bearer) -> Result<Token, ServiceError> {
        let TokenAnswer { token, expires_at } = self.decode(answer, jwt)?;
        let unusable = || failure::later(Operation::App, "GitHub sent an unusable token".to_owned());
        Ok(Token { bearer: Bearer::new(&token).ok_or_else(unusable)?, expires_at })
    }
}

fn token_request(transport: &Transport, installation: u64) -> Request {
    let url = transport.base.join(&["app", "installations", &installation.to_string(), "access_tokens"]);
    Request::post(url, None)
}
