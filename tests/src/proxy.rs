//! [`Proxy`]: a connection between the system and a service that can be cut, held up or garbled while it is in use.

#![allow(clippy::expect_used, reason = "a test that lacks what it needs must fail")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::world::listen;

/// What a service never says.
const GARBAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"a\": \xff\0]";

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Sound,
    /// Nobody answers, and connections that there are end.
    Down,
    /// Every piece of an answer comes so much later.
    Slow(Duration),
    /// A request arrives, and the connection ends before its answer.
    AnswersLost,
    /// A request arrives, and its answer is garbage.
    Garbled,
}

/// A proxy of one service. It stops when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    line: Arc<Mutex<Line>>,
    /// Its own address.
    pub url: String,
    _server: JoinSet<()>,
}

impl Proxy {
    /// A proxy before the service at `url`, sound at first.
    ///
    /// # Panics
    /// When `url` is none of this machine's.
    pub async fn before(url: &str) -> Self {
        let service = url.trim_start_matches("http://").parse().expect("an address with a port");
        let line = Arc::new(Mutex::new(Line::Sound));
        let (listener, url) = listen().await;
        let mut server = JoinSet::new();
        server.spawn(serve(listener, service, Arc::clone(&line)));
        Self { line, url, _server: server }
    }

    /// From now on, also for connections that there are.
    pub fn set(&self, line: Line) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }
}

fn now(line: &Mutex<Line>) -> Line {
    *line.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, service: SocketAddr, line: Arc<Mutex<Line>>) {
    let mut connections = JoinSet::new();
    while let Ok((caller, _)) = listener.accept().await {
        if now(&line) != Line::Down
            && let Ok(service) = TcpStream::connect(service).await
        {
            connections.spawn(connection(caller, service, Arc::clone(&line)));
        }
    }
}

/// Passes on what comes from either side, until one of them or the line ends it.
async fn connection(caller: TcpStream, service: TcpStream, line: Arc<Mutex<Line>>) {
    let ((from_caller, to_caller), (from_service, to_service)) = (caller.into_split(), service.into_split());
    tokio::select! {
        () = requests(from_caller, to_service, &line) => {}
        () = answers(from_service, to_caller, &line) => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Mutex<Line>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let is_down = now(line) == Line::Down;
        if is_down || to.write_all(piece.get(..length).unwrap_or_default()).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Mutex<Line>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let answer = piece.get(..length).unwrap_or_default();
        match now(line) {
            Line::Down | Line::AnswersLost => return,
            Line::Garbled => {
                let _ = to.write_all(GARBAGE).await;
                return;
            }
            Line::Slow(time) => tokio::time::sleep(time).await,
            Line::Sound => {}
        }
        if to.write_all(answer).await.is_err() {
            return;
        }
    }
}
