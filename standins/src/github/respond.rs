//! Responses as GitHub writes them: JSON, refusals, rate-limit headers.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::kit::respond;
pub(super) use crate::kit::respond::set;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    message: String,
    errors: Option<Value>,
    /// Seconds for `Retry-After`.
    retry_after: Option<u64>,
    /// Whether the rate-limit headers say that nothing is left.
    pub(super) exhausted: bool,
}

impl Refusal {
    /// A refusal with a message.
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: None, retry_after: None, exhausted: false }
    }

    /// A status with GitHub's usual words for it.
    pub(super) fn of_status(status: u16) -> Self {
        let message = match status {
            401 => "Bad credentials",
            403 => "Resource not accessible by integration",
            404 => "Not Found",
            410 => "This issue was deleted",
            422 => "Validation Failed",
            500..=599 => "Server Error",
            _ => "Request refused",
        };
        Self::new(status, message)
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::of_status(404)
    }

    /// 422 for a field of a comment.
    pub(super) fn invalid_comment(message: &str) -> Self {
        let errors = json!([{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}]);
        Self { errors: Some(errors), ..Self::of_status(422) }
    }

    /// 403 of the secondary rate limit.
    pub(super) fn secondary_limit() -> Self {
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If \
                       you reach out to GitHub Support for help, please include the request ID.";
        Self { retry_after: Some(60), ..Self::new(403, message) }
    }

    /// 403 of the primary rate limit.
    pub(super) fn primary_limit() -> Self {
        Self { exhausted: true, ..Self::new(403, "API rate limit exceeded for user ID 9919001.") }
    }

    /// The response.
    pub(super) fn into_response(self) -> Response {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        let mut response = from_github(respond::json(self.status, &body));
        if let Some(seconds) = self.retry_after {
            set(&mut response, "retry-after", &seconds.to_string());
        }
        response
    }
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    from_github(respond::json(status.as_u16(), body))
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    from_github(respond::html(status, page))
}

fn from_github(mut response: Response) -> Response {
    set(&mut response, "server", "github.com");
    set(&mut response, "cache-control", "private, max-age=0");
    response
}
