//! `afterhook completions`: the script by which a shell completes commands and options.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::Failure;
use crate::cli::{Cli, CompletionsArgs};
use crate::terminal::say;

/// Prints the script.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "afterhook", &mut script);
    let script = String::from_utf8(script).map_err(|error| Failure::at("the completions", error))?;
    say!("{}", script.trim_end());
    Ok(ExitCode::SUCCESS)
}
