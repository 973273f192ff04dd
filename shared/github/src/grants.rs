//! [`Grants`]: what GitHub says that our credentials may do, for whoever checks a set-up.
//!
//! Sources: "Scopes for OAuth apps" (`X-OAuth-Scopes` on every answer to a classic token), `GET /app` and
//! `GET /app/hook/config` in GitHub's REST documentation. Of a fine-grained token GitHub tells nothing.

use std::collections::BTreeMap;

use domain::ServiceError;
use outbound::{Call, Request};
use serde::Deserialize;

use crate::Github;
use crate::api::Api;
use crate::deliveries;
use crate::operation::GRANTS;

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

#[derive(Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
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
            let AppAnswer { permissions, events } = get(api, call, &["app"]).await?;
            return Ok(Grants::App { permissions, events });
        }
        let request = Request::get(api.client.base().join(&["user"]), &[]);
        let answer = api.as_owner(call, &request).await?;
        let scopes = answer.headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
        Ok(scopes.map_or(Grants::Untold, |scopes| Grants::Scopes(words(scopes))))
    }

    /// Where the hooks send to: the App's own, or those of these repositories and organisations.
    ///
    /// # Errors
    /// [`ServiceError`] when GitHub cannot be asked, or the credentials may not read the hooks.
    pub async fn hook_addresses(&self, hooks: &[String]) -> Result<Vec<String>, ServiceError> {
        let api = self.api();
        let call = api.client.begin(GRANTS);
        if api.is_app() {
            let HookConfig { url } = get(api, call, &["app", "hook", "config"]).await?;
            return Ok(vec![url]);
        }
        deliveries::addresses(api, call, hooks).await
    }
}

async fn get<T: serde::de::DeserializeOwned>(
    api: &Api,
    call: Call,
    path: &[&str],
) -> Result<T, ServiceError> {
    let answer = api.as_owner(call, &Request::get(api.client.base().join(path), &[])).await?;
    api.client.decode(call, &answer)
}

fn words(scopes: &str) -> Vec<String> {
    scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}
