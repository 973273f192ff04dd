//! What tests of stand-ins have in common.

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{Standin, State};

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request from `http://127.0.0.1:1`.
pub(crate) async fn send(router: Router, request: http::request::Builder, body: impl Into<Body>) -> Answer {
    let request: Request<Body> = request.header("host", "127.0.0.1:1").body(body.into()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Serves a stand-in for as long as a test takes that is given its address.
pub(crate) async fn serve<S: State>(standin: &Standin<S>, test: impl AsyncFnOnce(String)) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::select! {
        () = test(address) => {}
        served = standin.serve(listener) => panic!("{served:?}"),
    }
}
