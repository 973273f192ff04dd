//! `afterhook`, which knows our automations.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    processor::register(automations::registered);
    afterhook::main().await
}
