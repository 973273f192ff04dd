//! Lets in who shows a token, as far as its roles go, and remembers who and when.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Decider, Origin, TaskId, Timestamp};
use http::header::{AUTHORIZATION, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use settings::{Role, Roles};
use tokio::time::Instant;

use crate::refusal::Refusal;
use crate::{Console, log, origin, wrong_tokens};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The name of the token: who decided, in a task's history.
    pub(crate) name: Arc<str>,
    /// What they may do.
    roles: Roles,
    /// Unique to the request.
    request: Arc<str>,
    /// When the request was received: whether a decision came in time is judged by it.
    at: Timestamp,
    /// Where it came from.
    from: Origin,
}

impl Caller {
    pub(crate) fn new(name: Arc<str>, roles: Roles, request: Arc<str>, at: Timestamp, from: Origin) -> Self {
        Self { name, roles, request, at, from }
    }

    /// What no other request is called.
    pub(crate) fn request(&self) -> &str {
        &self.request
    }

    /// `Ok` if they have `role`; a refusal, which is in the audit, if not.
    pub(crate) fn demand(&self, role: Role) -> Result<(), Refusal> {
        if self.roles.has(role) {
            return Ok(());
        }
        self.refused(None, "role");
        Err(Refusal::Forbidden { needs: role, has: self.roles })
    }

    /// Writes into the audit that they were refused.
    pub(crate) fn refused(&self, task: Option<&TaskId>, reason: &str) {
        telemetry::refused(Some(&self.name), &self.from, task, reason);
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
    let shown = Shown {
        token: bearer(request.headers()).map(str::to_owned),
        from: origin::of(&request),
        sender: origin::sender(&request),
    };
    let (who, mut response) = match recognise(&console, shown, request_id).await {
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
    line.write(&console.metrics, who.as_deref(), &response, started.elapsed());
    response
}

/// What a request shows of who has sent it.
struct Shown {
    token: Option<String>,
    from: Origin,
    sender: String,
}

/// The token is looked at before anything is counted: a right one is never turned away.
async fn recognise(console: &Console, shown: Shown, id: Arc<str>) -> Result<Caller, Refusal> {
    let Shown { token, from, sender } = shown;
    let at = console.clock.now();
    let tokens = console.tokens.now().await?;
    let Some(token) = token else {
        telemetry::refused(None, &from, None, "no_token");
        return Err(Refusal::Unauthorized);
    };
    if let Some(holder) = tokens.whose(&token) {
        return Ok(Caller::new(holder.name.as_str().into(), holder.roles, id, at, from));
    }
    telemetry::refused(None, &from, None, "wrong_token");
    Err(wrong_tokens::refuse(console, &sender, at).await)
}

/// Answers 403 unless the caller has `role`.
pub(crate) async fn demand(State(role): State<Role>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    match caller.ok_or(Refusal::Unauthorized).and_then(|caller| caller.demand(role)) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The token of the only `Authorization` header, if it is of the scheme `Bearer` (RFC 6750).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}
