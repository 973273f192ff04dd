//! The Lambda function `ingest`: webhooks from API Gateway, into the stores.

/// One webhook at a time is all that an environment gets: one thread is enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let work = async {
        let ingest = ingest::compose().await?;
        lambda_http::run(ingest::router(ingest)).await
    };
    Box::pin(lambda::program("ingest", work)).await
}
