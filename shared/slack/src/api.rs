//! [`Api`]: calls of Slack's methods, and what their answers mean.

use domain::{Clock, ServiceError};
use outbound::{Answer, BuildError, Call, Client, Credential, HeaderMap, Operation, Request, SingleFlight};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE};
use crate::identity::Identity;
use crate::problem::ErrorClass;

pub(crate) const HISTORY: Operation = Operation::reads("read the thread");
pub(crate) const FIND: Operation = Operation::reads("look for our message");
pub(crate) const POST: Operation = Operation::creates("post a message");
/// A second request shows the message a second time. By Slack's own word, it may also get lost.
pub(crate) const TELL: Operation = Operation::creates("tell somebody");
/// An update sets a message to what it should be, so it may happen twice.
pub(crate) const UPDATE: Operation = Operation::reads("change a message");

/// The API as seen by one bot.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) identity: SingleFlight<Identity>,
}

impl Api {
    pub(crate) fn new(token: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        let credential = Credential::bearer(&SERVICE, token)?;
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::new(), clock)?;
        Ok(Self { client, identity: SingleFlight::default() })
    }

    /// Calls a method that reads.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: Call,
        method: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ServiceError> {
        let request = Request::get(self.client.base().join(&[method]), query);
        self.decode(call, &self.client.send(call, &request).await?)
    }

    /// Calls a method that writes.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        call: Call,
        method: &str,
        body: &impl Serialize,
    ) -> Result<T, ServiceError> {
        let request = self.client.request(call, Request::post, &[method], body)?;
        self.decode(call, &self.client.send(call, &request).await?)
    }

    fn decode<T: DeserializeOwned>(&self, call: Call, answer: &Answer) -> Result<T, ServiceError> {
        if !answer.status.is_success() {
            let said = serde_json::from_slice::<ErrorClass>(&answer.body).unwrap_or_default();
            return Err(self.client.failed(call, answer, &said.said(), said.hint().as_deref()));
        }
        let class: ErrorClass = self.client.decode(call, answer)?;
        if !class.ok {
            let failure = class.failure(call.operation, answer.retry_after(self.client.now()));
            let hint = class.hint();
            return Err(self.client.failed_as(call, failure, answer, &class.said(), hint.as_deref()));
        }
        self.client.decode(call, answer)
    }
}
