//! Lets in who is logged in, and takes changes only from our own pages.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;
use settings::Role;
use tokio::time::Instant;

use super::failure::Failure;
use super::session::Session;
use super::{headers, login, origin};
use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::{Console, log};

/// Passes on the requests of those who are logged in, with their [`Session`] and [`Caller`].
pub(crate) async fn members(
    State(console): State<Arc<Console>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let invocation = console.invocation(&request);
    let request_id: Arc<str> = invocation.request_id.as_str().into();
    let line = log::Line::of(&request, invocation);
    let (who, mut response) = match admit(&console, request.method(), request.uri(), request.headers()).await
    {
        Ok(session) => {
            let name = Arc::clone(&session.name);
            let from = crate::origin::of(&request);
            let caller = Caller::new(Arc::clone(&name), session.roles, request_id, console.clock.now(), from);
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(session);
            (Some(name), next.run(request).await)
        }
        Err(Stranger::Login(to)) => (None, Redirect::to(&to).into_response()),
        Err(Stranger::Refused(refusal)) => (None, Failure(refusal).into_response()),
        Err(Stranger::Gone) => (None, StatusCode::UNAUTHORIZED.into_response()),
    };
    headers::secure(&mut response);
    line.write(&console.metrics, who.as_deref(), &response, started.elapsed());
    response
}

/// Answers 403 unless who is logged in has `role`.
pub(crate) async fn demand(State(role): State<Role>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    match caller.ok_or(Refusal::Unauthorized).and_then(|caller| caller.demand(role)) {
        Ok(()) => next.run(request).await,
        Err(refusal) => Failure(refusal).into_response(),
    }
}

/// Passes on every request.
pub(crate) async fn everybody(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let line = log::Line::of(&request, console.invocation(&request));
    let mut response = next.run(request).await;
    headers::secure(&mut response);
    line.write(&console.metrics, None, &response, started.elapsed());
    response
}

/// Who is not let in, and what they get.
enum Stranger {
    /// The way to the login, and from there back to where they wanted to go.
    Login(String),
    /// The session of a page that refreshes itself is over.
    Gone,
    Refused(Refusal),
}

async fn admit(
    console: &Console,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Session, Stranger> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads && !origin::is_ours(headers) {
        return Err(Stranger::Refused(Refusal::Forged("The request did not come from this site.")));
    }
    session(console, headers).await.map_err(Stranger::Refused)?.ok_or_else(|| {
        let path = uri.path();
        match (reads, path.starts_with("/ui/live/")) {
            (true, true) => Stranger::Gone,
            (true, false) => Stranger::Login(login::way_to(uri)),
            // What was filled in is lost; the page that it was filled in on is what they want to see.
            (false, _) => Stranger::Login(login::way_to_page_of(uri)),
        }
    })
}

/// The session of a request, if it has one that holds.
async fn session(console: &Console, headers: &HeaderMap) -> Result<Option<Session>, Refusal> {
    let now = console.clock.now();
    let tokens = console.tokens.now().await?;
    let is_local = origin::is_local(headers);
    let mut session = Session::of(headers, &tokens, &*console.stores.state, now, is_local).await?;
    if let Some(session) = &mut session {
        session.stand_ins = Arc::clone(&console.stand_ins);
        session.addresses_here = Arc::clone(&console.addresses_here);
    }
    Ok(session)
}

/// What the forms send; each uses some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    csrf: String,
    /// The draft that the person saw.
    pub(crate) draft_hash: String,
    /// The draft as edited; `None` of a form that has none, such as a rejection that waited in the browser.
    pub(crate) text: Option<String>,
    /// When the form was shown, in milliseconds of the Unix clock; empty for a form that decides about nothing new.
    pub(crate) shown: String,
    /// What the button says that it publishes: `draft` or `edit`.
    pub(crate) publish: String,
    /// What the person adds.
    pub(crate) note: String,
    /// The intent that would have been right.
    pub(crate) intent: String,
    /// Whether it is spam: `true` or `false`.
    pub(crate) spam: String,
    /// Whether the answer is good: `up` or `down`.
    pub(crate) thumb: String,
}

impl Fields {
    /// The intent that was chosen, if one was.
    pub(crate) fn intent(&self) -> Option<String> {
        Some(self.intent.clone()).filter(|intent| !intent.is_empty())
    }
}

/// A form that a page of this session has made.
pub(crate) struct Signed(pub(crate) Fields);

impl<S: Send + Sync> FromRequest<S> for Signed {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let session = request.extensions().get::<Session>().cloned();
        let fields = fields(request, state).await?;
        match session {
            Some(session) if session.made(&fields.csrf) => Ok(Self(fields)),
            _ => Err(Failure(Refusal::Forged("The form belongs to another session. Load the page again."))),
        }
    }
}

async fn fields<S: Send + Sync>(request: Request, state: &S) -> Result<Fields, Failure> {
    let form = Form::<Fields>::from_request(request, state).await;
    form.map(|Form(fields)| fields).map_err(|why| match why.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure(Refusal::TooLarge),
        _ => Failure(Refusal::Malformed("The form did not arrive as it was sent.".to_owned())),
    })
}

/// What [`members`] has added to a request.
pub(crate) type Member = Extension<Session>;
