//! Commands for whoever begins: `init`, `setup`, `completions`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use super::ConfigFile;
use crate::command::init;

/// `afterhook init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to make; it must not exist yet, or be empty.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What the agent is for.
    #[arg(long, default_value = init::DEFAULT, value_parser = PossibleValuesParser::new(init::names()))]
    pub example: String,
    /// Make a Cargo workspace around it, with automations of your own in Rust, for the maintainer.
    #[arg(long, conflicts_with = "example")]
    pub rust: bool,
}

/// `afterhook setup`.
#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The sender: github, slack, zendesk and so on, or a source of agent.toml.
    pub sender: String,
    /// The public address of this system, such as https://hooks.example.com (default: CONSOLE_URL).
    #[arg(long)]
    pub url: Option<String>,
    /// Print a JSON object.
    #[arg(long)]
    pub json: bool,
    /// Make a GitHub App by its manifest, in the browser, and write its credentials into this new file.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub create_app: Option<PathBuf>,
    /// The organisation that the App belongs to (default: your account).
    #[arg(long, value_name = "NAME", requires = "create_app")]
    pub organization: Option<String>,
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// `afterhook completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Of which shell.
    pub shell: Shell,
}
