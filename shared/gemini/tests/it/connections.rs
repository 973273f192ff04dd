//! Connections over TLS: shared, counted, trusted, and replaced when they end.

use std::time::Duration;

use domain::{Deferral, Model, ModelFailure, TaskId};
use gemini::{Config, ConnectionCounts, Gemini};
use tokio::task::JoinSet;

use crate::calls::*;
use crate::tls::{Manner, TlsServer};

/// A model that trusts `server`, without retries: whatever goes right did so at the first try.
fn trusting(server: &TlsServer) -> Gemini {
    gemini(with_retries(trusted(server), 0))
}

fn trusted(server: &TlsServer) -> Config {
    Config { root_certificates: vec![server.pem.clone()], ..alone(&server.url) }
}

async fn together(model: Gemini, calls: u32) -> ConnectionCounts {
    let model = std::sync::Arc::new(model);
    let mut tasks = JoinSet::new();
    for n in 0..calls {
        let model = std::sync::Arc::clone(&model);
        let call = domain::ModelCall { task_id: TaskId::derive("t", &n.to_le_bytes()), ..call() };
        tasks.spawn(async move { model.generate(&call).await.unwrap().text });
    }
    assert!(tasks.join_all().await.iter().all(|text| text == "Hi."));
    model.connections()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_begin_together_share_http2_connections() {
    let server = TlsServer::start(Manner { handshake: Duration::from_millis(50), ..Manner::default() }).await;
    let counts = together(trusting(&server), 64).await;
    // Each would open its own; now and then one comes just before the first one is offered.
    assert!((1..=4).contains(&counts.opened), "{counts:?}");
    assert_eq!(counts.requests, 64);
    assert_eq!((server.connections() as u64, server.requests()), (counts.opened, 64));
}

#[tokio::test]
async fn calls_in_a_row_share_one_connection() {
    for http2 in [true, false] {
        let server = TlsServer::start(Manner { http2, ..Manner::default() }).await;
        let model = trusting(&server);
        for _ in 0..20 {
            model.generate(&call()).await.unwrap();
        }
        assert_eq!(model.connections(), ConnectionCounts { opened: 1, requests: 20, waited: 0 });
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_without_http2_is_served_over_several_connections() {
    let server = TlsServer::start(Manner { http2: false, ..Manner::default() }).await;
    let counts = together(trusting(&server), 16).await;
    assert_eq!(counts.requests, 16);
    assert!(counts.opened <= 16 && counts.opened == server.connections() as u64, "{counts:?}");
}

#[tokio::test]
async fn an_http2_connection_that_the_service_ends_is_replaced_without_a_retry() {
    for http2 in [true, false] {
        let server = TlsServer::start(Manner { http2, last_request: 2, ..Manner::default() }).await;
        let model = trusting(&server);
        for _ in 0..6 {
            assert_eq!(model.generate(&call()).await.unwrap().usage[0].attempts, 1);
        }
        assert_eq!((model.connections().opened, server.requests()), (3, 6));
    }
}

/// The request was read: only the retry, which is set aside and counted like any other, saves the task.
#[tokio::test]
async fn a_connection_that_dies_under_a_request_costs_a_retry_and_no_task() {
    for http2 in [true, false] {
        let server = TlsServer::start(Manner { http2, cut_at: 2, ..Manner::default() }).await;
        let model = gemini(with_retries(trusted(&server), 1));
        for attempts in [1, 2, 1] {
            assert_eq!(model.generate(&call()).await.unwrap().usage[0].attempts, attempts, "{http2}");
        }
        assert_eq!((model.connections().opened, server.requests()), (2, 4));
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let server = TlsServer::start(Manner::default()).await;
    let error = gemini(alone(&server.url)).generate(&call()).await.unwrap_err();
    let unavailable = ModelFailure::Defer { why: Deferral::Unavailable, not_before: None };
    assert_eq!((error.failure, server.requests()), (unavailable, 0));
    assert!(error.message.contains("TLS"), "{}", error.message);
}
