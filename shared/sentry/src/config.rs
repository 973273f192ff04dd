//! The configuration of the client.

pub use outbound::Config;

use outbound::{Limit, Service};

/// Sentry, as errors name it.
pub static SERVICE: Service = Service {
    name: "sentry",
    title: "Sentry",
    url_variable: "SENTRY_API_URL",
    url_example: "https://sentry.io",
    credential_variable: "SENTRY_AUTH_TOKEN",
    // Sentry documents no limit; GitHub's is long enough.
    longest_text: Limit::chars(65_536),
};
