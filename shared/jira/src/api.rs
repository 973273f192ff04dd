//! [`Api`]: authorised calls on Jira, and who we are.

use domain::{Clock, ServiceError};
use outbound::{
    BuildError, Call, Client, Credential, HeaderMap, HeaderName, HeaderValue, Operation, Request,
    SingleFlight,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::problem;
use crate::wire::Myself;

pub(crate) const LOGIN: Operation = Operation::reads("ask for our own account");
pub(crate) const HISTORY: Operation = Operation::reads("read the comments");
pub(crate) const STATE: Operation = Operation::reads("read the issue");
pub(crate) const PUBLISH: Operation = Operation::creates("add a comment");
pub(crate) const FIND: Operation = Operation::reads("look for our comment");

/// The API as seen by one account.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) client: Client,
    myself: SingleFlight<String>,
}

impl Api {
    pub(crate) fn new(
        email: &str,
        token: &SecretString,
        config: &Config,
        clock: Clock,
    ) -> Result<Self, BuildError> {
        let credential = Credential::basic(&SERVICE, email, token)?;
        let accept = (HeaderName::from_static("accept"), HeaderValue::from_static("application/json"));
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::from_iter([accept]), clock)?;
        Ok(Self { client, myself: SingleFlight::default() })
    }

    /// Our account's id. Jira is asked until it has answered once.
    pub(crate) async fn myself(&self, within: Call) -> Result<String, ServiceError> {
        let call = Call { operation: LOGIN, ..within };
        let fetch = async {
            let url = self.client.base().join(&["rest", "api", "3", "myself"]);
            let myself: Myself = self.call(call, &Request::get(url, &[])).await?;
            Ok(myself.account_id)
        };
        self.myself.get_by(&self.client, call, |_| true, fetch).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }
}
