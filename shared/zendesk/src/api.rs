//! [`Zendesk`]: authorised calls on Zendesk, and who we are.

use domain::{Clock, ServiceError, ServiceFailure};
use outbound::{
    BuildError, Call, Client, Commenter, HeaderMap, LOGIN, Operation, Request, SingleFlight, Url,
};
use serde::de::DeserializeOwned;

use crate::config::{Config, Credentials, SERVICE};
use crate::problem;
use crate::wire::MeAnswer;

/// Reading the ticket before a comment is added.
pub(crate) const STATE: Operation = Operation::reads("read the ticket");

/// Zendesk, by its Ticketing API, as one account.
#[derive(Debug)]
pub struct Zendesk {
    pub(crate) client: Client,
    me: SingleFlight<i64>,
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
        Ok(Commenter(Self { client, me: SingleFlight::default() }))
    }

    /// Our user's id. Zendesk is asked until it has answered once.
    pub(crate) async fn account(&self, within: Call) -> Result<i64, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        self.me.get_by(&self.client, call, |_| true, self.ask(call)).await
    }

    async fn ask(&self, call: Call) -> Result<i64, ServiceError> {
        let url = self.client.base().join(&["api", "v2", "users", "me.json"]);
        let answer: MeAnswer = self.get(call, url, &[]).await?;
        answer.user.id.ok_or_else(|| {
            let hint = "Zendesk does not know who we are: check ZENDESK_EMAIL and ZENDESK_API_TOKEN (or \
                        ZENDESK_OAUTH_TOKEN)";
            self.client.error(call, ServiceFailure::AccountRefused, hint.to_owned())
        })
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
