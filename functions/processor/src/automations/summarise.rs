//! `summarise`: posts a summary of the event and its thread to the Slack channel of agent.toml.

use async_trait::async_trait;
use domain::{Audience, Mark, Proof, ServiceError, TaskOutput, Timestamp, short_sha256};
use schemars::JsonSchema;
use serde::Deserialize;
use slack::Slack;

use crate::{Action, Context, Finished, Found, Interrupt};

/// Name of the effect, and of the step that writes it.
const SUMMARY: &str = "summary";

/// It needs nothing but the thread itself.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Summarise {}

/// Asks the answer model for a summary, and posts it.
///
/// # Errors
/// [`Interrupt`], as every automation.
pub(super) async fn summarise(context: Context, _: Summarise) -> Result<Finished, Interrupt> {
    let slack = context.client::<Slack>(SUMMARY)?;
    let channel = context.settings().summary_channel.as_deref().unwrap_or_default();
    // Only the mark of the message counts: nothing is paid for, and nobody decides, if a summary is there already.
    if let Some(finished) = context.earlier(SUMMARY, &Post { slack, channel, text: "" }).await? {
        return Ok(finished);
    }
    context.seen_by(Audience::Public).await?;
    context.told_in(channel)?;
    let instruction = "Sum up this thread for colleagues who have not read it, in at most five short sentences \
                       of Markdown and nothing else: what happened, who is affected, what is open.";
    let summary = context.ask(SUMMARY, instruction).await?;
    let thread = context.event().thread.replace('`', "");
    let text = context.release(SUMMARY, &format!("Summary of `{thread}`\n\n{summary}")).await?.text;
    let proof = context.once(SUMMARY, &Post { slack, channel, text: &text }).await?;
    let output = TaskOutput::Draft(short_sha256(&text));
    Ok(Finished { success: true, output, output_url: proof.url })
}

/// A message in a channel; its metadata proves it.
struct Post<'a> {
    slack: &'a Slack,
    channel: &'a str,
    text: &'a str,
}

#[async_trait]
impl Action for Post<'_> {
    fn host(&self) -> Option<String> {
        Some("slack".to_owned())
    }

    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        let posted = self.slack.post(self.channel, self.text, mark).await?;
        Ok(Proof { id: posted.ts, url: None })
    }

    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Found, ServiceError> {
        let found = self.slack.find_in_channel(self.channel, mark, since).await?;
        Ok(found.map_or(Found::NotDone, Found::Done))
    }
}
