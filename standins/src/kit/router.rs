//! From an HTTP request to what answers it: log, faults, dispatch.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;

use super::page::frame;
use super::reply::html;
use super::standin::Shared;
use super::{Call, Fault, Reply, Scope, State, Voice, lock, reset};

/// More than any of the services takes, so that too long texts get the service's own refusal.
const MAX_BODY: usize = 4 * 1024 * 1024;

pub(super) async fn handle<S: State>(shared: Arc<Shared<S>>, request: Request) -> Response {
    let call = Call::read(request, S::PREFIX, MAX_BODY).await;
    let number = shared.log.add(call.received(shared.clock.now()));
    let response = if S::is_api(&call) { api(&shared, &call).await } else { page(&shared, &call) };
    shared.log.change(number, |request| request.status = Some(response.status().as_u16()));
    response
}

/// A request of the API: what every one of them goes through.
async fn api<S: State>(shared: &Shared<S>, call: &Call) -> Response {
    let faults = shared.faults.of(|Scope::Writes| S::writes(call));
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    let answer = match before::<S>(&faults).await {
        None => done(shared, call),
        Some(refusal) => Err(refusal),
    };
    let is_done = answer.is_ok();
    let reply = answer.unwrap_or_else(|refusal| refusal);
    let reply = lock(&shared.kept).finish(call, reply, shared.clock.now());
    if is_done { after_faults::<S>(reply, &faults).await } else { reply.into_response() }
}

fn done<S: State>(shared: &Shared<S>, call: &Call) -> Result<Reply, Reply> {
    match &call.problem {
        Some(problem) => Err(S::Voice::unreadable(problem)),
        None => S::answer(&mut lock(&shared.kept), call, shared.clock.now()),
    }
}

/// Faults that come before anything is done: the refusal, if they refuse.
async fn before<S: State>(faults: &[Fault]) -> Option<Reply> {
    for fault in faults {
        match fault {
            Fault::Slow(time) => tokio::time::sleep(*time).await,
            Fault::Hang => std::future::pending().await,
            Fault::Status(status) => return Some(S::Voice::of_status(*status)),
            Fault::Refusal(code) => return Some(S::Voice::refusal(code)),
            Fault::RateLimited => return Some(S::Voice::rate_limited()),
            Fault::Lost | Fault::DoneBut502 | Fault::DoneButHangs => {}
        }
    }
    None
}

/// Faults that come after it was done: the caller does not learn about it.
async fn after_faults<S: State>(reply: Reply, faults: &[Fault]) -> Response {
    for fault in faults {
        match fault {
            Fault::Lost => return reset(),
            Fault::DoneBut502 => return S::Voice::of_status(502).into_response(),
            Fault::DoneButHangs => std::future::pending().await,
            _ => {}
        }
    }
    reply.into_response()
}

fn page<S: State>(shared: &Shared<S>, call: &Call) -> Response {
    match lock(&shared.kept).page(&call.segments()) {
        Some((title, body)) => html(StatusCode::OK, frame::<S>(&title, &body)),
        None => html(
            StatusCode::NOT_FOUND,
            frame::<S>("Not found", &maud::html! { h1 { "There is no such page" } }),
        ),
    }
}
