//! `reply`: answers in the thread that the event came from.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Context, Finished, Interrupt};

/// It needs nothing but the thread itself.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Reply {}

/// Asks the answer model about the thread and replies with what it says.
///
/// # Errors
/// [`Interrupt`], as every automation.
pub(super) async fn reply(context: Context, _: Reply) -> Result<Finished, Interrupt> {
    // An event without a thread must not cost an answer that can go nowhere.
    context.answerable().await?;
    let intent = context.classification().await.intent;
    let instruction = format!(
        "Write the next comment of this thread, in Markdown and nothing else. It was sorted as \
         `{intent}`. Answer in the language of the person. If something is missing to help, ask for it."
    );
    let instruction = context.instruction(&instruction).await?;
    let text = context.ask("answer", &instruction).await?;
    context.reply(text).await
}
