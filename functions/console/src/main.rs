//! The Lambda function `console`: the JSON API over tasks and decisions.

/// One request at a time is all that an environment gets: one thread is enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let work = async {
        let console = console::compose().await?;
        lambda_http::run(console::router(console)).await
    };
    Box::pin(lambda::program("console", work)).await
}
