//! The configuration of the client.

pub use outbound::Config;

use outbound::{BuildError, Credential, Limit, Service};
use secrecy::SecretString;

const SERVICE_TOKEN: Service = Service {
    name: "zendesk",
    title: "Zendesk",
    url_variable: "ZENDESK_API_URL",
    url_example: "https://acme.zendesk.com",
    credential_variable: "ZENDESK_API_TOKEN",
    // 65,535 bytes of HTML by what its staff says ("~65,000 … depending on your encoding"), with its own element around.
    longest_text: Limit::bytes(65_000),
};

/// Zendesk, as errors name it.
pub static SERVICE: Service = SERVICE_TOKEN;

/// The same for OAuth tokens.
static SERVICE_OAUTH: Service = Service { credential_variable: "ZENDESK_OAUTH_TOKEN", ..SERVICE_TOKEN };

/// How we show Zendesk who we are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// An API token, used in the name of an agent.
    ApiToken {
        /// The agent's address.
        email: String,
        /// The token.
        token: SecretString,
    },
    /// An OAuth access token.
    Oauth(SecretString),
}

impl Credentials {
    pub(crate) fn credential(&self) -> Result<Credential, BuildError> {
        match self {
            Self::ApiToken { email, token } => {
                let user = match email.trim() {
                    "" => String::new(),
                    email => format!("{email}/token"),
                };
                Credential::basic(&SERVICE, &user, token)
            }
            Self::Oauth(token) => Credential::bearer(&SERVICE_OAUTH, token),
        }
    }
}
