//! [`Grants`]: what GitHub says that our credentials may do, for whoever checks a set-up.
//!
//! Sources: "Scopes for OAuth apps" (`X-OAuth-Scopes` on every answer to a classic token), `GET /app` and
//! `GET /app/hook/config` in GitHub's REST documentation. Of a fine-grained token GitHub tells nothing: it is tried out, with
//! requests that GitHub answers 403 or 404 where the token lacks the permission, and 422 where it has it, because they name
//! nothing to create.

use std::collections::BTreeMap;

use domain::{ServiceError, ServiceFailure, UnreadHooks};
use outbound::{Request, StatusCode};
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
    /// A fine-grained token: GitHub does not tell, and [`Github::may`] tries.
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
struct Repository {
    full_name: String,
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

    /// The repositories that the token reaches, the last changed first: at most so many.
    ///
    /// # Errors
    /// [`ServiceError`] when GitHub cannot be asked, or does not list them for these credentials.
    pub async fn repositories(&self, at_most: usize) -> Result<Vec<String>, ServiceError> {
        let api = self.api();
        let call = api.client.begin(GRANTS);
        let query = [("sort", "pushed"), ("per_page", &*at_most.to_string())];
        let answer = api.at(call, &["user", "repos"], |url| Request::get(url, &query)).await?;
        let repositories: Vec<Repository> = api.client.decode(call, &answer)?;
        Ok(repositories.into_iter().map(|repository| repository.full_name).collect())
    }

    /// Whether a fine-grained token has the permission called `name`, as far as we need it, in `repository`; `None` where that
    /// cannot be tried without doing something.
    ///
    /// # Errors
    /// [`ServiceError`] when GitHub cannot be asked, or answers otherwise.
    pub async fn may(&self, repository: &str, name: &str) -> Result<Option<bool>, ServiceError> {
        let api = self.api();
        let call = api.client.begin(GRANTS);
        let at = |last: &[&str]| {
            let segments: Vec<&str> =
                ["repos"].into_iter().chain(repository.split('/')).chain(last.iter().copied()).collect();
            api.client.base().join(&segments)
        };
        // What is created needs a title, and these have none.
        let nothing = BTreeMap::<&str, &str>::new();
        let request = match name {
            "issues" => api.post(call, at(&["issues"]), &nothing)?,
            "pull_requests" => api.post(call, at(&["pulls"]), &nothing)?,
            "actions" => Request::get(at(&["actions", "runs"]), &[("per_page", "1")]),
            "contents" => Request::get(at(&["commits"]), &[("per_page", "1")]),
            _ => return Ok(None),
        };
        match api.status_as_owner(call, &request).await? {
            (StatusCode::UNPROCESSABLE_ENTITY, _) | (_, Ok(_)) => Ok(Some(true)),
            (StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, Err(error))
                if error.failure == ServiceFailure::Refused =>
            {
                Ok(Some(false))
            }
            (_, Err(error)) => Err(error),
        }
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
