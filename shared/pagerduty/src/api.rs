//! [`Pagerduty`]: authorised calls on PagerDuty, and who we are.

use domain::{Clock, ServiceError, ServiceFailure};
use outbound::{
    BuildError, Call, Client, Commenter, Credential, HeaderMap, HeaderName, HeaderValue, LOGIN, Request,
    SingleFlight,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;
use crate::wire::Users;

/// The version of the API.
const ACCEPT: &str = "application/vnd.pagerduty+json;version=2";

/// PagerDuty, by its REST API, as one account.
#[derive(Debug)]
pub struct Pagerduty {
    pub(crate) client: Client,
    email: String,
    me: SingleFlight<String>,
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
        Ok(Commenter(Self { client, email: email.to_owned(), me: SingleFlight::default() }))
    }

    /// The id of the user in whose name we write. PagerDuty is asked until it has answered once: a token of the
    /// account belongs to nobody, so the user is looked up by the address.
    pub(crate) async fn account(&self, within: Call) -> Result<String, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        let fetch = async {
            let url = self.client.base().join(&["users"]);
            let query = [("query", self.email.as_str()), ("limit", "100")];
            let found: Users = self.call(call, &Request::get(url, &query)).await?;
            let mut users = found.users.into_iter();
            let me = users.find(|user| user.email.eq_ignore_ascii_case(&self.email));
            me.map(|user| user.id).ok_or_else(|| {
                let message = "PagerDuty has no user with the address of PAGERDUTY_EMAIL: correct it";
                self.client.error(call, ServiceFailure::AccountRefused, message.to_owned())
            })
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
