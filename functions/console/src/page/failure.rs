//! [`Failure`]: a [`Refusal`] as a page.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use maud::html;

use super::layout;
use super::words::sentence;
use crate::refusal::{Reason, Refusal};

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Refusal);

impl<E: Into<Refusal>> From<E> for Failure {
    fn from(refusal: E) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.log();
        let extra = self.0.extra_header().filter(|(name, _)| *name != WWW_AUTHENTICATE);
        let problem = self.0.problem();
        let mut response = page(problem.status, problem.title, &problem.detail);
        response.extensions_mut().insert(Reason(problem.kind));
        if let Some((name, value)) = extra {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// 405, with the header `Allow` of the router.
pub(crate) async fn method_not_allowed() -> Response {
    page(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here", "Use the buttons of the page.")
}

/// 404 as a page, for whoever asks with a browser: the answer of the API otherwise. For the fallback of a router that the
/// routes of the console are part of.
pub async fn missing_pages(request: Request, next: Next) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let by_browser = request.method() == Method::GET && accepts.contains("text/html");
    let response = next.run(request).await;
    let is_problem =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if !(by_browser && is_problem && response.status() == StatusCode::NOT_FOUND) {
        return response;
    }
    let mut page = page(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "It may have moved, or the address is misspelt.",
    );
    super::headers::secure(&mut page);
    page
}

fn page(status: StatusCode, title: &str, detail: &str) -> Response {
    let body = html! {
        section.card.narrow {
            h1 { (title) }
            p { (sentence(detail)) }
            p { a.button href="/" { "To the tasks" } }
        }
    };
    (status, layout::bare(title, &body)).into_response()
}
