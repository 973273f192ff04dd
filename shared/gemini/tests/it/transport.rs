//! Connections that cannot be made, die, break or stay silent; and deadlines.

use std::time::Duration;

use domain::{Deferral, Model, ModelCall, ModelFailure, after};
use gemini::ModelLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::calls::*;
use crate::server::{Server, Step};

const UNAVAILABLE: ModelFailure = ModelFailure::Defer { why: Deferral::Unavailable, not_before: None };

/// A whole answer, keeping the connection.
fn whole() -> String {
    kept(whole_answer())
}

/// An answer of `body`, keeping the connection.
pub(crate) fn kept(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A server that answers the n-th connection's first request with `answers[n]` as `play` has it, and closes. It ends
/// with what it was asked.
pub(crate) async fn serving<A>(
    answers: Vec<A>,
    play: impl AsyncFn(&mut TcpStream, A),
) -> (String, impl Future<Output = Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(read_request(&mut stream).await);
            play(&mut stream, answer).await;
            // The client may have hung up.
            drop(stream.shutdown().await);
        }
        asked
    };
    (url, serve)
}

/// The answers byte by byte as they are given.
pub(crate) async fn raw(answers: Vec<String>) -> (String, impl Future<Output = Vec<String>>) {
    let play =
        async |stream: &mut TcpStream, answer: String| stream.write_all(answer.as_bytes()).await.unwrap();
    serving(answers, play).await
}

/// A whole request, in lower case.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
            if body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        let read = stream.read(&mut buffer).await.unwrap();
        seen.extend_from_slice(&buffer[..read]);
    }
}

/// Where nobody listens.
pub(crate) async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn due_in(seconds: f64) -> ModelCall {
    ModelCall { deadline: after(now(), Duration::from_secs_f64(seconds)), ..call() }
}

#[tokio::test]
async fn a_request_that_was_read_and_not_answered_whole_costs_a_retry() {
    let broken = whole().replace("Hi.", "");
    for (answers, retries, attempts) in [
        (vec![String::new()], 0, Err(UNAVAILABLE)),
        (vec![String::new(), whole()], 1, Ok(2)),
        (vec![String::new(); 2], 1, Err(UNAVAILABLE)),
        (vec![broken, whole()], 1, Ok(2)),
    ] {
        let (url, serve) = raw(answers).await;
        let (model, call) = (gemini(with_retries(alone(&url), retries)), call());
        let (answer, asked) = tokio::join!(model.generate(&call), serve);
        let came = answer.map(|answer| answer.usage[0].attempts).map_err(|error| error.failure);
        assert_eq!(came, attempts, "{asked:?}");
    }
}

#[tokio::test]
async fn no_connection_is_unavailable() {
    let url = closed_port().await;
    let error = gemini(alone(&url)).generate(&call()).await.unwrap_err();
    assert_eq!((error.failure, error.exchanges.len()), (UNAVAILABLE, 2));
    assert!(error.message.contains("no connection") && !error.message.contains(&url), "{}", error.message);
}

#[tokio::test]
async fn an_answer_without_end_is_not_held_in_memory() {
    let huge = || Step::Text(200, "x".repeat((16 << 20) + 1));
    let server = Server::start([huge(), huge()]).await;
    let error = failed(&server).await;
    assert!(error.message.contains("too large"), "{}", error.message);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = Server::start([]).await;
    let server = Server::start([Step::Header(307, "location", format!("{}/steal", elsewhere.url))]).await;
    let error = failed(&server).await;
    assert!(matches!(error.failure, ModelFailure::Defer { why: Deferral::Unavailable, .. }));
    assert!(error.message.contains("GEMINI_BASE_URL"), "{}", error.message);
}

/// From the arrival of the first request on, time is virtual: it jumps to the next timer.
pub(crate) async fn silence(server: &Server) {
    server.arrival().await;
    tokio::time::pause();
}

#[tokio::test]
async fn a_silent_model_is_given_up_at_its_timeout_and_counted() {
    let server = Server::start([Step::Hang]).await;
    let limits = ModelLimits { timeout: Duration::from_millis(7_500), ..once() };
    let model = gemini(limited(&server.url, limits));
    let (call, began) = (call(), Instant::now());
    let (answer, ()) = tokio::join!(model.generate(&call), silence(&server));
    let error = answer.unwrap_err();
    assert_eq!(error.failure, ModelFailure::Retry);
    assert!(error.message.contains("no answer within 7.5 s"), "{}", error.message);
    let elapsed = began.elapsed();
    assert!(elapsed >= limits.timeout && elapsed < Duration::from_secs(10), "{elapsed:?}");
    assert_eq!(server.finish()[0].headers["x-server-timeout"], "10", "the service takes no shorter one");
}

#[tokio::test]
async fn a_silent_model_is_given_up_before_the_deadline() {
    let server = Server::start([Step::Hang]).await;
    let model = gemini(config(&server.url));
    let (call, began) = (due_in(20.0), Instant::now());
    let (answer, ()) = tokio::join!(model.generate(&call), silence(&server));
    let elapsed = began.elapsed();
    assert_eq!(answer.unwrap_err().failure, ModelFailure::Retry);
    assert!(elapsed < Duration::from_secs(20) && elapsed > Duration::from_millis(19_800), "{elapsed:?}");
    assert_eq!(server.models(), [ANSWER], "another model was asked though no time was left");
}

#[tokio::test]
async fn with_too_little_time_nothing_is_begun() {
    let server = Server::start([]).await;
    let error = gemini(config(&server.url)).generate(&due_in(10.0)).await.unwrap_err();
    let out_of_time = ModelFailure::Defer { why: Deferral::OutOfTime, not_before: None };
    assert_eq!((error.failure, error.exchanges.len()), (out_of_time, 0));
}

#[tokio::test]
async fn a_wait_that_the_deadline_forbids_is_left_to_the_queue() {
    let server = Server::start([throttled(PER_MINUTE, Some("1.5s"))]).await;
    let error = gemini(alone(&server.url)).generate(&due_in(11.0)).await.unwrap_err();
    assert!(matches!(error.failure, ModelFailure::Defer { why: Deferral::Quota, not_before: Some(_) }));
}
