//! The configuration of the client.

pub use outbound::Config;

use outbound::Service;

/// Slack's API.
const URL: &str = "https://slack.com/api";

/// Slack, as errors name it.
pub static SERVICE: Service = Service {
    name: "slack",
    title: "Slack",
    url_variable: "SLACK_API_URL",
    url_example: URL,
    credential_variable: "SLACK_BOT_TOKEN",
};

/// Slack itself, with the usual limits. `base_url` includes `/api`.
#[must_use]
pub fn default_config() -> Config {
    Config::at(URL)
}
