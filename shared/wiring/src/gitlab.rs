//! GitLab.

use std::sync::Arc;

use ::gitlab::{Config, Gitlab};
use domain::Clock;
use settings::{ApiAccess, Environment, Settings};
use webhook::Provider;

use crate::Client;
use crate::service::{Built, Row, has_token, token_of};

pub(crate) static ROW: Row = Row {
    service: &::gitlab::SERVICE,
    how: "set GITLAB_TOKEN to an access token with the scope `api` of the account that answers",
    provider: Some(Provider::Gitlab),
    automations: &[],
    knows_state: true,
    has_labels: true,
    redelivers: false,
    has_reactions: false,
    address: |environment| environment.gitlab.as_ref().map(|access| access.url.clone()),
    has_credentials: |environment| has_token(environment.gitlab.as_ref()),
    client,
    redirect: |environment, address, token| {
        environment.gitlab = Some(ApiAccess { url: address.to_owned(), token: Some(token) });
    },
};

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(access) = &environment.gitlab else { return Ok(None) };
    let gitlab = Gitlab::new(&token_of(access), &Config::at(&access.url), clock)?;
    Ok(Some(Client::with_threads(Arc::new(gitlab))))
}
