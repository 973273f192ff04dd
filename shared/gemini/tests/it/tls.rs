//! A server over TLS, under a certificate that no system trusts, which counts its connections.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::CertifiedKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::server::TlsStream;

use crate::calls::whole_answer;

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) http2: bool,
    /// Added to every handshake.
    pub(crate) handshake: Duration,
    /// Requests after which a connection ends in good order: GOAWAY, or `connection: close`.
    pub(crate) last_request: usize,
    /// The request, counted over all connections from 1, at which a connection is cut unanswered.
    pub(crate) cut_at: usize,
}

impl Default for Manner {
    fn default() -> Self {
        Self { http2: true, handshake: Duration::ZERO, last_request: usize::MAX, cut_at: usize::MAX }
    }
}

/// The server; it ends with its test.
pub(crate) struct TlsServer {
    pub(crate) url: String,
    /// The certificate to trust.
    pub(crate) pem: Vec<u8>,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl TlsServer {
    pub(crate) async fn start(manner: Manner) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], signing_key.into())
            .unwrap();
        let protocol: &[u8] = if manner.http2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let counts = Arc::new(Counts::default());
        let task =
            tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), manner, counts.clone()));
        Self { url, pem: cert.pem().into_bytes(), counts, task }
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, manner: Manner, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, counts) = (tls.clone(), Arc::clone(&counts));
        connections.spawn(async move {
            tokio::time::sleep(manner.handshake).await;
            // A client that does not trust us hangs up here.
            let Ok(stream) = tls.accept(stream).await else { return };
            counts.connections.fetch_add(1, Ordering::SeqCst);
            serve(stream, manner, counts).await;
        });
    }
}

/// What the requests of one connection tell it.
#[derive(Default)]
struct Course {
    served: AtomicUsize,
    cut: Notify,
    last: Notify,
}

impl Course {
    async fn answer(
        self: Arc<Self>,
        manner: Manner,
        counts: Arc<Counts>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if counts.requests.fetch_add(1, Ordering::SeqCst) + 1 == manner.cut_at {
            self.cut.notify_one();
            std::future::pending::<()>().await;
        }
        if self.served.fetch_add(1, Ordering::SeqCst) + 1 == manner.last_request {
            self.last.notify_one();
        }
        let response = Response::builder().header("content-type", "application/json");
        Ok(response.body(Full::new(Bytes::from(whole_answer()))).unwrap())
    }
}

async fn serve(stream: TlsStream<TcpStream>, manner: Manner, counts: Arc<Counts>) {
    let course = Arc::new(Course::default());
    let answering = Arc::clone(&course);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = Arc::clone(&answering).answer(manner, Arc::clone(&counts));
        async move {
            request.into_body().collect().await.unwrap();
            answer.await
        }
    });
    let io = TokioIo::new(stream);
    macro_rules! drive {
        ($connection:expr) => {{
            let mut connection = std::pin::pin!($connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                () = course.cut.notified() => return,
                () = course.last.notified() => connection.as_mut().graceful_shutdown(),
            }
            // However it ends: the client may have hung up already.
            let _ = connection.await;
        }};
    }
    if manner.http2 {
        drive!(http2::Builder::new(TokioExecutor::new()).serve_connection(io, service));
    } else {
        drive!(http1::Builder::new().serve_connection(io, service));
    }
}
