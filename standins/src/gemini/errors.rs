//! [`ApiError`]: a refusal in the form of `google.rpc.Status`.

use http::StatusCode;
use serde_json::{Value, json};

/// What a request is refused with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    code: u16,
    status: &'static str,
    pub(super) message: String,
    details: Vec<Value>,
}

impl ApiError {
    /// An error with the canonical status that belongs to an HTTP code.
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, status: canonical(code), message: message.into(), details: Vec::new() }
    }

    /// The same error with another status than its code usually has.
    pub(super) fn under(self, status: &'static str) -> Self {
        Self { status, ..self }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 404 for a model that does not exist or lacks the method.
    pub(super) fn no_model(model: &str, version: &str, method: &str) -> Self {
        Self::new(
            404,
            format!(
                "models/{model} is not found for API version {version}, or is not supported for {method}. Call \
             ModelService.ListModels to see the list of available models and their supported methods."
            ),
        )
    }

    /// 400 `API_KEY_INVALID`.
    pub(super) fn key_invalid() -> Self {
        const MESSAGE: &str = "API key not valid. Please pass a valid API key.";
        Self::invalid(MESSAGE)
            .detail(json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                "domain": "googleapis.com", "metadata": {"service": "generativelanguage.googleapis.com"},
            }))
            .detail(json!({
                "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US",
                "message": MESSAGE,
            }))
    }

    /// 403 for a request without a key.
    pub(super) fn key_missing() -> Self {
        Self::new(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). Please use API \
             Key or other form of API consumer identity to call this API.",
        )
    }

    pub(super) fn detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    pub(super) fn http_status(&self) -> StatusCode {
        StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn body(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message, "status": self.status});
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details.clone());
        }
        json!({ "error": error })
    }
}

fn canonical(code: u16) -> &'static str {
    match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        502 | 503 => "UNAVAILABLE",
        408 | 504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}
