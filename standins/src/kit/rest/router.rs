//! From an HTTP request to what answers it: log, faults, dispatch.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;

use super::{Call, Fault, Reply, Service, Shared};
use crate::kit::broken::reset;
use crate::kit::handle::State;
use crate::kit::page::frame;
use crate::kit::respond;

/// Answers any request.
pub(super) async fn handle<S: Service>(rest: &Shared<S>, request: Request) -> Response {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(problem) => return S::error(400, &problem).into_response(),
    };
    let number = rest.core().log.received(call.received(rest.core().now()));
    let response = if S::is_api(&call.path) { api(rest, &call).await } else { page(rest, &call) };
    rest.core().log.answered(number, response.status().as_u16());
    response
}

async fn api<S: Service>(rest: &Shared<S>, call: &Call) -> Response {
    let faults = rest.core().faults.ruled(call.writes());
    for fault in &faults {
        match fault {
            Fault::Slow(time) => tokio::time::sleep(*time).await,
            Fault::Hang => std::future::pending().await,
            Fault::Status(status) => return S::error(*status, "fault").into_response(),
            Fault::RateLimited => {
                return S::error(429, "too many requests").with("retry-after", "30").into_response();
            }
            Fault::Lost | Fault::DoneBut502 | Fault::DoneButHangs => {}
        }
    }
    let now = rest.core().now();
    let reply = rest.with_state(|service, records| service.answer(call, records, now));
    aftermath::<S>(reply, &faults).await
}

/// Faults that come after it was done: the caller does not learn about it.
async fn aftermath<S: Service>(reply: Reply, faults: &[Fault]) -> Response {
    for fault in faults {
        match fault {
            Fault::Lost => return reset(),
            Fault::DoneBut502 => return S::error(502, "fault").into_response(),
            Fault::DoneButHangs => std::future::pending().await,
            _ => {}
        }
    }
    reply.into_response()
}

fn page<S: Service>(rest: &Shared<S>, call: &Call) -> Response {
    match rest.with_state(|service, records| service.page(&call.segments(), records.all())) {
        Some((title, body)) => respond::html(StatusCode::OK, frame(S::TITLE, "", &title, &body)),
        None => {
            let body = "<h1>There is no such page</h1>";
            respond::html(StatusCode::NOT_FOUND, frame(S::TITLE, "", "Not found", body))
        }
    }
}
