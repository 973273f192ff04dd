//! The configuration of the client.

pub use outbound::Config;

use outbound::{Limit, Service};

/// PagerDuty, as errors name it.
pub static SERVICE: Service = Service {
    name: "pagerduty",
    title: "PagerDuty",
    url_variable: "PAGERDUTY_API_URL",
    url_example: "https://api.pagerduty.com",
    credential_variable: "PAGERDUTY_API_TOKEN",
    // PagerDuty documents no limit, and its pages are made for short notes.
    longest_text: Limit::chars(25_000),
};
