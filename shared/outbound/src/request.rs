//! [`Request`]: what is sent, without credentials.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Serialize;

/// A request, without credentials.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    /// A `GET` with these query parameters.
    #[must_use]
    pub fn get(mut url: Url, query: &[(&str, &str)]) -> Self {
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: None }
    }

    /// A `POST` of nothing.
    #[must_use]
    pub fn post_nothing(url: Url) -> Self {
        Self { method: Method::POST, url, headers: HeaderMap::new(), body: None }
    }

    /// A `POST` of JSON.
    ///
    /// # Errors
    /// When `body` is no JSON, such as a map whose keys are no texts.
    pub fn post(url: Url, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Self::json(Method::POST, url, body)
    }

    /// A `PUT` of JSON.
    ///
    /// # Errors
    /// As [`Request::post`].
    pub fn put(url: Url, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Self::json(Method::PUT, url, body)
    }

    /// A `POST` of a form.
    #[must_use]
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        // A URL of its own is the one form encoder that is linked already.
        let mut encoder = url.clone();
        encoder.set_query(None);
        encoder.query_pairs_mut().extend_pairs(fields);
        let body = encoder.query().unwrap_or_default().as_bytes().to_vec();
        Self::with_body(Method::POST, url, "application/x-www-form-urlencoded", body)
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same request to another address.
    #[must_use]
    pub fn to(self, url: Url) -> Self {
        Self { url, ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn json(method: Method, url: Url, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_vec(body)?;
        Ok(Self::with_body(method, url, "application/json; charset=utf-8", body))
    }

    fn with_body(method: Method, url: Url, content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { method, url, headers, body: Some(body) }
    }
}
