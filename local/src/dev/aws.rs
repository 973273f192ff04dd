//! `dev --aws`: the same adapters as deployed, against AWS or an emulator of it.

use domain::Stores;
use settings::Environment;

use crate::Failure;

/// Prefix of the resources that are created on an emulator.
const PREFIX: &str = "afterhook";

/// The stores that the environment names. If it names none and `AWS_ENDPOINT_URL` is set, they are created there.
pub(crate) async fn open(environment: &Environment) -> Result<(Stores, String), Failure> {
    let sdk = aws::sdk_config().await;
    let endpoint = sdk.endpoint_url().map(str::to_owned);
    let config = match (&environment.aws, &endpoint) {
        (Some(resources), _) => lambda::config(resources, environment.queue_url_dead.clone()),
        (None, Some(endpoint)) => {
            eprintln!("creating tables, queues and a bucket on {endpoint} …");
            let created = aws::tables::create(&sdk, PREFIX).await;
            created.map_err(|error| Failure::new(error.to_string()))?
        }
        (None, None) => {
            return Err(Failure::new(
                "--aws needs TASKS_TABLE, STATE_TABLE, QUEUE_URL_… and PAYLOAD_BUCKET of a deployed stack, or \
                 AWS_ENDPOINT_URL of an emulator",
            ));
        }
    };
    let place = endpoint.unwrap_or_else(|| "AWS".to_owned());
    let what = format!("DynamoDB table {}, SQS and S3 at {place}", config.tasks_table);
    Ok((aws::Aws::connect(config, &sdk), what))
}
