//! [`Grants`]: what GitHub says that our credentials may do, for whoever checks a set-up.
//!
//! Sources: "Scopes for OAuth apps" (`X-OAuth-Scopes` on every answer to a classic token), `GET /app` and
//! `GET /app/hook/config` in GitHub's REST documentation. Of a fine-grained token GitHub tells nothing.

use std::collections::BTreeMap;

use domain::{ServiceError, UnreadHooks};
use outbound::Request;
use serde::Deserialize;

use crate::Github;
use crate::deliveries;
use crate::operation::{GRANTS, HOOKS};

/// What the credentials may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grants {
    /// A classic token with these scopes.
    Scopes(Vec<String>),
    /// An App: what it is allowed by name (`issues` is `write`), and the events that it is sent.
    App {
        /// `read` or `write`, by name.
        permissions: BTreeMap<String, String>,
        /// Kinds of events.
        events: Vec<String>,
    },
    /// GitHub does not tell.
    Untold,
}

#[derive(Deserialize)]
struct AppAnswer {
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
}

impl Github {
    /// What the credentials may do.
    ///
    /// # Errors
    /// [`ServiceError`] when GitHub cannot be asked, or refuses the credentials.
    pub async fn grants(&self) -> Result<Grants, ServiceError> {
        let api = self.api();
        let call = api.client.begin(GRANTS);
        if api.is_app() {
            let answer = api.at(call, &["app"], |url| Request::get(url, &[])).await?;
            let AppAnswer { permissions, events } = api.client.decode(call, &answer)?;
            return Ok(Grants::App { permissions, events });
        }
        let answer = api.at(call, &["user"], |url| Request::get(url, &[])).await?;
        let scopes = answer.headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
        Ok(scopes.map_or(Grants::Untold, |scopes| Grants::Scopes(words(scopes))))
    }

    /// Where the hooks send to: the App's own, and those of these repositories and organisations. And the hooks that
    /// cannot be read.
    pub async fn hook_addresses(&self, hooks: &[String]) -> (Vec<String>, UnreadHooks) {
        deliveries::addresses(self.api(), self.api().client.begin(HOOKS), hooks).await
    }
}

fn words(scopes: &str) -> Vec<String> {
    scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}
