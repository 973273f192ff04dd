//! Whether senders reach us, and whether the receiver has the secrets that we have.
//!
//! What is posted does nothing there: signed bytes that are no JSON, which are refused only after their signature has held.

use std::path::Path;

use domain::Clock;
use reqwest::{Client, StatusCode};
use settings::{Environment, Settings, SourceSettings};
use webhook::Secrets;

use super::Finding;
use crate::command::http::reason;
use crate::command::send;

/// What an unsigned header would call it.
const HINT: &str = "check";
/// No JSON.
const NO_EVENT: &[u8] = b"{";
/// For senders whose signed time stands in the body: an event of no kind that a source could name.
const NO_KIND: &[u8] = br#"{"webhookTimestamp":0}"#;

/// Asks the route of each source.
pub(super) async fn look(
    settings: &Settings,
    environment: &Environment,
    data_dir: &Path,
    url: Option<&str>,
    client: &Client,
) -> Vec<Finding> {
    let Some(url) = url else {
        return vec![Finding::skipped(
            "webhooks",
            "name the public address with --url, and each route is asked",
        )];
    };
    let mut findings = vec![health(client, url).await];
    if findings.iter().all(|finding| finding.state == super::State::Ok) {
        for source in settings.sources.values() {
            findings.push(route(environment, data_dir, source, url).await);
        }
    }
    findings
}

async fn health(client: &Client, url: &str) -> Finding {
    let what = url.to_owned();
    match client.get(format!("{url}/health")).send().await {
        Ok(answer) if answer.status().is_success() => Finding::ok(what, "is reached from here"),
        Ok(answer) => {
            let said = format!("/health is answered {}", answer.status().as_u16());
            Finding::wrong(
                what,
                said,
                "something else answers there: look at the tunnel, or take the output WebhookUrl",
            )
        }
        Err(error) => Finding::wrong(what, reason(&error), "start `afterhook dev` and the tunnel, or deploy"),
    }
}

/// Asks one route, signed with the secret of the environment, else with the one that `dev` made up.
async fn route(environment: &Environment, data_dir: &Path, source: &SourceSettings, url: &str) -> Finding {
    let (name, variable) = (&source.name, settings::variable_of(&source.name));
    let what = format!("webhook {name}");
    let (secrets, origin) = match send::secrets(name, environment, data_dir) {
        Ok(known) => known,
        Err(failure) => return Finding::skipped(what, failure.to_string()),
    };
    let address = format!("{url}/webhooks/{name}");
    let status = match send::post(&source.sender, &secrets, HINT, &probe(source), &address).await {
        Ok(answer) => StatusCode::from_u16(answer.status),
        Err(failure) => return Finding::wrong(what, failure.to_string(), "look at the address"),
    };
    // Another system than the `dev` of that directory may be meant.
    if environment.secrets_for(name).is_none() && matches!(status, Ok(StatusCode::UNAUTHORIZED)) {
        return Finding::skipped(
            what,
            format!("is reached, and has another secret than {origin}; set {variable} to compare it"),
        );
    }
    judged(what, &variable, &secrets, status)
}

fn probe(source: &SourceSettings) -> Vec<u8> {
    let stamped = source.sender.stamped(NO_KIND, Clock::system().now());
    if stamped == NO_KIND { NO_EVENT.to_vec() } else { stamped }
}

fn judged<E>(what: String, variable: &str, secrets: &Secrets, status: Result<StatusCode, E>) -> Finding {
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match status {
        // The bytes were refused as no event, which happens to those alone that are signed.
        StatusCode::OK | StatusCode::ACCEPTED | StatusCode::BAD_REQUEST => {
            let more = if secrets.0.len() > 1 { " (the first line of it)" } else { "" };
            Finding::ok(what, format!("is reached, and {variable}{more} is the receiver's"))
        }
        StatusCode::UNAUTHORIZED => Finding::wrong(
            what,
            format!("the receiver has another {variable}, or its clock is off"),
            format!("set {variable} to the same on both sides; on AWS it is in VerifySecretId"),
        ),
        StatusCode::NOT_FOUND => {
            Finding::wrong(what, "the receiver has no such source", "deploy or start it with this agent.toml")
        }
        StatusCode::SERVICE_UNAVAILABLE => Finding::wrong(
            what,
            format!("the receiver has no {variable}"),
            format!("set {variable} there; on AWS in VerifySecretId"),
        ),
        other => {
            Finding::wrong(what, format!("it is answered {}", other.as_u16()), "look at the receiver's log")
        }
    }
}
