//! [`Zendesk`]: authorised calls on Zendesk.

use domain::{Clock, ServiceError};
use outbound::{BuildError, Call, Client, Commenter, HeaderMap, Operation, Request, Url};
use serde::de::DeserializeOwned;

use crate::config::{Config, Credentials, SERVICE};
use crate::problem;

/// Reading the ticket before a comment is added.
pub(crate) const STATE: Operation = Operation::reads("read the ticket");

/// Zendesk, by its Ticketing API, as one account.
#[derive(Debug)]
pub struct Zendesk {
    pub(crate) client: Client,
}

impl Zendesk {
    /// A publisher with these credentials. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(
        credentials: &Credentials,
        config: &Config,
        clock: Clock,
    ) -> Result<Commenter<Self>, BuildError> {
        let client = Client::new(&SERVICE, config, credentials.credential()?, &HeaderMap::new(), clock)?;
        Ok(Commenter(Self { client }))
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: Call,
        url: Url,
        query: &[(&str, &str)],
    ) -> Result<T, ServiceError> {
        self.call(call, &Request::get(url, query)).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }
}
