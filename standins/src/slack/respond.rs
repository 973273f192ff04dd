//! Responses as Slack writes them: nearly everything is a 200 that says whether it is `ok`.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::kit::respond::{self, set};

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
        let mut body = json!({"ok": false, "error": self.code});
        if !self.messages.is_empty() {
            body["response_metadata"] = json!({"messages": self.messages});
        }
        let mut response = from_slack(respond::json(self.status, &body));
        if let Some(seconds) = self.retry_after {
            set(&mut response, "retry-after", &seconds.to_string());
        }
        response
    }
}

/// 200 with `ok: true` and these fields.
pub(super) fn ok(mut fields: Value) -> Response {
    fields["ok"] = Value::Bool(true);
    from_slack(respond::json(200, &fields))
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    from_slack(respond::html(status, page))
}

fn from_slack(mut response: Response) -> Response {
    set(&mut response, "cache-control", "private, no-cache, no-store");
    response
}
