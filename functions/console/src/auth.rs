//! Lets in who shows a token, and remembers who and when.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Decider, Origin, Timestamp};
use http::header::{AUTHORIZATION, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::refusal::Refusal;
use crate::{Console, log, origin};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The name of the token: who decided, in a task's history.
    pub(crate) name: Arc<str>,
    /// Unique to the request.
    request: Arc<str>,
    /// When the request was received: whether a decision came in time is judged by it.
    at: Timestamp,
    /// Where it came from.
    from: Origin,
}

impl Caller {
    pub(crate) fn new(name: Arc<str>, request: Arc<str>, at: Timestamp, from: Origin) -> Self {
        Self { name, request, at, from }
    }

    /// What no other request is called.
    pub(crate) fn request(&self) -> &str {
        &self.request
    }

    pub(crate) fn decider(&self) -> Decider<'_> {
        Decider { name: &self.name, request: &self.request, at: self.at, from: &self.from }
    }
}

/// Answers 401 unless the request shows a token; otherwise passes it on with its [`Caller`].
pub(crate) async fn authenticate(
    State(console): State<Arc<Console>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let invocation = console.invocation(&request);
    let request_id: Arc<str> = invocation.request_id.as_str().into();
    let line = log::Line::of(&request, invocation);
    let from = origin::of(&request);
    let (who, mut response) = match caller(&console, request.headers(), request_id, from).await {
        Ok(caller) => {
            let name = Arc::clone(&caller.name);
            request.extensions_mut().insert(caller);
            (Some(name), next.run(request).await)
        }
        Err(refusal) => (None, refusal.into_response()),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    line.write(who.as_deref(), response.status(), started.elapsed());
    response
}

async fn caller(
    console: &Console,
    headers: &HeaderMap,
    request: Arc<str>,
    from: Origin,
) -> Result<Caller, Refusal> {
    let at = console.clock.now();
    let name = console.tokens.whose(bearer(headers)).await?;
    Ok(Caller::new(name.into(), request, at, from))
}

/// The token of the only `Authorization` header, if it is of the scheme `Bearer` (RFC 6750).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}
