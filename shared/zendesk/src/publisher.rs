//! [`Zendesk`]: Zendesk as a [`Publisher`].

use async_trait::async_trait;
use domain::{
    Audience, Clock, Comment, InternalNotes, Mark, Proof, Publisher, ServiceError, Target, ThreadState,
    Timestamp,
};
use outbound::BuildError;

use crate::api::{Api, FIND, HISTORY, LOGIN, PUBLISH, STATE};
use crate::comments;
use crate::config::{Config, Credentials};
use crate::ticket::Ticket;

/// Zendesk, by its Ticketing API, as one agent.
///
/// One value per process: it holds the connections and who the agent is.
#[derive(Debug)]
pub struct Zendesk {
    api: Api,
}

impl Zendesk {
    /// A client with these credentials. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(credentials: &Credentials, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(credentials, config, clock)? })
    }

    async fn last(&self, target: &Target, limit: usize, of: Audience) -> Result<Vec<Comment>, ServiceError> {
        let (call, ticket) = self.api.client.begin_on(HISTORY, target, Ticket::of)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        comments::last(&self.api, call, ticket, limit, of).await
    }

    async fn create(
        &self,
        target: &Target,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        let (call, ticket) = self.api.client.begin_on(PUBLISH, target, Ticket::of)?;
        comments::create(&self.api, call, ticket, text, mark, audience).await
    }
}

#[async_trait]
impl Publisher for Zendesk {
    /// The agent's user id, which is the author of its comments.
    async fn login(&self) -> Result<String, ServiceError> {
        Ok(self.api.me(self.api.client.begin(LOGIN)).await?.to_string())
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Public).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, ticket) = self.api.client.begin_on(STATE, target, Ticket::of)?;
        Ok(comments::state(&self.api, call, ticket).await?.thread())
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
        let (call, ticket) = self.api.client.begin_on(FIND, target, Ticket::of)?;
        comments::find(&self.api, call, ticket, mark, since).await
    }

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        Some(self)
    }

    fn link(&self, target: &Target) -> Option<String> {
        let (_, ticket) = self.api.client.begin_on(HISTORY, target, Ticket::of).ok()?;
        Some(ticket.page(self.api.client.base()))
    }
}

#[async_trait]
impl InternalNotes for Zendesk {
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Internal).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.create(target, text, mark, Audience::Internal).await
    }

    async fn audience(&self, target: &Target, id: &str) -> Result<Option<Audience>, ServiceError> {
        let (call, ticket) = self.api.client.begin_on(HISTORY, target, Ticket::of)?;
        comments::audience(&self.api, call, ticket, id).await
    }
}
