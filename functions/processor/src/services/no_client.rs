//! What stands where a service has no client: it refuses everything, and says what is missing.

use async_trait::async_trait;
use domain::{Comment, Mark, Proof, Publisher, ServiceError, ServiceFailure, Target, Timestamp};

use super::needs::OutsideService;

/// A service that nothing can be sent to.
pub(super) struct NoClient(OutsideService);

static NONE: [NoClient; OutsideService::ALL.len()] = {
    let [github, slack, zendesk, jira, stripe] = OutsideService::ALL;
    [NoClient(github), NoClient(slack), NoClient(zendesk), NoClient(jira), NoClient(stripe)]
};

impl NoClient {
    pub(super) fn of(service: OutsideService) -> &'static dyn Publisher {
        let [github, slack, zendesk, jira, stripe] = &NONE;
        match service {
            OutsideService::Github => github,
            OutsideService::Slack => slack,
            OutsideService::Zendesk => zendesk,
            OutsideService::Jira => jira,
            OutsideService::Stripe => stripe,
        }
    }

    fn refused<T>(&self, operation: &'static str) -> Result<T, ServiceError> {
        Err(missing(self.0, operation))
    }
}

/// There is no client of `service` for `operation`.
pub(super) fn missing(service: OutsideService, operation: &'static str) -> ServiceError {
    let message = format!("there are no credentials: {}; then retry the task", service.how());
    ServiceError { service: service.name(), operation, failure: ServiceFailure::Refused, message }
}

#[async_trait]
impl Publisher for NoClient {
    async fn login(&self) -> Result<String, ServiceError> {
        self.refused("login")
    }

    async fn history(&self, _: &Target, _: usize) -> Result<Vec<Comment>, ServiceError> {
        self.refused("read the thread")
    }

    async fn publish(&self, _: &Target, _: &str, _: &Mark) -> Result<Proof, ServiceError> {
        self.refused("publish")
    }

    async fn find(&self, _: &Target, _: &Mark, _: Timestamp) -> Result<Option<Proof>, ServiceError> {
        self.refused("find the proof")
    }
}
