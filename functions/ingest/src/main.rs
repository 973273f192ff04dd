//! The Lambda function `ingest`: webhooks from API Gateway, into the stores.

/// One webhook at a time is all that an environment gets: one thread is enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let wired = ingest::wire().await;
    let ingest = wired.inspect_err(|error| tracing::error!(%error, "ingest cannot start"))?;
    lambda_http::run(ingest::router(ingest)).await
}
