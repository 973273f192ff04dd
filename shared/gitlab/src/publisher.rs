//! [`Gitlab`]: GitLab as a [`Publisher`].

use async_trait::async_trait;
use domain::{
    Audience, Clock, Comment, InternalNotes, Labels, Mark, Proof, Publisher, ServiceError, Target,
    ThreadState, Timestamp,
};
use outbound::BuildError;
use secrecy::SecretString;

use crate::api::{ADD_LABELS, Api, FIND, HISTORY, LABELS, LOGIN, PUBLISH, STATE};
use crate::config::Config;
use crate::place::Place;
use crate::{labels, notes};

/// GitLab, by its REST API, as one account.
///
/// One value per process: it holds the connections and who the account is.
#[derive(Debug)]
pub struct Gitlab {
    api: Api,
}

impl Gitlab {
    /// A client for the site `config.base_url` with an access token of the scope `api`. Asks nobody and opens no
    /// connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(token, config, clock)? })
    }

    async fn last(
        &self,
        target: &Target,
        limit: usize,
        audience: Audience,
    ) -> Result<Vec<Comment>, ServiceError> {
        let (call, place) = self.api.client.begin_on(HISTORY, target, Place::of)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        notes::last(&self.api, call, place, limit, audience).await
    }

    async fn create(
        &self,
        target: &Target,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        let (call, place) = self.api.client.begin_on(PUBLISH, target, Place::of)?;
        notes::create(&self.api, call, place, text, mark, audience).await
    }
}

#[async_trait]
impl Publisher for Gitlab {
    /// The account's name, which is the author of its notes and what people mention.
    async fn login(&self) -> Result<String, ServiceError> {
        self.api.me(self.api.client.begin(LOGIN)).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Public).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, place) = self.api.client.begin_on(STATE, target, Place::of)?;
        Ok(notes::noteable(&self.api, call, place).await?.thread())
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
        let (call, place) = self.api.client.begin_on(FIND, target, Place::of)?;
        notes::find(&self.api, call, place, mark, since).await
    }

    fn labels(&self) -> Option<&dyn Labels> {
        Some(self)
    }

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        Some(self)
    }

    fn link(&self, target: &Target) -> Option<String> {
        let (_, place) = self.api.client.begin_on(HISTORY, target, Place::of).ok()?;
        place.link(self.api.client.base()).map(String::from)
    }
}

/// Internal notes, and what is said in confidential issues.
#[async_trait]
impl InternalNotes for Gitlab {
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Internal).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.create(target, text, mark, Audience::Internal).await
    }

    async fn audience(&self, target: &Target, id: &str) -> Result<Option<Audience>, ServiceError> {
        let (call, place) = self.api.client.begin_on(HISTORY, target, Place::of)?;
        notes::audience(&self.api, call, place, id).await
    }
}

#[async_trait]
impl Labels for Gitlab {
    async fn list(&self, target: &Target) -> Result<Vec<String>, ServiceError> {
        let (call, place) = self.api.client.begin_on(LABELS, target, Place::of)?;
        labels::list(&self.api, call, place).await
    }

    async fn add(&self, target: &Target, labels: &[String]) -> Result<(), ServiceError> {
        let (call, place) = self.api.client.begin_on(ADD_LABELS, target, Place::of)?;
        labels::add(&self.api, call, place, labels).await
    }
}
