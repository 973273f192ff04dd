//! Connections that break: what is tried again, and what must not be.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use domain::{Clock, Publisher, ServiceFailure};
use github::{Config, Credentials, Github};

use crate::support::{TOKEN, issue, mark, start};

const USER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 27\r\n\r\n{\"login\":\"afterhook-agent\"}";
const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{\"id\":42}";

/// What a server does with one connection: reads a request, then answers it or hangs up.
type Script = &'static [Option<&'static str>];

struct Scripted {
    github: Github,
    /// One message for every connection that has ended: the first bytes of its request.
    ended: mpsc::Receiver<String>,
}

/// A server on a thread of its own, so that it goes on while the client's runtime stands still, as
/// the network does while a Lambda environment is frozen.
fn serving(script: Script) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let github = client_of(&format!("http://{}", listener.local_addr().unwrap()));
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        for answer in script {
            let (mut connection, _) = listener.accept().unwrap();
            let request = read_request(&mut connection);
            if let Some(answer) = answer {
                connection.write_all(answer.as_bytes()).unwrap();
            }
            drop(connection);
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    Scripted { github, ended }
}

/// Reads one request to its end: closing with bytes unread would reset the connection and lose the
/// answer.
fn read_request(connection: &mut impl Read) -> String {
    let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = connection.read(&mut chunk).unwrap();
        request.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if count == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return head.lines().next().unwrap().to_owned();
        }
    }
}

fn client_of(base: &str) -> Github {
    let config = Config { base_url: base.to_owned(), ..Config::default() };
    Github::new(Credentials::Token(TOKEN.into()), &config, Clock::fixed(start())).unwrap()
}

#[tokio::test]
async fn a_comment_whose_connection_was_lost_is_in_doubt_and_not_sent_again() {
    let server = serving(&[None, Some(CREATED)]);
    let error = server.github.publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
    assert!(server.ended.recv().unwrap().starts_with("POST "));
    let again = server.ended.recv_timeout(Duration::from_millis(100));
    assert_eq!(again, Err(mpsc::RecvTimeoutError::Timeout), "the request was repeated");
}

#[tokio::test]
async fn a_read_whose_connection_was_lost_is_tried_once_more() {
    let server = serving(&[None, Some(USER)]);
    assert_eq!(server.github.login().await.unwrap(), "afterhook-agent");

    let server = serving(&[None, None, Some(USER)]);
    let error = server.github.login().await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
}

#[tokio::test]
async fn a_connection_that_died_while_idle_puts_no_comment_in_doubt() {
    for _ in 0..20 {
        let server = serving(&[Some(USER), Some(CREATED)]);
        server.github.login().await.unwrap();
        // Blocks the runtime: the client has not seen the end of the connection yet.
        server.ended.recv().unwrap();
        let proof = server.github.publish(&issue(), "Hi", &mark("1")).await.unwrap();
        assert_eq!((proof.id.as_str(), proof.url), ("42", None));
    }
}

#[tokio::test]
async fn an_unreachable_host_means_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let github = client_of(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let error = github.publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert!(error.message.contains("could not be reached"), "{error}");
}
