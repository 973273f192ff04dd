//! [`Stripe`]: the API as seen by one key.

use domain::{Clock, ServiceFailure};
use outbound::{
    BuildError, Call, Client, Credential, HeaderMap, HeaderName, HeaderValue, Operation, Request,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SERVICE, VERSION};
use crate::error::{self, Problem, StripeError};

pub(crate) const CHARGE: Operation = Operation::reads("look at the payment");
pub(crate) const FIND: Operation = Operation::reads("look for our refund");
pub(crate) const REFUND: Operation = Operation::creates("refund a payment");

/// Stripe, by its API, as one account.
///
/// One value per process: it holds the connections.
#[derive(Debug)]
pub struct Stripe {
    pub(crate) client: Client,
}

impl Stripe {
    /// A client with a secret or restricted key. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(key: &SecretString, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        let credential = Credential::bearer(&SERVICE, key)?;
        let version = (HeaderName::from_static("stripe-version"), HeaderValue::from_static(VERSION));
        let client = Client::new(&SERVICE, config, credential, &HeaderMap::from_iter([version]), clock)?;
        Ok(Self { client })
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<T, StripeError> {
        self.client.call(call, request, error::of).await
    }

    pub(crate) fn refuse(&self, call: Call, problem: Problem, message: &str) -> StripeError {
        let service = self.client.error(call, ServiceFailure::Refused, message.to_owned());
        StripeError { problem, service }
    }
}
