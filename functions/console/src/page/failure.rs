//! [`Failure`]: a [`Refusal`] as a page.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use maud::html;

use super::layout;
use super::words::sentence;
use crate::refusal::Refusal;

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
