//! `afterhook`: the whole system on one machine, and the tools around it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = afterhook::Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    afterhook::run(cli).await
}
