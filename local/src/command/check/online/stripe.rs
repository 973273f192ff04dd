//! What the key of Stripe may do.

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use settings::Environment;
use wiring::OutsideService;

use super::Finding;
use crate::command::http::reason;

/// What it must read for `refund_request`, as a list of one.
const KINDS: [&str; 3] = ["refunds", "charges", "payment_intents"];

/// Looks whether it reads them.
pub(super) async fn look(environment: &Environment, client: &Client) -> Option<Finding> {
    const WHAT: &str = "Stripe key";
    let key = environment.stripe_api_key.as_ref()?;
    let address = OutsideService::Stripe.address(environment)?;
    for kind in KINDS {
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
