//! Answers that come as they are written, and what can happen to them on their way.

use std::time::Duration;

use domain::{Deferral, Model, ModelAnswer, ModelCall, ModelFailure, after};
use gemini::{Config, Generation};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::calls::*;
use crate::server::{Server, Step};
use crate::transport::serving;

/// What a server does after it has read a request.
enum Act {
    /// Sends bytes, in pieces of so many.
    Send(Vec<u8>, usize),
    /// Waits; time is virtual from here on.
    Pause(Duration),
    /// Ends the answer in good order.
    End,
    /// Hangs up.
    Cut,
}

/// Treats a request as the list of acts says.
async fn play(stream: &mut TcpStream, acts: Vec<Act>) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.set_nodelay(true).unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    for act in acts {
        match act {
            Act::Send(bytes, size) => {
                for piece in bytes.chunks(size) {
                    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
                    stream.write_all(&chunk).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
            Act::Pause(duration) => {
                tokio::time::pause();
                tokio::time::sleep(duration).await;
            }
            // The client may have hung up.
            Act::End => drop(stream.write_all(b"0\r\n\r\n").await),
            Act::Cut => {}
        }
    }
}

fn long(base_url: &str) -> Config {
    let generation = Generation { max_output_tokens: 16_384, ..Generation::default() };
    Config { generation, ..alone(base_url) }
}

fn frame(chunk: &Value) -> String {
    format!("data: {chunk}\r\n\r\n")
}

fn says_next(text: &str, tokens: u64) -> String {
    frame(&json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": tokens}, "modelVersion": "gemini-3.8-flash"}))
}

fn ends_with(text: &str, tokens: u64) -> String {
    frame(
        &json!({"candidates": [{"content": {"parts": [{"text": text}, {"text": "", "thoughtSignature": "c2ln"}]},
        "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": tokens}, "modelVersion": "gemini-3.8-flash"}),
    )
}

fn whole(piece: usize) -> Vec<Act> {
    let stream =
        [says_next("Größe ", 2), ": still here\n\n".to_owned(), says_next("世界", 3), ends_with(" 🦀", 4)]
            .concat();
    vec![Act::Send(stream.into_bytes(), piece), Act::End]
}

async fn answer(answers: Vec<Vec<Act>>) -> ModelAnswer {
    let (url, serve) = serving(answers, play).await;
    let (model, call) = (gemini(long(&url)), call());
    let (answer, _) = tokio::join!(model.generate(&call), serve);
    answer.unwrap()
}

async fn failure(acts: Vec<Act>) -> (ModelFailure, String) {
    let (url, serve) = serving(vec![acts], play).await;
    let (model, call) = (gemini(with_retries(long(&url), 0)), call());
    let (answer, _) = tokio::join!(model.generate(&call), serve);
    let error = answer.unwrap_err();
    (error.failure, error.message)
}

#[tokio::test]
async fn a_long_answer_is_streamed_and_folded_into_one() {
    let (url, serve) = serving(vec![whole(usize::MAX)], play).await;
    let (model, call) = (gemini(long(&url)), call());
    let (answer, asked) = tokio::join!(model.generate(&call), serve);
    let answer = answer.unwrap();
    assert_eq!(answer.text, "Größe 世界 🦀");
    assert_eq!((answer.usage[0].prompt_tokens, answer.usage[0].output_tokens), (1000, 4));
    let line = format!("post /v1beta/models/{ANSWER}:streamgeneratecontent?alt=sse http/1.1");
    assert!(asked[0].starts_with(&line));
    assert!(asked[0].contains("x-server-timeout: 60\r\n"), "{}", asked[0]);
    let parts = &answer.exchanges[0].response["candidates"][0]["content"]["parts"];
    assert_eq!(*parts, json!([{"text": "Größe 世界 🦀"}, {"text": "", "thoughtSignature": "c2ln"}]));
}

/// A call that we break off may be billed, and the service refuses to be told of less than ten seconds.
#[tokio::test]
async fn with_less_than_ten_seconds_left_neither_a_second_chance_nor_a_fallback_is_tried() {
    let cut = ends_with("Dear", 9).replace("STOP", "MAX_TOKENS").into_bytes();
    let late = vec![Act::Pause(Duration::from_secs(50)), Act::Send(cut, usize::MAX), Act::End];
    let (url, serve) = serving(vec![late], play).await;
    let model = gemini(Config { fallback: vec![FALLBACK.to_owned()], ..long(&url) });
    let call = ModelCall { deadline: after(now(), Duration::from_secs(59)), ..call() };
    let (answer, asked) = tokio::join!(model.generate(&call), serve);
    let error = answer.unwrap_err();
    assert_eq!((error.failure, error.exchanges.len(), asked.len()), (ModelFailure::Retry, 1, 1));
}

#[tokio::test]
async fn an_answer_that_is_cut_is_asked_for_again() {
    let half = says_next("Grö", 2).into_bytes();
    let answer = answer(vec![vec![Act::Send(half, 9), Act::Cut], whole(99)]).await;
    assert_eq!((answer.text.as_str(), answer.usage[0].attempts), ("Größe 世界 🦀", 2));
}

#[tokio::test]
async fn a_chunk_that_is_cut_in_good_order_is_a_broken_connection() {
    let mut half = says_next("Grö", 2).into_bytes();
    half.truncate(40);
    let (failure, message) = failure(vec![Act::Send(half, 9), Act::End]).await;
    assert!(matches!(failure, ModelFailure::Defer { why: Deferral::Unavailable, .. }));
    assert!(message.contains("the connection broke"), "{message}");
}

#[tokio::test]
async fn an_error_in_mid_stream_is_the_error_that_it_says() {
    let limited = json!({"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s"}]}});
    let stream = says_next("Grö", 2) + &frame(&limited);
    let (failure, message) = failure(vec![Act::Send(stream.into_bytes(), 9), Act::End]).await;
    let ModelFailure::Defer { why: Deferral::Quota, not_before: Some(later) } = failure else {
        panic!("{failure:?}");
    };
    let told = after(now(), Duration::from_secs(30));
    assert!(later >= told && later < after(told, Duration::from_secs(10)), "{later}");
    assert!(message.contains("HTTP 429 RESOURCE_EXHAUSTED: Slow down."), "{message}");
}

#[tokio::test]
async fn an_error_in_mid_stream_may_come_bare_and_repeats_no_key() {
    let error =
        format!("{{\n \"error\": {{\n \"code\": 503,\n \"message\": \"Overloaded, {KEY}.\"\n }}\n}}\n");
    let stream = says_next("Grö", 2) + &error;
    let (failure, message) = failure(vec![Act::Send(stream.into_bytes(), 9), Act::End]).await;
    assert!(matches!(failure, ModelFailure::Defer { why: Deferral::Unavailable, .. }));
    assert!(message.contains("HTTP 503: Overloaded, [redacted]."), "{message}");
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up() {
    let began = says_next("Grö", 2).into_bytes();
    let before = Instant::now();
    let silence = Act::Pause(Duration::from_secs(50));
    let (failure, message) = failure(vec![Act::Send(began, 99), silence, Act::Cut]).await;
    assert_eq!(failure, ModelFailure::Retry);
    assert!(message.contains("nothing more came for 30 s"), "{message}");
    assert!(before.elapsed() < Duration::from_secs(55));
}

#[tokio::test]
async fn thinking_before_the_first_word_is_no_silence() {
    let mut acts = vec![Act::Pause(Duration::from_secs(45))];
    acts.extend(whole(99));
    assert_eq!(answer(vec![acts]).await.text, "Größe 世界 🦀");
}

#[tokio::test]
async fn a_stream_without_end_is_not_held_in_memory() {
    let chunk = format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(1 << 20)).into_bytes();
    let (url, serve) = serving(vec![vec![Act::Send(chunk.repeat(17), 1 << 20), Act::Cut]], play).await;
    let (model, call) = (gemini(with_retries(long(&url), 0)), call());
    // The client hangs up in the middle, so the server may not get to its end.
    let error = tokio::select! {
        answer = model.generate(&call) => answer.unwrap_err(),
        _ = async { serve.await; std::future::pending::<()>().await } => unreachable!(),
    };
    assert!(error.message.contains("too large"), "{}", error.message);
}

#[tokio::test]
async fn an_error_before_the_stream_is_read_as_any_other() {
    let server = Server::start([bare(404)]).await;
    let error = gemini(long(&server.url)).generate(&call()).await.unwrap_err();
    assert!(matches!(error.failure, ModelFailure::Defer { .. }) && error.message.contains("404"), "{error}");
}

#[tokio::test]
async fn a_gateway_that_streams_an_array_is_understood() {
    let chunk = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]});
    for body in [json!([chunk("Hel"), chunk("lo")]), chunk("Hello")] {
        let server = Server::start([Step::Json(200, body)]).await;
        assert_eq!(gemini(long(&server.url)).generate(&call()).await.unwrap().text, "Hello");
    }
}

#[tokio::test]
async fn an_answer_that_had_to_be_longer_is_streamed_the_second_time() {
    let server = Server::start([ends("MAX_TOKENS", "Once"), says("The end.")]).await;
    let generation = Generation { max_output_tokens: 8_192, ..Generation::default() };
    gemini(Config { generation, ..alone(&server.url) }).generate(&call()).await.unwrap();
    let streamed: Vec<bool> = server.finish().iter().map(|asked| asked.uri.ends_with("?alt=sse")).collect();
    assert_eq!(streamed, [false, true]);
}

#[tokio::test]
async fn a_call_dropped_in_mid_stream_leaves_the_model_in_order() {
    let began = says_next("Grö", 2).into_bytes();
    let (url, serve) =
        serving(vec![vec![Act::Send(began, 99), Act::Pause(Duration::from_secs(5))], whole(99)], play).await;
    let model = gemini(long(&url));
    let call: ModelCall = call();
    let twice = async {
        let dropped = tokio::time::timeout(Duration::from_secs(1), model.generate(&call)).await;
        assert!(dropped.is_err());
        model.generate(&call).await.unwrap().text
    };
    let (text, _) = tokio::join!(twice, serve);
    assert_eq!(text, "Größe 世界 🦀");
}
