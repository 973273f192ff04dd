//! [`Services`]: the places where threads live and results go.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Comment, Mark, Proof, Publisher, ServiceError, ServiceFailure, Target, Timestamp};

/// One client per service.
#[derive(Clone)]
pub struct Services {
    /// GitHub.
    pub github: Arc<dyn Publisher>,
}

impl Services {
    /// The service that `target` belongs to. One without a client refuses everything, and says so.
    #[must_use]
    pub fn of(&self, target: &Target) -> &dyn Publisher {
        match target {
            Target::GithubIssue { .. } => self.github.as_ref(),
            Target::SlackThread { .. } => &NoClient("slack"),
            Target::ZendeskTicket { .. } => &NoClient("zendesk"),
            Target::JiraIssue { .. } => &NoClient("jira"),
        }
    }
}

/// A service that nothing can be sent to.
struct NoClient(&'static str);

impl NoClient {
    fn refused<T>(&self, operation: &'static str) -> Result<T, ServiceError> {
        let message = format!("there is no client for {}", self.0);
        Err(ServiceError { service: self.0, operation, failure: ServiceFailure::Refused, message })
    }
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
