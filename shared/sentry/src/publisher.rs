//! [`Sentry`]: Sentry as a [`Publisher`].

use async_trait::async_trait;
use domain::{Clock, Comment, Mark, Proof, Publisher, ServiceError, Target, ThreadState, Timestamp};
use outbound::BuildError;
use secrecy::SecretString;

use crate::api::{Api, FIND, HISTORY, LOGIN, PUBLISH, STATE};
use crate::comments;
use crate::config::Config;
use crate::issue::Issue;

/// Sentry, by its REST API.
///
/// One value per process: it holds the connections and who the account is.
#[derive(Debug)]
pub struct Sentry {
    api: Api,
}

impl Sentry {
    /// A client with a token of an internal integration, or of a user. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(token, config, clock)? })
    }
}

#[async_trait]
impl Publisher for Sentry {
    /// The account's id, which is the author of its comments.
    async fn login(&self) -> Result<String, ServiceError> {
        self.api.me(self.api.client.begin(LOGIN)).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let (call, issue) = self.api.client.begin_on(HISTORY, target, Issue::of)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        comments::last(&self.api, call, issue, limit).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, issue) = self.api.client.begin_on(STATE, target, Issue::of)?;
        comments::state(&self.api, call, issue).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let (call, issue) = self.api.client.begin_on(PUBLISH, target, Issue::of)?;
        comments::create(&self.api, call, issue, text, mark).await
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let (call, issue) = self.api.client.begin_on(FIND, target, Issue::of)?;
        comments::find(&self.api, call, issue, mark, since).await
    }

    fn link(&self, target: &Target) -> Option<String> {
        let (_, issue) = self.api.client.begin_on(HISTORY, target, Issue::of).ok()?;
        Some(issue.link(self.api.client.base()))
    }
}
