//! [`Call`]: a request, read.

use axum::body::to_bytes;
use axum::extract::Request;
use domain::Timestamp;
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value};

use super::ReceivedRequest;

/// A request, read.
#[derive(Debug)]
pub struct Call {
    pub(crate) method: Method,
    /// Scheme and host, as the caller addressed us.
    pub(crate) origin: String,
    /// What stood before the path; empty when nothing did.
    pub(crate) prefix: &'static str,
    /// The path below the prefix.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// The JSON body, or the fields of a form; `null` if there is neither.
    pub(crate) body: Value,
    /// Why the body cannot be read.
    pub(crate) problem: Option<String>,
}

impl Call {
    /// Reads a request with a body of at most `max` bytes.
    pub(crate) async fn read(request: Request, prefix: &'static str, max: usize) -> Self {
        let (parts, body) = request.into_parts();
        let read = match to_bytes(body, max).await {
            Ok(bytes) => value(&parts.headers, &bytes),
            Err(error) => Err(error.to_string()),
        };
        let (body, problem) = read.map_or_else(|problem| (Value::Null, Some(problem)), |body| (body, None));
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        let path = parts.uri.path();
        let below = path.strip_prefix(prefix).filter(|rest| !prefix.is_empty() && rest.starts_with('/'));
        Self {
            origin: format!("http://{host}"),
            prefix: if below.is_some() { prefix } else { "" },
            path: below.unwrap_or(path).to_owned(),
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()).collect(),
            method: parts.method,
            headers: parts.headers,
            body,
            problem,
        }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A number of the query, within its bounds.
    pub(crate) fn number(&self, name: &str, default: usize, max: usize) -> usize {
        self.query(name).and_then(|text| text.parse().ok()).unwrap_or(default).min(max)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// Whether somebody shows credentials of this scheme (`Basic`, `Bearer`).
    pub(crate) fn is_authorised(&self, schemes: &[&str]) -> bool {
        let (scheme, rest) = self.header("authorization").split_once(' ').unwrap_or_default();
        schemes.contains(&scheme) && !matches!(rest.trim(), "" | "INVALID")
    }

    /// What the log keeps: no credentials.
    pub(super) fn received(&self, at: Timestamp) -> ReceivedRequest {
        let mut body = self.body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("token");
        }
        let query = self.query.iter().filter(|(name, _)| name != "token");
        ReceivedRequest {
            at,
            method: self.method.to_string(),
            path: self.path.clone(),
            query: form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish(),
            body,
            status: None,
        }
    }
}

fn value(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, String> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match content_type {
        _ if bytes.is_empty() => Ok(Value::Null),
        Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => {
            let fields = pairs(bytes).map(|(name, value)| (name, Value::String(value)));
            Ok(Value::Object(fields.collect::<Map<_, _>>()))
        }
        _ => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
    }
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(text).into_owned()
}
