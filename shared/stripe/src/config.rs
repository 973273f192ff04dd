//! The configuration of the client.

pub use outbound::Config;

use outbound::{Limit, Service};

/// Stripe's API.
const URL: &str = "https://api.stripe.com";

/// Stripe, as errors name it.
pub static SERVICE: Service = Service {
    name: "stripe",
    title: "Stripe",
    url_variable: "STRIPE_API_URL",
    url_example: URL,
    credential_variable: "STRIPE_API_KEY",
    // A value of metadata. Source: "Metadata" in its documentation.
    longest_text: Limit::chars(500),
};

/// The version of the API that the answers are read as, whatever the account's default is.
pub(crate) const VERSION: &str = "2024-06-20";

/// Stripe itself, with the usual limits.
#[must_use]
pub fn default_config() -> Config {
    Config::at(URL)
}
