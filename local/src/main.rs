//! `afterhook`: the whole system on one machine, and the tools around it.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    afterhook::run(afterhook::Cli::parse()).await
}
