//! What the tokens of Slack and Stripe may do.

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use settings::{Environment, Settings, SourceSettings};
use webhook::Provider;
use wiring::OutsideService;

use super::Finding;
use crate::command::http::reason;

/// Slack tells a token's scopes in this header of every answer.
const SCOPES: &str = "x-oauth-scopes";
/// What a key of Stripe must read for `refund_request`, as a list of one.
const STRIPE: [&str; 3] = ["refunds", "charges", "payment_intents"];

/// Looks at both.
pub(super) async fn look(settings: &Settings, environment: &Environment, client: &Client) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(slack(settings, environment, client).await);
    findings.extend(stripe(environment, client).await);
    findings
}

async fn slack(settings: &Settings, environment: &Environment, client: &Client) -> Option<Finding> {
    const WHAT: &str = "Slack scopes";
    let token = environment.slack_bot_token.as_ref()?;
    let address = OutsideService::Slack.address(environment)?;
    let request = client.post(format!("{address}/auth.test")).bearer_auth(token.expose_secret());
    // What cannot be reached, or is refused, the account's own line says.
    let answer = request.send().await.ok()?;
    let Some(scopes) = answer.headers().get(SCOPES).and_then(|scopes| scopes.to_str().ok()) else {
        return Some(Finding::skipped(WHAT, "Slack does not tell what the token may do"));
    };
    let has: Vec<&str> = scopes.split(',').map(str::trim).collect();
    let missing: Vec<&str> = scopes_for(settings).into_iter().filter(|scope| !has.contains(scope)).collect();
    if missing.is_empty() {
        return Some(Finding::ok(WHAT, format!("the bot has {}", has.join(", "))));
    }
    let mend = "add it under OAuth & Permissions, and install the app again";
    Some(Finding::wrong(WHAT, format!("the bot lacks {}", missing.join(", ")), mend))
}

/// What the events of agent.toml need; without a source of Slack, what posting does.
fn scopes_for(settings: &Settings) -> Vec<&'static str> {
    let of_slack = |source: &&SourceSettings| source.sender.provider == Provider::Slack;
    let sources: Vec<&SourceSettings> = settings.sources.values().filter(of_slack).collect();
    if sources.is_empty() {
        return vec!["chat:write"];
    }
    let usual = || vec!["app_mention".to_owned()];
    let events: Vec<String> =
        sources.iter().flat_map(|source| source.filter.events.clone().unwrap_or_else(usual)).collect();
    crate::command::setup::slack_scopes(&events)
}

async fn stripe(environment: &Environment, client: &Client) -> Option<Finding> {
    const WHAT: &str = "Stripe key";
    let key = environment.stripe_api_key.as_ref()?;
    let address = OutsideService::Stripe.address(environment)?;
    for kind in STRIPE {
        let request = client.get(format!("{address}/v1/{kind}?limit=1")).bearer_auth(key.expose_secret());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                return Some(Finding::wrong(WHAT, reason(&error), "look at the network and STRIPE_API_URL"));
            }
        };
        if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let body: Value = answer.json().await.unwrap_or_default();
            let said = body.pointer("/error/message").and_then(Value::as_str).unwrap_or("it is refused");
            let mend = "make a restricted key with Refunds: write, Charges: read, PaymentIntents: read";
            return Some(Finding::wrong(WHAT, format!("{kind}: {said}"), mend));
        }
    }
    Some(Finding::ok(WHAT, "it reads refunds, charges and payment intents"))
}
