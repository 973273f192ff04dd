//! The processor on Lambda, which knows our automations.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    processor::register(automations::registered);
    processor::lambda::main().await
}
