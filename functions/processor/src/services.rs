//! [`Services`]: the places where threads live and results go.

mod calls;
mod clients;
mod needs;
mod no_client;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Publisher, ServiceError, Target};
use jira::Jira;
use outbound::Caller;
use slack::Slack;
use stripe::Stripe;
use webhook::Secrets;
use zendesk::Zendesk;

pub use clients::{MissingCredential, ServicesError, services};
pub use needs::{OutsideService, needs};

use no_client::NoClient;

/// One client per service, as far as there are credentials.
#[derive(Clone, Default)]
pub struct Services {
    /// GitHub.
    pub github: Option<Arc<dyn Publisher>>,
    /// Slack.
    pub slack: Option<Arc<Slack>>,
    /// Zendesk.
    pub zendesk: Option<Arc<Zendesk>>,
    /// Jira.
    pub jira: Option<Arc<Jira>>,
    /// Stripe.
    pub stripe: Option<Arc<Stripe>>,
    /// The APIs of `[automations.http.NAME]`, by name.
    pub calls: BTreeMap<String, Arc<Caller>>,
    /// `API_WEBHOOK_SECRET`: signs what is posted to a `callback_url`; without one it goes unsigned.
    pub api_secrets: Secrets,
}

impl Services {
    /// The service that `target` belongs to. One without a client refuses everything, with an error that
    /// names the variable that is missing.
    #[must_use]
    pub fn of(&self, target: &Target) -> &dyn Publisher {
        let service = OutsideService::of(target);
        self.publisher(service).unwrap_or_else(|| NoClient::of(service))
    }

    /// The service, as a place where threads live; `None` when there is no client for it, or no threads
    /// in it.
    #[must_use]
    pub fn publisher(&self, service: OutsideService) -> Option<&dyn Publisher> {
        match service {
            OutsideService::Github => self.github.as_deref(),
            OutsideService::Slack => self.slack.as_deref().map(|slack| slack as &dyn Publisher),
            OutsideService::Zendesk => self.zendesk.as_deref().map(|zendesk| zendesk as &dyn Publisher),
            OutsideService::Jira => self.jira.as_deref().map(|jira| jira as &dyn Publisher),
            OutsideService::Stripe => None,
        }
    }

    /// Slack's client, for automations that need more than a thread.
    ///
    /// # Errors
    /// [`domain::ServiceFailure::Refused`] when there is none, naming the variable that is missing.
    pub fn slack(&self) -> Result<&Slack, ServiceError> {
        self.slack.as_deref().ok_or_else(|| no_client::missing(OutsideService::Slack, "open a client"))
    }

    /// Stripe's client.
    ///
    /// # Errors
    /// [`domain::ServiceFailure::Refused`] when there is none, naming the variable that is missing.
    pub fn stripe(&self) -> Result<&Stripe, ServiceError> {
        self.stripe.as_deref().ok_or_else(|| no_client::missing(OutsideService::Stripe, "open a client"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn service_without_client_names_the_variable_to_set() {
        let none = Services::default();
        let target = Target::SlackThread {
            team: "T1".to_owned(),
            channel: "C1".to_owned(),
            thread_ts: "1.1".to_owned(),
        };
        let error = none.of(&target).login().await.unwrap_err();
        assert_eq!(error.failure, domain::ServiceFailure::Refused);
        assert!(error.to_string().contains("SLACK_BOT_TOKEN"), "{error}");
        assert!(none.stripe().unwrap_err().to_string().contains("STRIPE_API_KEY"));
        assert!(none.slack().unwrap_err().to_string().contains("SLACK_BOT_TOKEN"));
    }
}
