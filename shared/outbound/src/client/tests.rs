//! Calls against a scripted server: which are tried again, which must not be, and what errors say.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use domain::{Clock, ServiceError, ServiceFailure, Timestamp};
use serde_json::{Value, json};

use crate::failure::tests::SERVICE;
use crate::scripted::{Asked, Reply, Server};
use crate::{Answer, Client, Config, Credential, HeaderMap, Operation, Request, SingleFlight};

const TOKEN: &str = "not-a-real-token";
const READ: Operation = Operation::reads("read");
const WRITE: Operation = Operation::creates("write");
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const LATER: ServiceFailure = ServiceFailure::Later { after: None };

fn client(base: &str, timeout: Duration) -> Client {
    let config = Config { timeout, ..Config::at(base) };
    let credential = Credential::bearer(&SERVICE, &TOKEN.into()).unwrap();
    Client::new(&SERVICE, &config, credential, &HeaderMap::new(), Clock::fixed(Timestamp::UNIX_EPOCH))
        .unwrap()
}

async fn ask(client: &Client, operation: Operation) -> Result<Answer, ServiceError> {
    let call = client.begin(operation);
    let request = if operation.creates {
        client.request(call, Request::post, &["things"], &json!({"text": "Hi"}))?
    } else {
        Request::get(client.base().join(&["things"]), &[("after", "a b&c")])
    };
    client.send(call, &request).await
}

/// A server on a thread of its own that answers one connection after the other, or hangs up.
fn serving(script: &'static [Option<&'static str>]) -> (Client, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()), Duration::from_secs(5));
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        for answer in script {
            let (mut connection, _) = listener.accept().unwrap();
            let (mut request, mut chunk) = (String::new(), [0; 4096]);
            // Closing with bytes unread would reset the connection and lose the answer.
            while !request.ends_with("\r\n\r\n") && !request.ends_with('}') {
                let count = connection.read(&mut chunk).unwrap();
                request.push_str(&String::from_utf8_lossy(&chunk[..count]));
            }
            if let Some(answer) = answer {
                connection.write_all(answer.as_bytes()).unwrap();
            }
            drop(connection);
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (client, ended)
}

#[tokio::test]
async fn a_request_carries_our_credential_and_encoded_parameters() {
    let server = Server::start(|_| Reply::json(200, json!({"x": 1}))).await;
    let client = client(&format!("{}/v1/", server.base), Duration::from_secs(5));
    let answer = ask(&client, READ).await.unwrap();
    let body: Value = client.decode(client.begin(READ), &answer).unwrap();
    assert_eq!(body, json!({"x": 1}));
    ask(&client, WRITE).await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].line().as_str(), asked[0].param("after")), ("GET /v1/things", "a b&c"));
    assert_eq!(asked[0].header("authorization"), format!("Bearer {TOKEN}"));
    assert!(asked[0].header("user-agent").starts_with("afterhook/"));
    assert_eq!(asked[1].line(), "POST /v1/things");
    assert_eq!(asked[1].json(), json!({"text": "Hi"}));
}

#[tokio::test]
async fn credentials_come_and_go_over_the_same_client() {
    let server = Server::start(|_| Reply::json(200, json!({}))).await;
    let (config, clock) = (Config::at(&server.base), Clock::fixed(Timestamp::UNIX_EPOCH));
    let nobody = Client::anonymous(&SERVICE, &config, &HeaderMap::new(), clock).unwrap();
    let somebody = nobody.with(Credential::bearer(&SERVICE, &TOKEN.into()).unwrap());
    for client in [&nobody, &somebody, &nobody] {
        ask(client, READ).await.unwrap();
    }
    let sent: Vec<_> = server.asked().iter().map(|asked| asked.header("authorization").to_owned()).collect();
    assert_eq!(sent, ["", &format!("Bearer {TOKEN}"), ""]);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_another_caller_fetches_is_waited_for_until_the_deadline() {
    let client = client("http://127.0.0.1:9", Duration::from_secs(10));
    let (flight, call) = (SingleFlight::<u64>::default(), client.begin(READ));
    let first = flight.get(|_| true, std::future::pending());
    let second = flight.get_by(&client, call, |_| true, async { Ok(7) });
    let error = tokio::select! {
        biased;
        _ = first => unreachable!("pending never ends"),
        second = second => second.unwrap_err(),
    };
    assert_eq!((error.failure, error.message.as_str()), (LATER, "Sample did not answer in time"));
}

#[tokio::test]
async fn a_form_is_encoded() {
    let server = Server::start(|_| Reply::json(200, json!({}))).await;
    let client = client(&server.base, Duration::from_secs(5));
    let request = Request::form(client.base().join(&["refunds"]), &[("metadata[a]", "x & y=ü")]);
    client.send(client.begin(WRITE), &request).await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(asked.body, "metadata%5Ba%5D=x+%26+y%3D%C3%BC");
}

#[tokio::test]
async fn a_write_whose_connection_was_lost_is_in_doubt_and_not_sent_again() {
    let (client, ended) = serving(&[None, Some(ANSWER)]);
    assert_eq!(ask(&client, WRITE).await.unwrap_err().failure, ServiceFailure::InDoubt);
    assert!(ended.recv().unwrap().starts_with("POST "));
    let again = ended.recv_timeout(Duration::from_millis(100));
    assert_eq!(again, Err(mpsc::RecvTimeoutError::Timeout), "the request was repeated");
}

#[tokio::test]
async fn a_read_whose_connection_was_lost_is_tried_once_more() {
    let (client, _ended) = serving(&[None, Some(ANSWER)]);
    assert_eq!(ask(&client, READ).await.unwrap().body, b"{}");
    let (client, _ended) = serving(&[None, None, Some(ANSWER)]);
    assert_eq!(ask(&client, READ).await.unwrap_err().failure, LATER);
}

#[tokio::test]
async fn a_connection_that_died_while_idle_puts_no_write_in_doubt() {
    for _ in 0..20 {
        let (client, ended) = serving(&[Some(ANSWER), Some(ANSWER)]);
        ask(&client, READ).await.unwrap();
        // Blocks the runtime: the client has not seen the end of the connection yet.
        ended.recv().unwrap();
        ask(&client, WRITE).await.unwrap();
    }
}

#[tokio::test]
async fn an_unreachable_host_means_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()), Duration::from_secs(5));
    drop(listener);
    let error = ask(&client, WRITE).await.unwrap_err();
    assert_eq!(error.failure, LATER);
    assert!(error.message.starts_with("Sample could not be reached"), "{error}");
}

#[tokio::test]
async fn silence_ends_in_doubt_for_a_write_and_later_for_a_read() {
    let server = Server::start(|_| Reply::Hang).await;
    let client = client(&server.base, Duration::from_millis(200));
    assert_eq!(ask(&client, WRITE).await.unwrap_err().failure, ServiceFailure::InDoubt);
    assert_eq!(ask(&client, READ).await.unwrap_err().failure, LATER);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_has_too_little_time_left_is_not_begun() {
    let client = client("http://127.0.0.1:9", Duration::from_secs(10));
    let call = client.begin(WRITE);
    tokio::time::advance(Duration::from_secs(6)).await;
    let request = client.request(call, Request::post, &["things"], &json!({})).unwrap();
    let error = client.send(call, &request).await.unwrap_err();
    assert_eq!(error.failure, LATER);
    assert!(error.message.contains("nothing was sent"), "{error}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::start(|_| Reply::json(200, json!({}))).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/things", elsewhere.base);
        let server =
            Server::start(move |_| Reply::json(status, json!({})).header("location", &location)).await;
        let client = client(&server.base, Duration::from_secs(5));
        for operation in [READ, WRITE] {
            let answer = ask(&client, operation).await.unwrap();
            let error = client.failed(client.begin(operation), &answer, "", None);
            assert_eq!(error.failure, ServiceFailure::Refused);
            assert!(error.message.contains("correct SAMPLE_API_URL"), "{error}");
        }
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let server = Server::start(|_| {
        let chunk = Bytes::from(vec![b' '; 1 << 20]);
        let endless = futures::stream::repeat_with(move || Ok::<_, std::convert::Infallible>(chunk.clone()));
        Reply::Now(Body::from_stream(endless).into_response())
    })
    .await;
    let client = client(&server.base, Duration::from_secs(20));
    let error = ask(&client, WRITE).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
    assert!(error.message.contains("larger than 32 MiB"), "{error}");
}

#[tokio::test]
async fn a_credential_that_is_echoed_reaches_no_error() {
    let server = Server::start(|asked: &Asked| {
        let said = format!("{}{}", "who is ", asked.header("authorization"));
        Reply::json(403, json!({"message": said}))
    })
    .await;
    let client = client(&server.base, Duration::from_secs(5));
    let answer = ask(&client, WRITE).await.unwrap();
    let said = String::from_utf8(answer.body.clone()).unwrap();
    let error = client.failed(client.begin(WRITE), &answer, &said, Some("ask somebody"));
    assert!(
        error.message.contains("Bearer [redacted]") && error.message.ends_with("; ask somebody"),
        "{error}"
    );
    assert!(!format!("{error} {error:?} {client:?}").contains(TOKEN));
}

#[tokio::test]
async fn an_unreadable_success_is_in_doubt_and_not_repeated() {
    let server = Server::start(|_| Reply::json(200, json!({"token": "hunter2"}))).await;
    let client = client(&server.base, Duration::from_secs(5));
    let answer = ask(&client, WRITE).await.unwrap();
    let error = client.decode::<Vec<String>>(client.begin(WRITE), &answer).unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
    assert!(error.message.contains("SAMPLE_API_URL") && !error.message.contains("hunter2"), "{error}");
    let error = client.decode::<Vec<String>>(client.begin(READ), &answer).unwrap_err();
    assert_eq!(error.failure, LATER);
}
