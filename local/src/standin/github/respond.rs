//! Responses as GitHub writes them: JSON, refusals, rate-limit headers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

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
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        let mut response = json(status, &body);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    typed(status, "application/json; charset=utf-8", Body::from(body.to_string()))
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    let mut response = typed(status, "text/html; charset=utf-8", Body::from(page));
    set(&mut response, "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::SERVER, HeaderValue::from_static("github.com"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=0"));
    response
}

/// Sets a header whose value is computed; one that cannot be written is left out.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
