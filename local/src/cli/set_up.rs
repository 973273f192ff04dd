//! Commands for whoever begins: `init`, `setup`, `completions`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap_complete::Shell;
use webhook::Provider;

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
    /// The repository of Afterhook that the workspace is built on, at the tag of this version: it builds on any machine
    /// (default: the checkout that this program was built in).
    #[arg(long, value_name = "URL", requires = "rust", value_parser = repository)]
    pub git: Option<String>,
}

/// `afterhook setup`.
#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The sender, or a source of agent.toml.
    #[arg(value_parser = Sender)]
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

/// An address that Cargo takes, as it is written in a manifest.
fn repository(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http" | "ssh" | "file"));
    let url =
        url.ok_or("write an address such as https://github.com/OWNER/afterhook or ssh://git@HOST/PATH")?;
    Ok(url.to_string())
}

/// `afterhook completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Of which shell.
    pub shell: Shell,
}

/// Any name may be that of a source; shells complete those of the senders.
#[derive(Clone)]
struct Sender;

impl TypedValueParser for Sender {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let senders = Provider::ALL.iter().filter(|provider| **provider != Provider::Api);
        Some(Box::new(senders.map(|provider| PossibleValue::new(provider.name()))))
    }
}
