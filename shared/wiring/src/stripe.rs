//! Stripe: refunds, and no threads.

use std::sync::Arc;

use ::stripe::{Config, Stripe, default_config};
use domain::Clock;
use settings::{Environment, Settings};

use crate::service::{Built, Row, no_token};
use crate::{Client, OutsideService, ServiceClient};

pub(crate) static ROW: Row = Row {
    service: &::stripe::SERVICE,
    how: "set STRIPE_API_KEY to a restricted key (rk_…) with write access to Refunds",
    provider: None,
    automations: &["refund_request"],
    knows_state: false,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address,
    has_credentials: |environment| environment.stripe_api_key.is_some(),
    client,
    redirect: |environment, address, token| {
        environment.stripe_api_url = Some(address.to_owned());
        environment.stripe_api_key = Some(token);
    },
};

impl ServiceClient for Stripe {
    const SERVICE: OutsideService = OutsideService::Stripe;
}

fn address(environment: &Environment) -> Option<String> {
    let public = || environment.stripe_api_key.as_ref().map(|_| default_config().base_url);
    environment.stripe_api_url.clone().or_else(public)
}

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(address) = address(environment) else { return Ok(None) };
    let key = environment.stripe_api_key.clone().unwrap_or_else(no_token);
    let stripe = Stripe::new(&key, &Config::at(address), clock)?;
    Ok(Some(Client::new(Arc::new(stripe))))
}
