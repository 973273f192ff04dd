//! What tests of stand-ins have in common.

use axum::Router;
use axum::body::{Body, Bytes};
use domain::{Clock, Mark, Publisher, Target, TaskId, ThreadState, Timestamp};
use gitlab::Config;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::{Fault, FaultRule, Note, Notes, Scope, Standin, State, Words};

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

/// A clock, and what lets so many seconds pass on it. It starts at noon, UTC.
pub(crate) fn movable() -> (Clock, impl Fn(i64)) {
    let seconds = Arc::new(AtomicI64::new(1_795_176_000));
    let source = Arc::clone(&seconds);
    let clock = Clock::from_fn(move || Timestamp::from_second(source.load(Ordering::SeqCst)).unwrap());
    (clock, move |passed| _ = seconds.fetch_add(passed, Ordering::SeqCst))
}

/// The mark of the reply of a task, one for each number.
pub(crate) fn mark(number: usize) -> Mark {
    Mark { task_id: TaskId::derive("standin", &number.to_be_bytes()), effect: "reply".into() }
}

/// Sends a request from `http://127.0.0.1:1`.
pub(crate) async fn send(router: Router, request: http::request::Builder, body: impl Into<Body>) -> Answer {
    let request: Request<Body> = request.header("host", "127.0.0.1:1").body(body.into()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Everything that is sent on one connection, until it is closed, after a POST of `body` with these headers.
pub(crate) async fn raw(router: Router, path: &str, headers: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\ncontent-length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // A reset connection is an error here; what came before it counts.
    let _ = stream.read_to_end(&mut received).await;
    server.abort();
    String::from_utf8_lossy(&received).into_owned()
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

/// What every stand-in of [`Notes`](super::Notes) must do for its service's own client: notes whose answers are
/// lost are found by their marks, what others wrote is told from ours, a thread is open until it is not, and a
/// restart forgets nothing. `target` is the thread of the first note, and `end` a state that the service can tell.
pub(crate) async fn keeps_notes<W: Words, P: Publisher>(
    thread: &str,
    target: impl Fn(&Note) -> Target,
    end: ThreadState,
    client: impl Fn(&Config) -> P,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.jsonl");
    let standin = Standin::<Notes<W>>::builder().journal(&path).build().unwrap();
    standin.seed_note(thread, "mona", "It is down.").unwrap();
    let target = &target(&standin.notes(thread)[0]);
    serve(&standin, async |base| {
        let client = client(&Config { timeout: Duration::from_millis(800), ..Config::at(base) });
        let since = Timestamp::now();
        for (number, fault) in [Fault::Lost, Fault::DoneBut502, Fault::DoneButHangs].into_iter().enumerate() {
            let mark = mark(number);
            assert_eq!(client.find(target, &mark, since).await.unwrap(), None);
            standin.set_faults(vec![FaultRule::always(fault).on(Scope::Writes).first(1)]);
            let error = client.publish(target, "Hi", &mark).await.unwrap_err();
            assert!(error.failure.is_in_doubt(), "{fault:?}: {error}");
            assert!(client.find(target, &mark, since).await.unwrap().is_some(), "{fault:?}");
        }
        let history = client.history(target, 9).await.unwrap();
        let texts: Vec<_> = history.iter().map(|comment| (comment.text.trim(), comment.ours)).collect();
        assert_eq!(texts, [("It is down.", false), ("Hi", true), ("Hi", true), ("Hi", true)]);
        assert_eq!(client.state(target).await.unwrap(), ThreadState::Open);
        standin.set_state(thread, end);
        assert_eq!(client.state(target).await.unwrap(), end);
    })
    .await;
    let before = standin.notes(thread);
    assert_eq!(before.iter().filter(|note| note.is_ours()).count(), 3);
    // What a killed process leaves: its lock is gone with it.
    let left = folder.path().join("left.jsonl");
    std::fs::copy(&path, &left).unwrap();
    assert_eq!(Standin::<Notes<W>>::builder().journal(&left).build().unwrap().notes(thread), before);
}
