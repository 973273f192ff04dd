//! [`Sentry`]: authorised calls on Sentry.

use domain::{Clock, ServiceError};
use outbound::{BuildError, Call, Client, Commenter, Credential, HeaderMap, Request};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;
use crate::wire::Root;

/// Sentry, by its REST API, as one account.
#[derive(Debug)]
pub struct Sentry {
    pub(crate) client: Client,
}

impl Sentry {
    /// A publisher with a token of an internal integration, or of a user. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Commenter<Self>, BuildError> {
        let credential = Credential::bearer(&SERVICE, token)?;
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::new(), clock)?;
        Ok(Commenter(Self { client }))
    }

    pub(crate) async fn root(&self, call: Call) -> Result<Root, ServiceError> {
        self.call(call, &Request::get(self.client.base().join(&["api", "0", ""]), &[])).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }
}
