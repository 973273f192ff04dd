//! Sentry.

use std::sync::Arc;

use ::sentry::{Config, Sentry};
use domain::Clock;
use settings::{ApiAccess, Environment, Settings};
use webhook::Provider;

use crate::Client;
use crate::service::{Built, Row, has_token, token_of};

pub(crate) static ROW: Row = Row {
    service: &::sentry::SERVICE,
    how: "set SENTRY_AUTH_TOKEN to a token with the scope `event:write`",
    provider: Some(Provider::Sentry),
    automations: &[],
    knows_state: true,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address: |environment| environment.sentry.as_ref().map(|access| access.url.clone()),
    has_credentials: |environment| has_token(environment.sentry.as_ref()),
    client,
    redirect: |environment, address, token| {
        environment.sentry = Some(ApiAccess { url: address.to_owned(), token: Some(token) });
    },
};

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(access) = &environment.sentry else { return Ok(None) };
    let sentry = Sentry::new(&token_of(access), &Config::at(&access.url), clock)?;
    Ok(Some(Client::with_threads(Arc::new(sentry))))
}
