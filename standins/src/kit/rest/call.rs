//! [`Call`]: a request, read.

use axum::body::to_bytes;
use axum::extract::Request;
use domain::Timestamp;
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value};

use crate::kit::log::ReceivedRequest;

/// More than any of the services takes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A request, read.
#[derive(Debug)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    query: String,
    headers: HeaderMap,
    /// The JSON body, or the fields of a form; `null` if there is neither.
    pub(crate) body: Value,
}

impl Call {
    /// Reads a request; the error is why it cannot be read.
    pub(super) async fn read(request: Request) -> Result<Self, String> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, MAX_BODY).await.map_err(|error| error.to_string())?;
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = match content_type {
            _ if bytes.is_empty() => Value::Null,
            Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => {
                let fields = form_urlencoded::parse(&bytes).into_owned();
                Value::Object(fields.map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>())
            }
            _ => serde_json::from_slice(&bytes).map_err(|error| error.to_string())?,
        };
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let path = parts.uri.path().to_owned();
        Ok(Self { method: parts.method, path, query, headers: parts.headers, body })
    }

    /// The parts of the path.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A parameter of the query, or nothing.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// A number of the query, within its bounds.
    pub(crate) fn number(&self, name: &str, default: usize, most: usize) -> usize {
        self.query(name).and_then(|text| text.parse().ok()).unwrap_or(default).min(most)
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// Whether somebody shows credentials of this scheme (`Basic`, `Bearer`).
    pub(crate) fn is_authorised(&self, schemes: &[&str]) -> bool {
        let (scheme, rest) = self.header("authorization").split_once(' ').unwrap_or_default();
        schemes.contains(&scheme) && !matches!(rest.trim(), "" | "INVALID")
    }

    /// Whether it changes something.
    pub(super) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    pub(super) fn received(&self, now: Timestamp) -> ReceivedRequest {
        ReceivedRequest {
            at: now,
            method: self.method.to_string(),
            path: self.path.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            status: None,
        }
    }
}
