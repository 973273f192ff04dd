//! The sweeper on Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use sweeper::lambda::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let work = async {
        let function = Function::start().await?;
        lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| function.handle(event))).await
    };
    Box::pin(lambda::program("sweeper", work)).await
}
