//! [`Refusal`]: why a request is not done, and the one match to what its sender is told.

use axum::response::{IntoResponse, Response};
use domain::{DecideError, StoreError, TakeInError};
use edge::Problem;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use settings::{Role, Roles};

/// The kind of a [`Refusal`], which its response bears for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason(pub(crate) &'static str);

impl Reason {
    /// Whether a request that was answered with a status above 499 was refused for a fault of ours or of what we need.
    /// Anybody can ask a console that has no tokens yet: that is none.
    pub(crate) fn is_failure(self) -> bool {
        self.0 != NO_TOKENS
    }
}

const NO_TOKENS: &str = "no_tokens";

/// Why a request is not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No token, or none that is known.
    Unauthorized,
    /// The token is good for something else.
    Forbidden {
        /// What it must be good for.
        needs: Role,
        /// What it is good for.
        has: Roles,
    },
    /// Who requested a task wants to decide about it; the text says what to do.
    OwnTask(String),
    /// `CONSOLE_TOKEN` is not set.
    NoTokens,
    /// The tokens cannot be read; the text is for the log.
    TokensUnreadable(String),
    /// A parameter or a body makes no sense; the text says which, and what would.
    Malformed(String),
    /// The task that is asked for is none; every mistake, in words.
    Invalid(String),
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The task could not be enqueued; the text is for the log.
    Queue(String),
    /// A change that no page of ours has asked for.
    Forged(&'static str),
    /// Too many wrong tokens.
    Throttled,
    /// The body is too large.
    TooLarge,
    /// The body is not sent as JSON.
    MediaType,
    /// No such task, by the text that was to name it.
    NoSuchTask(String),
    /// The task has no such part.
    NoSuchPart(&'static str),
    /// The task is not, or no longer, what the request takes it for.
    Conflict {
        /// Which way, for programs.
        kind: &'static str,
        /// In words.
        title: &'static str,
        /// What to do instead.
        detail: String,
    },
    /// A store failed.
    Store(StoreError),
}

impl From<DecideError> for Refusal {
    fn from(error: DecideError) -> Self {
        let detail = error.to_string();
        let conflict = |kind, title| Self::Conflict { kind, title, detail };
        match error {
            DecideError::Unknown(id) => Self::NoSuchTask(id.to_string()),
            DecideError::Conflict { .. } => conflict("conflict", "The task has moved on"),
            DecideError::StaleDraft { .. } => conflict("stale_draft", "The draft has changed"),
            DecideError::Expired { .. } => conflict("expired", "The time to decide is over"),
            DecideError::OwnTask { .. } => Self::OwnTask(format!("{error}.")),
            DecideError::EmptyText | DecideError::Unwritten(_) => Self::Malformed(error.to_string()),
            DecideError::Store(error) => Self::Store(error),
        }
    }
}

impl From<TakeInError> for Refusal {
    fn from(error: TakeInError) -> Self {
        match error {
            TakeInError::Store(error) => error.into(),
            TakeInError::Queue(error) => Self::Queue(error.to_string()),
            TakeInError::Compress(error) => StoreError::broken("pack the task", error).into(),
            incomplete @ TakeInError::Incomplete => {
                StoreError::unavailable("store the task", incomplete).into()
            }
            TakeInError::Revive(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    pub(crate) fn problem(self) -> Problem {
        use StatusCode as S;
        let (status, kind, title, detail) = match self {
            Self::Unauthorized => {
                let detail =
                    "Send `Authorization: Bearer` and the token of a line of CONSOLE_TOKEN.".to_owned();
                (S::UNAUTHORIZED, "unauthorized", "A token is needed", detail)
            }
            Self::Forbidden { needs, has } => {
                let detail = format!("This token may {has}; this needs one that may {}.", needs.as_str());
                (S::FORBIDDEN, "forbidden", "The token is not good for this", detail)
            }
            Self::OwnTask(detail) => (S::FORBIDDEN, "own_task", "Somebody else has to decide", detail),
            Self::NoTokens => {
                let detail = "Nobody may use the console yet: set CONSOLE_TOKEN to lines of `name:token`.";
                (S::SERVICE_UNAVAILABLE, NO_TOKENS, "The console is not set up", detail.to_owned())
            }
            Self::TokensUnreadable(_) => {
                let detail = "The console cannot check tokens at the moment. Try again.".to_owned();
                (S::SERVICE_UNAVAILABLE, "tokens_unreadable", "The tokens cannot be read", detail)
            }
            Self::Malformed(detail) => (S::BAD_REQUEST, "malformed", "The request makes no sense", detail),
            Self::Invalid(detail) => {
                (S::UNPROCESSABLE_ENTITY, "invalid_task", "The request does not describe a task", detail)
            }
            Self::KeyReused => {
                let detail = "Another body was sent with this Idempotency-Key: send the same one again, or \
                              another key.";
                (S::UNPROCESSABLE_ENTITY, "key_reused", "The key belongs to another task", detail.to_owned())
            }
            Self::Queue(_) => {
                let detail = "The task could not be put on its lane. Send the same again, with the same \
                              Idempotency-Key.";
                (S::SERVICE_UNAVAILABLE, "unavailable", "The queue is unavailable", detail.to_owned())
            }
            Self::TooLarge => {
                let detail = format!("A request may have {} bytes.", crate::body::MAX_BODY_BYTES);
                (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail)
            }
            Self::MediaType => {
                let detail = "Send the body as `Content-Type: application/json`.".to_owned();
                (S::UNSUPPORTED_MEDIA_TYPE, "media_type", "The media type is not supported", detail)
            }
            Self::NoSuchTask(id) => {
                let detail = format!("There is no task `{id}`. Tasks are forgotten after 30 days.");
                (S::NOT_FOUND, "unknown_task", "There is no such task", detail)
            }
            Self::NoSuchPart(part) => {
                let detail = format!("The task has no {part}.");
                (S::NOT_FOUND, "unknown_part", "The task has no such part", detail)
            }
            Self::Forged(why) => {
                let detail = format!("{why} Go back, load the page again and repeat what you did.");
                (S::FORBIDDEN, "forged", "This did not come from a page of the console", detail)
            }
            Self::Throttled => {
                let detail = "Wait a few minutes before you try again.".to_owned();
                (S::TOO_MANY_REQUESTS, "throttled", "Too many wrong tokens", detail)
            }
            Self::Conflict { kind, title, detail } => (S::CONFLICT, kind, title, detail),
            Self::Store(StoreError::Unavailable { .. }) => {
                let detail = "The store did not answer. Try again.".to_owned();
                (S::SERVICE_UNAVAILABLE, "unavailable", "The store is unavailable", detail)
            }
            Self::Store(StoreError::Broken { .. }) => {
                let detail = "What is stored cannot be read; the log says what it is.".to_owned();
                (S::INTERNAL_SERVER_ERROR, "broken", "What is stored cannot be read", detail)
            }
        };
        Problem { status, kind, title, detail }
    }

    pub(crate) fn extra_header(&self) -> Option<(http::HeaderName, &'static str)> {
        match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, r#"Bearer realm="afterhook""#)),
            Self::TokensUnreadable(_) | Self::Queue(_) | Self::Store(StoreError::Unavailable { .. }) => {
                Some((RETRY_AFTER, "5"))
            }
            Self::Throttled => Some((RETRY_AFTER, "300")),
            Self::NoTokens
            | Self::Forbidden { .. }
            | Self::OwnTask(_)
            | Self::Forged(_)
            | Self::Malformed(_)
            | Self::Invalid(_)
            | Self::KeyReused
            | Self::TooLarge
            | Self::MediaType
            | Self::NoSuchTask(_)
            | Self::NoSuchPart(_)
            | Self::Conflict { .. }
            | Self::Store(StoreError::Broken { .. }) => None,
        }
    }

    /// What the caller is not told.
    pub(crate) fn log(&self) {
        match self {
            Self::NoTokens => tracing::error!("CONSOLE_TOKEN is not set: nobody can use the console"),
            Self::TokensUnreadable(error) => tracing::error!(%error, "the tokens cannot be read"),
            Self::Store(error) => tracing::error!(%error, "a console request failed"),
            Self::Queue(error) => tracing::error!(%error, "a task could not be enqueued"),
            Self::Throttled => tracing::warn!("an address sent too many wrong tokens and must wait"),
            Self::Forged(why) => {
                tracing::warn!(why, "a change was refused because it did not come from a page of the console")
            }
            Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::OwnTask(_)
            | Self::Malformed(_)
            | Self::Invalid(_)
            | Self::KeyReused
            | Self::TooLarge
            | Self::MediaType
            | Self::NoSuchTask(_)
            | Self::NoSuchPart(_)
            | Self::Conflict { .. } => {}
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        let (extra, problem) = (self.extra_header(), self.problem());
        let reason = Reason(problem.kind);
        let mut response = problem.into_response();
        response.extensions_mut().insert(reason);
        if let Some((name, value)) = extra {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
