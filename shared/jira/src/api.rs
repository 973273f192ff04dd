//! [`Jira`]: authorised calls on Jira.

use domain::{Clock, ServiceError};
use outbound::{
    BuildError, Call, Client, Commenter, Credential, HeaderMap, HeaderName, HeaderValue, Request,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;
use crate::wire::Myself;

/// Jira Cloud, by its REST API, as one account.
#[derive(Debug)]
pub struct Jira {
    pub(crate) client: Client,
}

impl Jira {
    /// A publisher for the site `config.base_url` with an account's address and its API token. Asks nobody and opens no
    /// connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(
        email: &str,
        token: &SecretString,
        config: &Config,
        clock: Clock,
    ) -> Result<Commenter<Self>, BuildError> {
        let credential = Credential::basic(&SERVICE, email, token)?;
        let accept = (HeaderName::from_static("accept"), HeaderValue::from_static("application/json"));
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::from_iter([accept]), clock)?;
        Ok(Commenter(Self { client }))
    }

    pub(crate) async fn myself(&self, call: Call) -> Result<Myself, ServiceError> {
        self.call(call, &Request::get(self.client.base().join(&["rest", "api", "3", "myself"]), &[])).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }
}
