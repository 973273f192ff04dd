//! [`Jira`]: Jira as a [`Publisher`].

use async_trait::async_trait;
use domain::{
    Audience, Clock, Comment, InternalNotes, Mark, Proof, Publisher, ServiceError, Target, ThreadState,
    Timestamp,
};
use outbound::BuildError;
use secrecy::SecretString;

use crate::api::{Api, FIND, HISTORY, LOGIN, PUBLISH, STATE};
use crate::comments;
use crate::config::Config;
use crate::issue::Issue;
use crate::state;

/// Jira Cloud, by its REST API, as one account on one site.
///
/// One value per process: it holds the connections and who the account is.
#[derive(Debug)]
pub struct Jira {
    api: Api,
}

impl Jira {
    /// A client for the site `config.base_url` with an account's address and its API token. Asks nobody
    /// and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(email: &str, token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(email, token, config, clock)? })
    }

    async fn last(&self, target: &Target, limit: usize, of: Audience) -> Result<Vec<Comment>, ServiceError> {
        let (call, issue) = self.api.client.begin_on(HISTORY, target, Issue::of)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        comments::last(&self.api, call, issue, limit, of).await
    }

    async fn create(
        &self,
        target: &Target,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        let (call, issue) = self.api.client.begin_on(PUBLISH, target, Issue::of)?;
        comments::create(&self.api, call, issue, text, mark, audience).await
    }
}

#[async_trait]
impl Publisher for Jira {
    /// The account's id, which is the author of its comments and what a mention names.
    async fn login(&self) -> Result<String, ServiceError> {
        self.api.myself(self.api.client.begin(LOGIN)).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Public).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, issue) = self.api.client.begin_on(STATE, target, Issue::of)?;
        state::of(&self.api, call, issue).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.create(target, text, mark, Audience::Public).await
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

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        Some(self)
    }

    fn link(&self, target: &Target) -> Option<String> {
        let (_, issue) = self.api.client.begin_on(HISTORY, target, Issue::of).ok()?;
        issue.link(self.api.client.base())
    }
}

/// Comments of a service desk that its customers do not see.
#[async_trait]
impl InternalNotes for Jira {
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Internal).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.create(target, text, mark, Audience::Internal).await
    }

    async fn audience(&self, target: &Target, id: &str) -> Result<Option<Audience>, ServiceError> {
        let (call, _) = self.api.client.begin_on(HISTORY, target, Issue::of)?;
        comments::audience(&self.api, call, id).await
    }
}
