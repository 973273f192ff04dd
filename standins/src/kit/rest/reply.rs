//! [`Reply`]: an answer before it is HTTP.

use axum::response::Response;
use serde_json::Value;

use crate::kit::respond::{self, set};

/// An answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// A header besides the usual ones.
    pub(crate) header: Option<(&'static str, &'static str)>,
}

impl Reply {
    /// An answer with this status and body.
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body, header: None }
    }

    /// The same with a header.
    pub(crate) fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = respond::json(self.status, &self.body);
        if let Some((name, value)) = self.header {
            set(&mut response, name, value);
        }
        response
    }
}
