//! PagerDuty.

use std::sync::Arc;

use ::pagerduty::{Config, Pagerduty};
use domain::Clock;
use settings::{Environment, PagerdutyAccess, Settings};
use webhook::Provider;

use crate::Client;
use crate::service::{Built, Row};

pub(crate) static ROW: Row = Row {
    service: &::pagerduty::SERVICE,
    how: "set PAGERDUTY_EMAIL to the address of the user who answers, and PAGERDUTY_API_TOKEN",
    provider: Some(Provider::Pagerduty),
    automations: &[],
    knows_state: true,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address: |environment| environment.pagerduty.as_ref().map(|access| access.url.clone()),
    has_credentials: |environment| environment.pagerduty.is_some(),
    client,
    redirect: |environment, address, token| {
        let email = "afterhook@example.com".to_owned();
        environment.pagerduty = Some(PagerdutyAccess { url: address.to_owned(), email, token });
    },
};

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(access) = &environment.pagerduty else { return Ok(None) };
    let pagerduty = Pagerduty::new(&access.email, &access.token, &Config::at(&access.url), clock)?;
    Ok(Some(Client::with_threads(Arc::new(pagerduty))))
}
