//! Requests that no sender sends: each is answered or refused, and nobody else waits for it.

use std::fmt::Write;
use std::time::Duration;

use e2e::hooks;
use e2e::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::send_all;
use crate::binary::Process;

const TIMEOUT: Duration = Duration::from_secs(10);

async fn connect(process: &Process) -> TcpStream {
    TcpStream::connect(process.url.trim_start_matches("http://")).await.unwrap()
}

/// What `process` answers to the bytes of `request`; whether it reads them to their end does not matter.
async fn answer(process: &Process, request: &[u8]) -> String {
    let mut stream = connect(process).await;
    let _ = stream.write_all(request).await;
    let mut said = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut said)).await.expect("it answers");
    String::from_utf8_lossy(&said).into_owned()
}

fn head(body: &[u8]) -> String {
    let signed = hooks::signed("issues", body);
    let lines = signed.iter().fold(String::new(), |mut lines, (name, value)| {
        let _ = write!(lines, "{name}: {}\r\n", value.to_str().unwrap());
        lines
    });
    format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{lines}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_headers_are_refused() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    let body = hooks::bytes(&hooks::issue(7));
    let mut request = head(&body);
    (0..10_000).for_each(|n| write!(request, "x-{n}: 1\r\n").unwrap());
    let request = [request.as_bytes(), b"\r\n", &body].concat();
    let said = answer(&process, &request).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    assert_eq!(send_all(&process.api(), [7], Duration::ZERO).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_senders_are_heard_to_their_end_and_keep_nobody_waiting() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(&process).await;
        stream.write_all(b"POST /webhooks/github HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        silent.push(stream);
    }
    let body = hooks::bytes(&hooks::issue(7));
    let request = [format!("{}\r\n", head(&body)).as_bytes(), &body].concat();
    let mut slow = connect(&process).await;
    for piece in request.chunks(request.len().div_ceil(40)) {
        slow.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let mut said = String::new();
    timeout(TIMEOUT, slow.read_to_string(&mut said)).await.expect("it answers").unwrap();
    assert!(said.starts_with("HTTP/1.1 202"), "{said}");
    assert_eq!(send_all(&process.api(), [8], Duration::ZERO).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_bytes_in_signed_events_are_read_or_refused_and_never_our_fault() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    let genuine = String::from_utf8(hooks::bytes(&hooks::issue(7))).unwrap();
    let odd = |inner: &str| genuine.replacen('{', &format!("{{\"odd\": {inner},"), 1).into_bytes();
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    for (body, expected) in [
        (odd("99999999999999999999999999"), 202),
        (odd("-9223372036854775809"), 202),
        (odd("\"\\u0000\\u0007\\u001b[31m\\u202e\""), 202),
        (odd(&deep), 202),
        (odd("\"\u{0}\""), 400),
        ([odd("1"), vec![0xff]].concat(), 400),
        (
            odd("\"x\"")
                .into_iter()
                .flat_map(|byte| if byte == b'x' { vec![0xc3, 0x28] } else { vec![byte] })
                .collect(),
            400,
        ),
    ] {
        let shown = body.escape_ascii().to_string().chars().take(80).collect::<String>();
        let answer = process.api().raw_hook("github", hooks::signed("issues", &body), body).await;
        assert_eq!(answer.status, expected, "{shown}: {answer:?}");
    }
}
