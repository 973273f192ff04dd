//! `afterhook`: the whole system on one machine, and the tools around it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    afterhook::main().await
}
