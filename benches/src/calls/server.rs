//! A model's service over TLS on a thread of its own: it answers every request alike, and counts its
//! connections.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::crypto::ring;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::Outcome;

/// How the service bears itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    /// Added to every handshake.
    pub(super) handshake: Duration,
    /// From the request to its answer.
    pub(super) thinking: Duration,
}

/// A running service. It stops when this is dropped.
pub(super) struct Server {
    pub(super) url: String,
    /// What a client must trust, PEM.
    pub(super) certificate: String,
    connections: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(manner: Manner) -> Outcome<Self> {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], signing_key.into())?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let socket = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let url = format!("https://localhost:{}", socket.local_addr()?.port());
        let connections = Arc::new(AtomicUsize::new(0));
        let (stop, stopped) = oneshot::channel::<()>();
        let (counted, tls) = (Arc::clone(&connections), TlsAcceptor::from(Arc::new(tls)));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    problem = accept(socket, &tls, manner, &counted) => {
                        eprintln!("the service stopped: {problem:?}");
                    }
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { url, certificate: cert.pem(), connections, stop: Some(stop), thread: Some(thread) })
    }

    /// Connections that have been opened so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the thread of the service panicked");
        }
    }
}

async fn accept(
    socket: StdListener,
    tls: &TlsAcceptor,
    manner: Manner,
    connections: &AtomicUsize,
) -> std::io::Result<Infallible> {
    let listener = TcpListener::from_std(socket)?;
    loop {
        let (stream, _) = listener.accept().await?;
        connections.fetch_add(1, Ordering::Relaxed);
        let tls = tls.clone();
        tokio::spawn(async move {
            // A client that goes away in the middle ends its own connection alone.
            let _ = serve(stream, tls, manner).await;
        });
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, manner: Manner) -> Outcome<()> {
    stream.set_nodelay(true)?;
    tokio::time::sleep(manner.handshake).await;
    let stream = tls.accept(stream).await?;
    let service = service_fn(move |request| answer(request, manner));
    auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
}

async fn answer(request: Request<Incoming>, manner: Manner) -> Outcome<Response<Full<Bytes>>> {
    request.into_body().collect().await?;
    tokio::time::sleep(manner.thinking).await;
    let body = json!({
        "candidates": [{
            "content": {"role": "model", "parts": [{"text": "It is fixed in the next version."}]},
            "finishReason": "STOP",
        }],
        "usageMetadata": {"promptTokenCount": 40, "candidatesTokenCount": 8, "totalTokenCount": 48},
        "modelVersion": "gemini-3.1-pro-preview",
        "responseId": "bench",
    });
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(Full::new(Bytes::from(body.to_string())))?)
}
