//! [`Lanes`]: which lane a message came from, by the queue's ARN.

use domain::Lane;
use settings::AwsResources;

/// The lanes by the names of their queues.
#[derive(Debug, Clone)]
pub struct Lanes([(Lane, String); 3]);

impl Lanes {
    /// The lanes of these queues.
    #[must_use]
    pub fn new(resources: &AwsResources) -> Self {
        let name = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        Self([
            (Lane::Express, name(&resources.queue_url_express)),
            (Lane::Standard, name(&resources.queue_url_standard)),
            (Lane::Bulk, name(&resources.queue_url_bulk)),
        ])
    }

    /// The lane of the queue with this ARN (`arn:aws:sqs:region:account:name`).
    #[must_use]
    pub fn of(&self, arn: &str) -> Option<Lane> {
        let name = arn.rsplit(':').next()?;
        self.0.iter().find(|(_, queue)| queue == name).map(|(lane, _)| *lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_is_known_by_the_name_that_url_and_arn_share() {
        let url = |name: &str| format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{name}");
        let lanes = Lanes::new(&AwsResources {
            tasks_table: String::new(),
            state_table: String::new(),
            queue_url_express: url("a-express"),
            queue_url_standard: url("a-standard"),
            queue_url_bulk: url("a-bulk"),
            payload_bucket: String::new(),
        });
        assert_eq!(lanes.of("arn:aws:sqs:eu-west-1:123456789012:a-bulk"), Some(Lane::Bulk));
        assert_eq!(lanes.of("arn:aws:sqs:eu-west-1:123456789012:other"), None);
    }
}
