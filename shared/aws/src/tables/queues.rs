//! The lanes, and the dead letters behind them.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::TablesError;

/// Receives after which a message becomes a dead letter: far above the tries of a task, so that
/// only what could not even be counted gets there.
const MAX_RECEIVES: u32 = 20;
/// 14 days, the longest that SQS keeps a message.
const RETENTION_SECONDS: &str = "1209600";

/// A queue for dead letters.
pub(super) struct DeadLetters {
    pub(super) url: String,
    arn: String,
}

/// Creates the dead-letter queue `name`.
pub(super) async fn create_dead_letters(sqs: &Client, name: &str) -> Result<DeadLetters, TablesError> {
    let url = create(sqs, name, &[]).await?;
    let answer =
        sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn).send();
    let answer = answer.await.map_err(|error| TablesError::new(format!("queue `{name}`"), &error))?;
    let arn = answer.attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn));
    let missing = || TablesError { resource: format!("queue `{name}`"), message: "it has no ARN".to_owned() };
    Ok(DeadLetters { arn: arn.ok_or_else(missing)?, url })
}

/// Creates the lane `name` and returns its URL.
pub(super) async fn create_lane(sqs: &Client, name: &str, dead: &DeadLetters) -> Result<String, TablesError> {
    let redrive =
        serde_json::json!({ "deadLetterTargetArn": dead.arn, "maxReceiveCount": MAX_RECEIVES }).to_string();
    create(sqs, name, &[(QueueAttributeName::RedrivePolicy, redrive)]).await
}

/// CreateQueue answers with the present queue when name and attributes are the same.
async fn create(
    sqs: &Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> Result<String, TablesError> {
    let mut request = sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::MessageRetentionPeriod, RETENTION_SECONDS);
    for (attribute, value) in attributes {
        request = request.attributes(attribute.clone(), value);
    }
    let resource = || format!("queue `{name}`");
    let answer = request.send().await.map_err(|error| TablesError::new(resource(), &error))?;
    let missing = || TablesError { resource: resource(), message: "it has no URL".to_owned() };
    answer.queue_url.ok_or_else(missing)
}
