//! Asks for the version if there is none, and answers otherwise.

use processor::{Context, Finished, Interrupt};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the model is to find in the event; serde checks it before you see it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Found {
    /// The version that the person uses, such as `1.4.2`.
    version: Option<String>,
}

pub(super) async fn ask_version(context: Context, found: Found) -> Result<Finished, Interrupt> {
    let text = match found.version {
        Some(version) => context.ask("answer", &format!("Help with version {version}.")).await?,
        None => "Which version do you use? `tool --version` prints it.".to_owned(),
    };
    context.reply(text).await
}
