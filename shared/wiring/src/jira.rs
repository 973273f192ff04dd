//! Jira.

use std::sync::Arc;

use ::jira::{Config, Jira};
use domain::Clock;
use settings::{Environment, JiraAccess, Settings};
use webhook::Provider;

use crate::Client;
use crate::service::{Built, Row};

pub(crate) static ROW: Row = Row {
    service: &::jira::SERVICE,
    how: "set JIRA_API_URL, JIRA_EMAIL and JIRA_API_TOKEN",
    provider: Some(Provider::Jira),
    automations: &[],
    knows_state: true,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address: |environment| environment.jira.as_ref().map(|access| access.url.clone()),
    has_credentials: |environment| environment.jira.is_some(),
    client,
    redirect: |environment, address, token| {
        let email = "afterhook@example.com".to_owned();
        environment.jira = Some(JiraAccess { url: address.to_owned(), email, token });
    },
};

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(access) = &environment.jira else { return Ok(None) };
    let jira = Jira::new(&access.email, &access.token, &Config::at(&access.url), clock)?;
    Ok(Some(Client::with_threads(Arc::new(jira))))
}
