//! The HTTP server of `dev`: what API Gateway is in the cloud. It may stand behind a tunnel, in front of strangers, so
//! nobody holds a connection for longer than a request takes, and there are never so many that none is left for answers.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use futures::{Stream, StreamExt, stream};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// What a stranger may take.
#[derive(Clone, Copy)]
struct Limits {
    /// Within this the head of a request is there, counted from the connection's beginning or the answer before.
    head: Duration,
    /// Within this its body is there. Lambda gets it whole.
    body: Duration,
    /// After this a connection gets no further request, and ends once its last answer is read, or as much later.
    life: Duration,
    /// Connections at once.
    connections: usize,
}

/// A process may often open 1,024 files, and its stores and services need some.
const LIMITS: Limits = Limits {
    head: Duration::from_secs(5),
    body: Duration::from_secs(10),
    life: Duration::from_secs(60),
    connections: 512,
};
/// How long to wait when the system has no connection to give, say for want of files.
const NONE_LEFT: Duration = Duration::from_millis(100);

/// Serves `app` until dropped.
pub(super) async fn serve(listener: TcpListener, app: Router) {
    serve_within(LIMITS, listener, app).await;
}

async fn serve_within(limits: Limits, listener: TcpListener, app: Router) {
    let app = app.layer(from_fn(move |request, next| hurry(limits.body, request, next)));
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let app = app.clone();
                open.spawn(async move {
                    converse(limits, stream, app).await;
                    drop(place);
                });
            }
            Err(problem) => {
                tracing::warn!(%problem, "no connection can be accepted");
                sleep(NONE_LEFT).await;
            }
        }
    }
}

/// Answers on one connection until it ends, whoever ends it.
async fn converse(limits: Limits, stream: TcpStream, app: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    let mut ended = timeout(limits.life, connection.as_mut()).await;
    if ended.is_err() {
        connection.as_mut().graceful_shutdown();
        ended = timeout(limits.life, connection).await;
    }
    if !matches!(ended, Ok(Ok(()))) {
        tracing::debug!(?ended, "a connection was broken off");
    }
}

/// Breaks the body off that is not there in time.
async fn hurry(time: Duration, request: Request, next: Next) -> Response {
    let by = Instant::now() + time;
    next.run(request.map(|body| Body::from_stream(until(by, body.into_data_stream())))).await
}

fn until(by: Instant, body: BodyDataStream) -> impl Stream<Item = Result<axum::body::Bytes, axum::BoxError>> {
    stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout_at(by, body.next()).await {
            Ok(piece) => piece.map(|piece| (piece.map_err(Into::into), Some(body))),
            Err(late) => Some((Err(late.into()), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const FEW: Limits = Limits {
        head: Duration::from_millis(300),
        body: Duration::from_millis(600),
        life: Duration::from_secs(60),
        connections: 20,
    };
    const WHOLE: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

    async fn start() -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut servers = JoinSet::new();
        let app = Router::new().route("/", post(|body: Bytes| async move { body }));
        servers.spawn(serve_within(FEW, listener, app));
        (address, servers)
    }

    /// Sends `head` and hears what comes until the connection ends.
    async fn send(address: SocketAddr, head: &str) -> (String, Duration) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let began = Instant::now();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        (answer, began.elapsed())
    }

    #[tokio::test]
    async fn a_request_that_comes_slowly_is_broken_off() {
        let (address, _servers) = start().await;
        assert!(send(address, WHOLE).await.0.ends_with("ok"));
        let half = WHOLE.strip_suffix('k').unwrap();
        let (head, body) = tokio::join!(send(address, "P"), send(address, half));
        assert!(!head.0.contains("200") && head.1 < FEW.head + Duration::from_secs(3), "{head:?}");
        assert!(!body.0.contains("200") && body.1 < FEW.body + Duration::from_secs(3), "{body:?}");
    }

    #[tokio::test]
    async fn strangers_that_say_nothing_do_not_keep_a_request_waiting_for_long() {
        let (address, _servers) = start().await;
        let mut silent = Vec::new();
        for _ in 0..FEW.connections + 10 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"P").await.unwrap();
            silent.push(stream);
        }
        let (answer, time) = send(address, WHOLE).await;
        assert!(answer.ends_with("ok") && time < FEW.head * 2 + Duration::from_secs(3), "{time:?}: {answer}");
    }
}
