//! Tests of the layer around the opening of connections.

use std::future::{Ready, ready};

use futures::future::join_all;
use hyper_util::client::legacy::connect::Connected;
use tokio::sync::Notify;

use super::*;

/// A connection that speaks HTTP/2, or does not.
#[derive(Debug)]
struct Line {
    http2: bool,
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        if self.http2 { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

fn gate(secure: bool) -> Opening {
    Opening::new(Arc::new(Counters::new(Signals::none())), secure)
}

fn line(http2: bool) -> Ready<Result<Line, BoxError>> {
    ready(Ok(Line { http2 }))
}

fn is_shareable(outcome: &Result<Line, BoxError>) -> bool {
    outcome.as_ref().err().is_some_and(|error| error.is::<Shareable>())
}

fn counts(opening: &Opening) -> ConnectionCounts {
    opening.0.counters.read()
}

/// Opens one connection that is ready when told, and meanwhile `others` more.
async fn together(opening: &Opening, http2: bool, others: usize) -> Vec<Result<Line, BoxError>> {
    let open = Notify::new();
    let first = opening.0.open(async {
        open.notified().await;
        line(http2).await
    });
    let rest = async {
        let rest = (0..others).map(|_| async {
            // All of them have come before the first one is through.
            open.notify_one();
            opening.0.open(line(http2)).await
        });
        join_all(rest).await
    };
    let (first, mut rest) = tokio::join!(first, rest);
    rest.insert(0, first);
    rest
}

#[tokio::test(start_paused = true)]
async fn calls_that_begin_together_share_an_http2_connection() {
    let opening = gate(true);
    let outcomes = together(&opening, true, 20).await;
    assert!(outcomes[0].is_ok() && outcomes[1..].iter().all(is_shareable));
    assert_eq!(counts(&opening), ConnectionCounts { opened: 1, waited: 20, requests: 0 });
}

#[tokio::test(start_paused = true)]
async fn over_http1_those_who_waited_open_their_own_at_once() {
    let opening = gate(true);
    let outcomes = together(&opening, false, 5).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(counts(&opening).opened, 6);
    opening.0.open(line(false)).await.unwrap();
    assert_eq!(counts(&opening).waited, 5, "nobody waits once HTTP/1.1 is known");
}

#[tokio::test(start_paused = true)]
async fn without_tls_nobody_waits() {
    let opening = gate(false);
    together(&opening, false, 5).await;
    assert_eq!(counts(&opening), ConnectionCounts { opened: 6, waited: 0, requests: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_later_call_may_open_another() {
    let opening = gate(true);
    opening.0.open(line(true)).await.unwrap();
    opening.0.open(line(true)).await.unwrap();
    assert_eq!(counts(&opening).opened, 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_or_fails_passes_the_turn_on() {
    let opening = gate(true);
    {
        let stuck = opening.0.open(std::future::pending::<Result<Line, BoxError>>());
        assert!(tokio::time::timeout(Duration::from_secs(1), stuck).await.is_err());
    }
    assert!(opening.0.open::<Line>(async { Err("no route".into()) }).await.is_err());
    opening.0.open(line(true)).await.unwrap();
    assert_eq!(counts(&opening).opened, 1);
}
