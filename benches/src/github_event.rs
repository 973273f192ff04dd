//! Webhooks as GitHub sends them: opened issues of 12 KB, each an event and a thread of its own.

use axum::body::{Body, Bytes};
use domain::{Clock, Timestamp};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::Value;
use webhook::{Provider, Secrets};

use crate::Outcome;

/// What the benchmarks sign with.
pub(crate) const SECRET: &str = "a secret of the benchmarks";
/// Where the issues are.
pub(crate) const OWNER: &str = "octo";
pub(crate) const REPO: &str = "tidepool";
/// The name of the source in agent.toml.
pub(crate) const SOURCE: &str = "github";

const ISSUE: &str = include_str!("../../events/bodies/github/issues.opened.json");

/// A signed webhook.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) number: u64,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
}

impl Webhook {
    /// As a request to the router.
    pub(crate) fn request(&self) -> Outcome<Request<Body>> {
        let mut request = Request::post(format!("/webhooks/{SOURCE}")).body(Body::from(self.body.clone()))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

/// The live secrets of the source.
pub(crate) fn secrets() -> Secrets {
    Secrets(vec![SECRET.into()])
}

/// The issues `numbers`, opened now. Their titles differ: equal questions would be asked once.
pub(crate) fn issues(numbers: impl IntoIterator<Item = u64>) -> Outcome<Vec<Webhook>> {
    let template: Value = serde_json::from_str(ISSUE)?;
    let title = template["issue"]["title"].as_str().unwrap_or_default();
    let now = Clock::system().now();
    let issue = |number| {
        let mut event = template.clone();
        event["issue"]["title"] = format!("{title} (station {number})").into();
        webhook(event, number, now)
    };
    numbers.into_iter().map(issue).collect()
}

/// The issue `number`, opened at `now` with this title and text.
pub(crate) fn issue(number: u64, title: &str, text: &str, now: Timestamp) -> Outcome<Webhook> {
    let mut event: Value = serde_json::from_str(ISSUE)?;
    event["issue"]["title"] = title.into();
    event["issue"]["body"] = text.into();
    webhook(event, number, now)
}

fn webhook(mut event: Value, number: u64, now: Timestamp) -> Outcome<Webhook> {
    event["issue"]["number"] = number.into();
    event["issue"]["created_at"] = now.to_string().into();
    event["issue"]["updated_at"] = now.to_string().into();
    // Indented as the file is, which makes it the 12 KB that such an event has with a longer text.
    let body = Bytes::from(serde_json::to_vec_pretty(&event)?);
    let mut headers = HeaderMap::new();
    for (name, value) in Provider::Github.scheme().sign(&secrets(), &body, now) {
        headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-github-event", HeaderValue::from_static("issues"));
    headers.insert("x-github-delivery", HeaderValue::try_from(format!("bench-{number}"))?);
    headers.insert("user-agent", HeaderValue::from_static("GitHub-Hookshot/bench"));
    Ok(Webhook { number, body, headers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_webhook_is_another_event_of_12_kilobytes() {
        let issues = issues(1..=2).unwrap();
        assert_ne!(issues[0].body, issues[1].body);
        assert!((11_000..13_000).contains(&issues[0].body.len()), "{}", issues[0].body.len());
        let [one, event] = [0, 1].map(|at| serde_json::from_slice::<Value>(&issues[at].body).unwrap());
        assert_ne!(one["issue"]["title"], event["issue"]["title"]);
        assert_eq!(event["repository"]["full_name"], format!("{OWNER}/{REPO}"));
    }
}
