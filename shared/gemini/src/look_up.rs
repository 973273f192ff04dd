//! What the service says of a model before any task needs it: each endpoint is asked for it by name, which costs nothing,
//! and each account for one small answer, since one without money looks like any other until then.

use std::time::Duration;

use bytes::Bytes;
use domain::{Timestamp, at_account};

use crate::config::{Config, ConfigError};
use crate::failure::{ApiError, FailureClass, advice};
use crate::http::{Client, Mode, Reply, TransportError};
use crate::signal::Signals;

/// The service gets at most so long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The smallest call there is: a few tokens, and one of the answer.
const SMALLEST: &[u8] =
    br#"{"contents":[{"role":"user","parts":[{"text":"1"}]}],"generationConfig":{"maxOutputTokens":1}}"#;

/// What one endpoint says of a model.
#[derive(Debug)]
pub struct LookedUp {
    /// Its address and its version.
    pub at: String,
    /// The model, with the account that was asked if that is not the first.
    pub title: String,
    /// The number of its account.
    pub(crate) account: usize,
    /// Whether it serves the model; else why not.
    pub said: Result<(), NotServed>,
    by_token: bool,
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
    /// Whether Google answers that there is no such model.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.said, Err(NotServed::Refused(error)) if error.is_missing())
    }

    /// What a refusal means at `now`, and how to mend it, if that is in the user's hands.
    #[must_use]
    pub fn refusal(&self, now: Timestamp) -> Option<(FailureClass, Option<&'static str>)> {
        let Err(NotServed::Refused(error)) = &self.said else { return None };
        let class = FailureClass::of_error(error, now);
        Some((class, advice(error, class, self.by_token)))
    }
}

/// What every endpoint of `config` says of `model`.
///
/// # Errors
/// What is wrong with `config`.
pub async fn look_up(config: &Config, model: &str, now: Timestamp) -> Result<Vec<LookedUp>, ConfigError> {
    Ok(ask_all(&Client::new(config, Signals::none())?, model, None, now).await)
}

/// What every account of `config` says to the smallest call of `model`, which costs less than a hundredth of a cent.
///
/// # Errors
/// What is wrong with `config`.
pub async fn try_out(config: &Config, model: &str, now: Timestamp) -> Result<Vec<LookedUp>, ConfigError> {
    let client = Client::new(config, Signals::none())?;
    Ok(ask_all(&client, model, Some(Bytes::from_static(SMALLEST)), now).await)
}

/// Asks for `model`, or calls it with `body`: that concerns the account, so the first of its endpoints is asked that has it.
pub(crate) async fn ask_all(
    client: &Client,
    model: &str,
    body: Option<Bytes>,
    now: Timestamp,
) -> Vec<LookedUp> {
    let mut all = Vec::new();
    for (number, account) in client.accounts().iter().enumerate() {
        for endpoint in account.endpoints.all() {
            let address = match body {
                Some(_) => endpoint.generate_content(model, Mode::Unary),
                None => endpoint.about(model),
            };
            let said = read(client.ask(account, endpoint, &address, body.clone(), TIMEOUT, now).await);
            let lacks = matches!(&said, Err(NotServed::Refused(error)) if error.is_of_the_address());
            all.push(LookedUp {
                at: endpoint.to_string(),
                title: at_account(model, &account.name),
                account: number,
                said,
                by_token: account.is_vertex,
            });
            if body.is_some() && !lacks {
                break;
            }
        }
    }
    all
}

fn read(reply: Result<Reply, TransportError>) -> Result<(), NotServed> {
    let reply = reply.map_err(|error| NotServed::Silent(error.to_string()))?;
    ApiError::in_reply(&reply).map_or(Ok(()), |error| Err(NotServed::Refused(error)))
}
