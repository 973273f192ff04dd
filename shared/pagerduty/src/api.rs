//! [`Pagerduty`]: authorised calls on PagerDuty.

use domain::{Clock, ServiceError};
use outbound::{
    BuildError, Call, Client, Commenter, Credential, HeaderMap, HeaderName, HeaderValue, Request,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;

/// The version of the API.
const ACCEPT: &str = "application/vnd.pagerduty+json;version=2";

/// PagerDuty, by its REST API, as one account.
#[derive(Debug)]
pub struct Pagerduty {
    pub(crate) client: Client,
    pub(crate) email: String,
}

impl Pagerduty {
    /// A publisher with an API token, which writes in the name of the user with the address `email`. Asks nobody and
    /// opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(
        email: &str,
        token: &SecretString,
        config: &Config,
        clock: Clock,
    ) -> Result<Commenter<Self>, BuildError> {
        let credential = Credential::behind(&SERVICE, "Token token=", token)?;
        let problem = "must be the address of a user, in visible ASCII characters";
        let from = HeaderValue::from_str(email)
            .map_err(|_| BuildError::Setting { setting: "PAGERDUTY_EMAIL", problem })?;
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("accept"), HeaderValue::from_static(ACCEPT)),
            (HeaderName::from_static("from"), from),
        ]);
        let client = Client::new(&SERVICE, config, credential, &headers, clock)?;
        Ok(Commenter(Self { client, email: email.to_owned() }))
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }
}
