//! Linear.

use std::sync::Arc;

use ::linear::{Config, Linear};
use domain::Clock;
use settings::{ApiAccess, Environment, Settings};
use webhook::Provider;

use crate::Client;
use crate::service::{Built, Row, has_token, token_of};

pub(crate) static ROW: Row = Row {
    service: &::linear::SERVICE,
    how: "set LINEAR_API_KEY to an API key of the account that answers",
    provider: Some(Provider::Linear),
    automations: &[],
    knows_state: true,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address: |environment| environment.linear.as_ref().map(|access| access.url.clone()),
    has_credentials: |environment| has_token(environment.linear.as_ref()),
    client,
    redirect: |environment, address, token| {
        environment.linear = Some(ApiAccess { url: address.to_owned(), token: Some(token) });
    },
};

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(access) = &environment.linear else { return Ok(None) };
    let linear = Linear::new(&token_of(access), &Config::at(&access.url), clock)?;
    Ok(Some(Client::with_threads(Arc::new(linear))))
}
