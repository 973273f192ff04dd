//! [`Linear`]: authorised questions to Linear.

use domain::{Clock, ServiceError};
use outbound::{Answer, BuildError, Call, Client, Commenter, HeaderMap, Request};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::{Config, SERVICE, credential};
use crate::problem;
use crate::wire::GraphqlAnswer;

/// Linear, by its GraphQL API, as one account.
#[derive(Debug)]
pub struct Linear {
    pub(crate) client: Client,
}

impl Linear {
    /// A publisher with a personal API key, or an access token of an OAuth application. Asks nobody and opens no
    /// connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(key: &SecretString, config: &Config, clock: Clock) -> Result<Commenter<Self>, BuildError> {
        let client = Client::new(&SERVICE, config, credential(key)?, &HeaderMap::new(), clock)?;
        Ok(Commenter(Self { client }))
    }

    /// The data that `query` asks for. What came from outside is in `variables`, never in the query.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        call: Call,
        query: &str,
        variables: Value,
    ) -> Result<T, ServiceError> {
        let answer = self.answer(call, query, variables).await?;
        self.read(call, &answer)
    }

    /// The answer to `query`, whatever it is.
    pub(crate) async fn answer(
        &self,
        call: Call,
        query: &str,
        variables: Value,
    ) -> Result<Answer, ServiceError> {
        let body = json!({"query": query, "variables": variables});
        let request = self.client.request(call, Request::post, &["graphql"], &body)?;
        self.client.send(call, &request).await
    }

    /// The data of an answer.
    pub(crate) fn read<T: DeserializeOwned>(&self, call: Call, answer: &Answer) -> Result<T, ServiceError> {
        // Errors come with a 200 as well as with a 400.
        if let Some(error) = problem::of(&self.client, call, answer) {
            return Err(error);
        }
        let read: GraphqlAnswer<T> = self.client.decode(call, answer)?;
        Ok(read.data)
    }
}
