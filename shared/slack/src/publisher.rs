//! [`Slack`]: Slack as a [`Publisher`], and as the place where people are asked.

use async_trait::async_trait;
use domain::{AccountFacts, Clock, Comment, Mark, Proof, Publisher, ServiceError, Target, Timestamp};
use markdown::to_mrkdwn;
use outbound::{BuildError, LOGIN};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::api::{Api, FIND, HISTORY, POST, TELL, UPDATE};
use crate::config::{Config, SERVICE};
use crate::messages::{self, NewMessage, Posted, Source};
use crate::place::{Thread, check_account, check_channel, check_ts};

/// Slack, by its Web API, as one bot.
///
/// One value per process: it holds the connections and who the bot is.
#[derive(Debug)]
pub struct Slack {
    api: Api,
}

impl Slack {
    /// A client with a bot token (`xoxb-…`). Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(token, config, clock)? })
    }

    /// Posts `markdown` to a channel, outside of threads, with `mark` as its proof.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub async fn post(&self, channel: &str, markdown: &str, mark: &Mark) -> Result<Posted, ServiceError> {
        self.send(NewMessage::new(channel, &to_mrkdwn(markdown, SERVICE.longest_text), mark)).await
    }

    /// Posts a message of Block Kit `blocks` to a channel. Notifications show `text`, in mrkdwn. The blocks must
    /// be escaped already.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub async fn post_blocks(
        &self,
        channel: &str,
        text: &str,
        blocks: &Value,
        mark: &Mark,
    ) -> Result<Posted, ServiceError> {
        self.send(NewMessage { blocks: Some(blocks), ..NewMessage::new(channel, text, mark) }).await
    }

    /// Sets the blocks and the notification's text of a message of ours. Its metadata stays. A second call
    /// changes nothing.
    ///
    /// # Errors
    /// [`ServiceError`], never in doubt.
    pub async fn update(&self, posted: &Posted, text: &str, blocks: &Value) -> Result<(), ServiceError> {
        let call = self.api.client.begin(UPDATE);
        check_channel(&self.api.client, call, &posted.channel)?;
        check_ts(&self.api.client, call, &posted.ts)?;
        let body = json!({"channel": posted.channel, "ts": posted.ts, "text": text, "blocks": blocks});
        let _: Value = self.api.post(call, "chat.update", &body).await?;
        Ok(())
    }

    /// The workspace of our bot (`T…`), if Slack says so. It is asked until it has answered once.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn team(&self) -> Result<Option<String>, ServiceError> {
        let call = self.api.client.begin(LOGIN);
        Ok(self.api.identity(call).await?.team_id)
    }

    /// Shows `text`, in mrkdwn, in a channel to `user` alone, and only while they are there.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn tell(&self, channel: &str, user: &str, text: &str) -> Result<(), ServiceError> {
        let call = self.api.client.begin(TELL);
        check_channel(&self.api.client, call, channel)?;
        check_account(&self.api.client, call, user)?;
        let body = json!({"channel": channel, "user": user, "text": text});
        let _: Value = self.api.post(call, "chat.postEphemeral", &body).await?;
        Ok(())
    }

    /// The message with `mark` that our bot has posted to a channel at or after `since`, outside of
    /// threads, if there is one.
    ///
    /// # Errors
    /// As [`Publisher::find`].
    pub async fn find_in_channel(
        &self,
        channel: &str,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let call = self.api.client.begin(FIND);
        check_channel(&self.api.client, call, channel)?;
        messages::find(&self.api, call, Source::Channel(channel), mark, since).await
    }

    async fn send(&self, message: NewMessage<'_>) -> Result<Posted, ServiceError> {
        let call = self.api.client.begin(POST);
        check_channel(&self.api.client, call, message.channel)?;
        self.api.post(call, "chat.postMessage", &message).await
    }
}

#[async_trait]
impl Publisher for Slack {
    /// The bot's user (`U…`): the author of its messages, and what a mention names.
    async fn login(&self) -> Result<String, ServiceError> {
        let call = self.api.client.begin(LOGIN);
        Ok(self.api.identity(call).await?.user_id)
    }

    async fn facts(&self) -> AccountFacts {
        let identity = self.api.identity(self.api.client.begin(LOGIN)).await;
        AccountFacts { name: identity.ok().and_then(|identity| identity.user), ..AccountFacts::default() }
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let call = self.api.client.begin(HISTORY);
        let thread = Thread::of(&self.api.client, call, target)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let ours = self.api.identity(call).await?;
        messages::last(&self.api, call, thread, limit, &ours).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let call = self.api.client.begin(POST);
        let thread = Thread::of(&self.api.client, call, target)?;
        let text = to_mrkdwn(text, SERVICE.longest_text);
        let message =
            NewMessage { thread_ts: Some(thread.ts), ..NewMessage::new(thread.channel, &text, mark) };
        let posted: Posted = self.api.post(call, "chat.postMessage", &message).await?;
        // The address is a convenience: it is not worth another request.
        let known = self.api.identity.peek();
        Ok(messages::proof(known.as_ref(), Source::Thread(thread), &posted.ts))
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let call = self.api.client.begin(FIND);
        let thread = Thread::of(&self.api.client, call, target)?;
        messages::find(&self.api, call, Source::Thread(thread), mark, since).await
    }

    fn link(&self, target: &Target) -> Option<String> {
        let Target::SlackThread { team: _, channel, thread_ts } = target else { return None };
        self.api.identity.peek()?.permalink(channel, thread_ts, None)
    }
}
