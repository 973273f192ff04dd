//! The configuration of the client.

pub use outbound::Config;

use outbound::{Limit, Service};

/// Jira, as errors name it.
pub static SERVICE: Service = Service {
    name: "jira",
    title: "Jira",
    url_variable: "JIRA_API_URL",
    url_example: "https://acme.atlassian.net",
    credential_variable: "JIRA_API_TOKEN",
    // As its refusal has it ("the allowed limit of 32,767 characters"); Jira is a program in Java.
    longest_text: Limit::utf16(32_767),
};
