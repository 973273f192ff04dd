//! Whether a model is there: each endpoint is asked for it by name, which costs nothing.

use std::time::Duration;

use domain::Timestamp;

use crate::config::{Config, ConfigError};
use crate::failure::ApiError;
use crate::http::{Client, Reply, TransportError};
use crate::signal::Signals;

/// The service gets at most so long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What one endpoint says of a model.
#[derive(Debug)]
pub struct LookedUp {
    /// Its address and its version.
    pub at: String,
    /// The number of its account.
    pub(crate) account: usize,
    /// Whether it serves the model; else why not.
    pub said: Result<(), NotServed>,
}

/// Why an endpoint does not serve a model.
#[derive(Debug, thiserror::Error)]
pub enum NotServed {
    /// It says so.
    #[error("{0}")]
    Refused(ApiError),
    /// It does not answer.
    #[error("{0}")]
    Silent(String),
}

impl LookedUp {
    /// Whether the endpoint answers that there is no such model.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.said, Err(NotServed::Refused(error)) if error.status == 404)
    }
}

/// What every endpoint of `config` says of `model`.
///
/// # Errors
/// What is wrong with `config`.
pub async fn look_up(config: &Config, model: &str, now: Timestamp) -> Result<Vec<LookedUp>, ConfigError> {
    Ok(look_up_by(&Client::new(config, Signals::none())?, model, now).await)
}

pub(crate) async fn look_up_by(client: &Client, model: &str, now: Timestamp) -> Vec<LookedUp> {
    let mut all = Vec::new();
    for (number, account) in client.accounts().iter().enumerate() {
        for endpoint in account.endpoints.all() {
            let reply = client.ask(account, endpoint, &endpoint.about(model), None, TIMEOUT, now).await;
            all.push(LookedUp { at: endpoint.to_string(), account: number, said: read(reply) });
        }
    }
    all
}

fn read(reply: Result<Reply, TransportError>) -> Result<(), NotServed> {
    let reply = reply.map_err(|error| NotServed::Silent(error.to_string()))?;
    ApiError::in_reply(&reply).map_or(Ok(()), |error| Err(NotServed::Refused(error)))
}
