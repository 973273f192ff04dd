//! Responses as Slack writes them: nearly everything is a 200 that says whether it is `ok`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    code: String,
    /// What is wrong with the arguments.
    messages: Vec<String>,
    /// Seconds for `Retry-After`.
    retry_after: Option<u64>,
}

impl Refusal {
    /// 200 with `ok: false` and this code.
    pub(super) fn new(code: impl Into<String>) -> Self {
        Self { status: 200, code: code.into(), messages: Vec::new(), retry_after: None }
    }

    /// The same with what is wrong.
    pub(super) fn because(code: &str, message: impl Into<String>) -> Self {
        Self { messages: vec![format!("[ERROR] {}", message.into())], ..Self::new(code) }
    }

    /// An HTTP status.
    pub(super) fn of_status(status: u16) -> Self {
        let code = if status >= 500 { "service_unavailable" } else { "invalid_request" };
        Self { status, ..Self::new(code) }
    }

    /// 429.
    pub(super) fn rate_limited() -> Self {
        Self { status: 429, retry_after: Some(30), ..Self::new("ratelimited") }
    }

    /// The response.
    pub(super) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({"ok": false, "error": self.code});
        if !self.messages.is_empty() {
            body["response_metadata"] = json!({"messages": self.messages});
        }
        let mut response = typed(status, "application/json; charset=utf-8", body.to_string());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// 200 with `ok: true` and these fields.
pub(super) fn ok(mut fields: Value) -> Response {
    fields["ok"] = Value::Bool(true);
    typed(StatusCode::OK, "application/json; charset=utf-8", fields.to_string())
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    let mut response = typed(status, "text/html; charset=utf-8", page);
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
    response
}
