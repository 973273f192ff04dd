//! Zendesk.

use std::sync::Arc;

use ::zendesk::{Config, Credentials, Zendesk};
use domain::Clock;
use settings::{Environment, Settings, ZendeskAccess, ZendeskCredentials};
use webhook::Provider;

use crate::Client;
use crate::service::{Built, Row};

pub(crate) static ROW: Row = Row {
    service: &::zendesk::SERVICE,
    how: "set ZENDESK_SUBDOMAIN, and ZENDESK_EMAIL with ZENDESK_API_TOKEN, or ZENDESK_OAUTH_TOKEN",
    provider: Some(Provider::Zendesk),
    automations: &[],
    knows_state: true,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address: |environment| environment.zendesk.as_ref().map(|access| access.url.clone()),
    has_credentials: |environment| environment.zendesk.is_some(),
    client,
    redirect: |environment, address, token| {
        let credentials = ZendeskCredentials::Oauth(token);
        environment.zendesk = Some(ZendeskAccess { url: address.to_owned(), credentials });
    },
};

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(access) = environment.zendesk.clone() else { return Ok(None) };
    let credentials = match access.credentials {
        ZendeskCredentials::ApiToken { email, token } => Credentials::ApiToken { email, token },
        ZendeskCredentials::Oauth(token) => Credentials::Oauth(token),
    };
    let zendesk = Zendesk::new(&credentials, &Config::at(access.url), clock)?;
    Ok(Some(Client::with_threads(Arc::new(zendesk))))
}
