//! [`Linear`]: Linear as a [`Publisher`].

use async_trait::async_trait;
use domain::{Clock, Comment, Mark, Proof, Publisher, ServiceError, Target, ThreadState, Timestamp};
use outbound::BuildError;
use secrecy::SecretString;

use crate::api::{Api, FIND, HISTORY, LOGIN, PUBLISH, STATE};
use crate::comments;
use crate::config::Config;
use crate::issue::Issue;
use crate::state;

/// Linear, by its GraphQL API, as one account of one workspace.
///
/// One value per process: it holds the connections and who the account is.
#[derive(Debug)]
pub struct Linear {
    api: Api,
}

impl Linear {
    /// A client with a personal API key, or an access token of an OAuth application. Asks nobody and opens no
    /// connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(key: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(key, config, clock)? })
    }
}

#[async_trait]
impl Publisher for Linear {
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
        state::of(&self.api, call, issue).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let (call, issue) = self.api.client.begin_on(PUBLISH, target, Issue::of)?;
        comments::create(&self.api, call, issue, text, mark).await
    }

    /// Linear refuses an id that it has already, and ours is made of the mark.
    fn knows_repetitions(&self) -> bool {
        true
    }

    /// The comment's id says all: when it was written does not matter.
    async fn find(&self, target: &Target, mark: &Mark, _: Timestamp) -> Result<Option<Proof>, ServiceError> {
        let (call, _) = self.api.client.begin_on(FIND, target, Issue::of)?;
        comments::find(&self.api, call, mark).await
    }
}
