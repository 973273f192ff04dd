//! [`Sentry`]: authorised calls on Sentry, and who we are.

use domain::{Clock, ServiceError, ServiceFailure};
use outbound::{BuildError, Call, Client, Commenter, Credential, HeaderMap, LOGIN, Request, SingleFlight};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;
use crate::wire::Root;

/// Sentry, by its REST API, as one account.
#[derive(Debug)]
pub struct Sentry {
    pub(crate) client: Client,
    me: SingleFlight<String>,
}

impl Sentry {
    /// A publisher with a token of an internal integration, or of a user. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Commenter<Self>, BuildError> {
        let credential = Credential::bearer(&SERVICE, token)?;
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::new(), clock)?;
        Ok(Commenter(Self { client, me: SingleFlight::default() }))
    }

    /// Our account's id. Sentry is asked until it has answered once: the root of the API says whose the token
    /// is, also of an integration, which has a user of its own.
    pub(crate) async fn account(&self, within: Call) -> Result<String, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        let fetch = async {
            let url = self.client.base().join(&["api", "0", ""]);
            let root: Root = self.call(call, &Request::get(url, &[])).await?;
            let hint = "the token belongs to no user: make one of an internal integration, or of a user";
            root.user
                .map(|user| user.id)
                .ok_or_else(|| self.client.error(call, ServiceFailure::AccountRefused, hint.to_owned()))
        };
        self.me.get_by(&self.client, call, |_| true, fetch).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }
}
