//! `ignore`: ends the task without doing anything, for events that need no answer.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Context, Finished, Interrupt};

/// It needs nothing.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Nothing {}

/// Ends the task as `ignored`, and says by which intent.
///
/// # Errors
/// Always [`Interrupt::Ignore`].
pub(super) async fn ignore(context: Context, _: Nothing) -> Result<Finished, Interrupt> {
    let intent = context.classification().await.intent;
    Err(Interrupt::Ignore(format!("events of the intent `{intent}` need no answer")))
}
