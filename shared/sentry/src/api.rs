//! [`Api`]: authorised calls on Sentry, and who we are.

use domain::{Clock, ServiceError};
use outbound::{BuildError, Call, Client, Credential, HeaderMap, Operation, Request, SingleFlight};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;
use crate::wire::Root;

pub(crate) const LOGIN: Operation = Operation::reads("ask for our own account");
pub(crate) const HISTORY: Operation = Operation::reads("read the comments");
pub(crate) const STATE: Operation = Operation::reads("read the issue");
pub(crate) const PUBLISH: Operation = Operation::creates("add a comment");
pub(crate) const FIND: Operation = Operation::reads("look for our comment");

/// The API as seen by one account.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) client: Client,
    me: SingleFlight<String>,
}

impl Api {
    pub(crate) fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        let credential = Credential::bearer(&SERVICE, token)?;
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::new(), clock)?;
        Ok(Self { client, me: SingleFlight::default() })
    }

    /// Our account's id. Sentry is asked until it has answered once: the root of the API says whose the token
    /// is, also of an integration, which has a user of its own.
    pub(crate) async fn me(&self, within: Call) -> Result<String, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        let fetch = async {
            let url = self.client.base().join(&["api", "0", ""]);
            let root: Root = self.call(call, &Request::get(url, &[])).await?;
            let hint = "the token belongs to no user: make one of an internal integration, or of a user";
            root.user.map(|user| user.id).ok_or_else(|| self.client.refused(call, hint))
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
