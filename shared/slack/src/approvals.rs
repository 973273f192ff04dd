//! [`Approvals`]: a channel of Slack as the place where people are asked about drafts.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Approver, Ask, Closed, Mark, MessageRef, ServiceError, Timestamp};

use crate::blocks::{self, escape};
use crate::{Posted, Slack};

/// A channel where people are asked.
#[derive(Debug, Clone)]
pub struct Approvals {
    slack: Arc<Slack>,
    channel: String,
    /// Address of the console, without a slash at its end.
    console_url: Option<String>,
    /// The intents of agent.toml.
    intents: Vec<String>,
}

impl Approvals {
    /// The channel with this id. Without the console's address a message has no button for editing.
    #[must_use]
    pub fn new(slack: Arc<Slack>, channel: &str, console_url: Option<&str>) -> Self {
        Self {
            slack,
            channel: channel.to_owned(),
            console_url: console_url.map(str::to_owned),
            intents: Vec::new(),
        }
    }

    /// The same, where a draft can be approved as another one of `intents`.
    #[must_use]
    pub fn with_intents(self, intents: impl IntoIterator<Item = String>) -> Self {
        Self { intents: intents.into_iter().collect(), ..self }
    }

    /// The workspace. That it is not known now is no reason not to ask people.
    async fn team(&self) -> Option<String> {
        self.slack.team().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "Slack does not say which workspace ours is; clicks are not bound to it");
            None
        })
    }
}

#[async_trait]
impl Approver for Approvals {
    async fn request(&self, ask: &Ask<'_>) -> Result<MessageRef, ServiceError> {
        let blocks = blocks::request(ask, self.console_url.as_deref(), &self.intents);
        let text = blocks::notification(ask);
        let team = self.team().await;
        let posted = self.slack.post_blocks(&self.channel, &text, &blocks, &ask.mark()).await?;
        Ok(MessageRef { place: posted.channel, id: posted.ts, team })
    }

    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Option<MessageRef>, ServiceError> {
        let found = self.slack.find_in_channel(&self.channel, mark, since).await?;
        let Some(proof) = found else { return Ok(None) };
        Ok(Some(MessageRef { place: self.channel.clone(), id: proof.id, team: self.team().await }))
    }

    async fn update(&self, message: &MessageRef, ask: &Ask<'_>, closed: &Closed) -> Result<(), ServiceError> {
        let posted = Posted { channel: message.place.clone(), ts: message.id.clone() };
        let (text, blocks) =
            (blocks::outcome(closed), blocks::closed(ask, closed, self.console_url.as_deref()));
        self.slack.update(&posted, &text, &blocks).await
    }

    async fn tell(&self, user: &str, what: &str) -> Result<(), ServiceError> {
        self.slack.tell(&self.channel, user, &escape(what)).await
    }
}
