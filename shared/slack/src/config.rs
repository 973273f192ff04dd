//! The configuration of the client.

pub use outbound::Config;

use outbound::{Limit, Service};

/// Slack's API.
const URL: &str = "https://slack.com/api";

/// Slack, as errors name it.
pub static SERVICE: Service = Service {
    name: "slack",
    title: "Slack",
    url_variable: "SLACK_API_URL",
    url_example: URL,
    credential_variable: "SLACK_BOT_TOKEN",
    // Source: `chat.postMessage` in its documentation; what is longer, it cuts. Its characters have up to four bytes.
    longest_text: Limit::chars(40_000),
};

/// Slack itself, with the usual limits. `base_url` includes `/api`.
#[must_use]
pub fn default_config() -> Config {
    Config::at(URL)
}
