//! [`Pagerduty`]: PagerDuty as a [`Publisher`].

use async_trait::async_trait;
use domain::{Clock, Comment, Mark, Proof, Publisher, ServiceError, Target, ThreadState, Timestamp};
use outbound::BuildError;
use secrecy::SecretString;

use crate::api::{Api, FIND, HISTORY, LOGIN, PUBLISH, STATE};
use crate::config::Config;
use crate::incident::Incident;
use crate::notes;

/// PagerDuty, by its REST API.
///
/// One value per process: it holds the connections and who the account is.
#[derive(Debug)]
pub struct Pagerduty {
    api: Api,
}

impl Pagerduty {
    /// A client with an API token, which writes in the name of the user with the address `email`. Asks nobody and
    /// opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(email: &str, token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(email, token, config, clock)? })
    }
}

#[async_trait]
impl Publisher for Pagerduty {
    /// The user's id, which is the author of its notes.
    async fn login(&self) -> Result<String, ServiceError> {
        self.api.me(self.api.client.begin(LOGIN)).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let (call, incident) = self.api.client.begin_on(HISTORY, target, Incident::of)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        notes::last(&self.api, call, incident, limit).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, incident) = self.api.client.begin_on(STATE, target, Incident::of)?;
        notes::state(&self.api, call, incident).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let (call, incident) = self.api.client.begin_on(PUBLISH, target, Incident::of)?;
        notes::create(&self.api, call, incident, text, mark).await
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let (call, incident) = self.api.client.begin_on(FIND, target, Incident::of)?;
        notes::find(&self.api, call, incident, mark, since).await
    }
}
