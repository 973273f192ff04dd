//! [`Gitlab`]: authorised calls on GitLab.

use domain::{Clock, ServiceError, Timestamp};
use outbound::{
    BuildError, Call, Client, Commenter, Credential, HeaderMap, Operation, Request, SingleFlight, Url,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE, at_site};
use crate::problem;
use crate::wire::Account;

pub(crate) const STATE: Operation = Operation::reads("read the issue");
pub(crate) const LABELS: Operation = Operation::reads("read the labels");
/// A label that is there already stays: it may be added twice.
pub(crate) const ADD_LABELS: Operation = Operation::reads("add labels");

/// GitLab, by its REST API, as one account.
#[derive(Debug)]
pub struct Gitlab {
    pub(crate) client: Client,
    user: SingleFlight<(Timestamp, Account)>,
}

impl Gitlab {
    /// A publisher for the site `config.base_url` with an access token of the scope `api`. Asks nobody and opens no
    /// connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Commenter<Self>, BuildError> {
        let credential = Credential::bearer(&SERVICE, token)?;
        let client = Client::new(&SERVICE, &at_site(config), credential, &HeaderMap::new(), clock)?;
        Ok(Commenter(Self { client, user: SingleFlight::default() }))
    }

    /// Our own account, by GitLab's word of the last minute.
    pub(crate) async fn user(&self, call: Call) -> Result<Account, ServiceError> {
        let request = Request::get(self.client.base().join(&["api", "v4", "user"]), &[]);
        self.user.get_recent(&self.client, call, self.call(call, &request)).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, ServiceError> {
        self.client.call(call, request, problem::of).await
    }

    /// A page of a list, and the number of the next one.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        call: Call,
        url: Url,
        query: &[(&str, &str)],
    ) -> Result<(T, Option<String>), ServiceError> {
        let answer = self.client.send(call, &Request::get(url, query)).await?;
        let next = answer.headers.get("x-next-page").and_then(|next| next.to_str().ok());
        let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
        Ok((self.client.read(call, &answer, problem::of)?, next))
    }
}
