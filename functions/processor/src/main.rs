//! The processor on Lambda.

use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = processor::lambda::Function::start().await?;
    lambda_runtime::run(service_fn(|event| function.handle(event))).await
}
