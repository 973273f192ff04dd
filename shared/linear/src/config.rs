//! The configuration of the client.

pub use outbound::Config;

use outbound::{BuildError, Credential, Limit, Service};
use secrecy::{ExposeSecret, SecretString};

/// Linear, as errors name it.
pub static SERVICE: Service = Service {
    name: "linear",
    title: "Linear",
    url_variable: "LINEAR_API_URL",
    url_example: "https://api.linear.app",
    credential_variable: "LINEAR_API_KEY",
    // Linear documents no limit. Its answers stay small with this one.
    longest_text: Limit::utf16(60_000),
};

/// What access tokens of OAuth applications begin with: they are sent as bearer tokens, personal keys as they are.
const OAUTH: &str = "lin_oauth_";

/// The credential that `key` is, of either kind.
pub(crate) fn credential(key: &SecretString) -> Result<Credential, BuildError> {
    let is_oauth = key.expose_secret().trim_start().starts_with(OAUTH);
    Credential::behind(&SERVICE, if is_oauth { "Bearer " } else { "" }, key)
}
