//! The configuration of the client.

pub use outbound::Config;

use outbound::Service;

/// Jira, as errors name it.
pub static SERVICE: Service = Service {
    name: "jira",
    title: "Jira",
    url_variable: "JIRA_API_URL",
    url_example: "https://acme.atlassian.net",
    credential_variable: "JIRA_API_TOKEN",
};
