//! The answer to a webhook: one match for what was taken, one for what was not.
//!
//! Senders read little more than the status. 2xx: do not send it again. 4xx: sending it again as it
//! is does not help. 503: send it again. So a fault of ours is never a 4xx (GitLab switches a
//! webhook off for good after some), and a 2xx is never sent on hope.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::TaskId;
use edge::Problem;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;
use webhook::IgnoreReason;

use crate::outcome::{Outcome, Refusal};

/// Seconds after which a sender may try again what failed in passing.
const RETRY_SOON: &str = "5";
/// Likewise what a person has to mend. Zendesk heeds only values below 60.
const RETRY_LATER: &str = "30";

#[derive(Serialize)]
struct Taken<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Outcome {
    /// The word for it in answers and logs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Duplicate(_) => "duplicate",
            Self::Decided(_) => "decided",
            Self::Ignored(_) | Self::Unknown(_) => "ignored",
            Self::Pong => "pong",
            Self::Challenge(_) => "challenge",
        }
    }

    /// Why it was ignored, if it was.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Ignored(reason) => Some(reason),
            Self::Unknown(_) => Some(IgnoreReason::Unsubscribed.as_str()),
            Self::Accepted(_) | Self::Duplicate(_) | Self::Decided(_) | Self::Pong | Self::Challenge(_) => {
                None
            }
        }
    }

    /// What else there is to say of the reason.
    pub(crate) fn detail(&self) -> Option<&'static str> {
        if let Self::Unknown(detail) = self { Some(detail) } else { None }
    }
}

impl Refusal {
    /// The word for it in logs and metrics: finer than what the sender is told.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Signature(rejection) => rejection.as_str(),
            other => problem(other).kind,
        }
    }

    /// Whether it is a fault of ours or of what we need. A request for a source without a secret does not count: no
    /// other version of the code would take it, and anybody can send one.
    pub(crate) fn is_failure(&self) -> bool {
        problem(self).status.is_server_error() && !matches!(self, Self::NoSecret { .. })
    }
}

/// The answer to a webhook that its sender is done with.
///
/// `success` is the status that this sender takes for success (Slack and Jira insist on 200).
pub(crate) fn taken(outcome: &Outcome, success: StatusCode) -> Response {
    let (code, task_id) = match outcome {
        Outcome::Accepted(id) | Outcome::Duplicate(id) => (success, Some(id)),
        Outcome::Decided(id) => (StatusCode::OK, Some(id)),
        Outcome::Ignored(_) | Outcome::Unknown(_) | Outcome::Pong => (StatusCode::OK, None),
        Outcome::Challenge(challenge) => return Json(json!({ "challenge": challenge })).into_response(),
    };
    let (status, reason, detail) = (outcome.word(), outcome.reason(), outcome.detail());
    (code, Json(Taken { status, task_id, reason, detail })).into_response()
}

/// The problem behind a refusal.
pub(crate) fn problem(refusal: &Refusal) -> Problem {
    use StatusCode as S;
    let (status, kind, title, detail) = match refusal {
        Refusal::UnknownSource => {
            let detail =
                "Check the last part of the webhook's URL: it is the name of a source in agent.toml.";
            (S::NOT_FOUND, "unknown_source", "There is no such source", detail.to_owned())
        }
        Refusal::TooLarge => {
            let detail = format!("A webhook may have {} bytes.", crate::MAX_BODY_BYTES);
            (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail)
        }
        Refusal::Incomplete => {
            let detail = "The connection ended before the body did.".to_owned();
            (S::BAD_REQUEST, "incomplete", "The body did not arrive in full", detail)
        }
        Refusal::MediaType { wanted } => {
            let detail = format!("Send one of: {}.", wanted.join(", "));
            (S::UNSUPPORTED_MEDIA_TYPE, "media_type", "The media type is not supported", detail)
        }
        // The bytes are signed, and the header is not: it cannot have them read another way.
        Refusal::Contradiction { is } => {
            let detail = format!("The body begins like {is}. Send it with the media type of {is}.");
            (S::UNSUPPORTED_MEDIA_TYPE, "media_type", "The media type contradicts the body", detail)
        }
        // One text for all of them: which of the three it was would help nobody but a forger.
        Refusal::Signature(_) => {
            let detail =
                "The signature is missing, wrong or stale. Compare the secret at the sender with ours.";
            (S::UNAUTHORIZED, "signature", "The signature does not hold", detail.to_owned())
        }
        Refusal::NotJson(why) => (S::BAD_REQUEST, "not_json", "The body is not JSON", why.clone()),
        Refusal::NoSecret { .. } => {
            let detail = "This source has no signing secret yet, so nothing can be taken from it.".to_owned();
            (S::SERVICE_UNAVAILABLE, "no_secret", "The source is not set up", detail)
        }
        Refusal::SecretsUnreadable(_) => {
            let detail = "The signature could not be checked. Please send it again.".to_owned();
            (S::SERVICE_UNAVAILABLE, "secrets_unreadable", "The signature could not be checked", detail)
        }
        Refusal::Storage(_) | Refusal::TooSlow { .. } => {
            let detail = "The event could not be stored. Please send it again.".to_owned();
            (S::SERVICE_UNAVAILABLE, "not_stored", "The event could not be stored", detail)
        }
    };
    Problem { status, kind, title, detail }
}

/// The answer to a webhook that is not taken.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let mut response = problem(refusal).into_response();
    if let Some((name, value)) = extra_header(refusal) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What the status asks for besides: a time to come back, or (RFC 9110) the way to authenticate.
fn extra_header(refusal: &Refusal) -> Option<(http::HeaderName, &'static str)> {
    match refusal {
        Refusal::Storage(_) | Refusal::TooSlow { .. } => Some((RETRY_AFTER, RETRY_SOON)),
        Refusal::NoSecret { .. } | Refusal::SecretsUnreadable(_) => Some((RETRY_AFTER, RETRY_LATER)),
        Refusal::Signature(_) => Some((WWW_AUTHENTICATE, r#"Signature realm="webhooks""#)),
        Refusal::UnknownSource
        | Refusal::TooLarge
        | Refusal::Incomplete
        | Refusal::MediaType { .. }
        | Refusal::Contradiction { .. }
        | Refusal::NotJson(_) => None,
    }
}
