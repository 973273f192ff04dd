//! What the tests share: clients, targets and marks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use github::{Config, Credentials, Github};

use crate::github::Server;

pub(crate) const TOKEN: &str = "ghp_not_a_real_token";
pub(crate) const KEY: &str = include_str!("../fixtures/throwaway-app-key.pkcs1.pem");

/// When the clocks of these tests start.
pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// A clock that is moved by hand.
#[derive(Clone, Default)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::from_fn(move || start() + Duration::from_secs(seconds.load(Ordering::SeqCst).unsigned_abs()))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_secs()).unwrap(), Ordering::SeqCst);
    }
}

pub(crate) fn config(server: &Server) -> Config {
    Config { base_url: server.base.clone(), ..Config::default() }
}

/// A client with a token.
pub(crate) fn with_token(server: &Server) -> Github {
    Github::new(Credentials::Token(TOKEN.into()), &config(server), Clock::fixed(start())).unwrap()
}

/// A client with a token that waits no longer than `timeout`.
pub(crate) fn impatient(server: &Server, timeout: Duration) -> Github {
    let config = Config { timeout, ..config(server) };
    Github::new(Credentials::Token(TOKEN.into()), &config, Clock::fixed(start())).unwrap()
}

/// A client of an app.
pub(crate) fn with_app(server: &Server, clock: Clock) -> Github {
    let credentials = Credentials::App { id: "4711".into(), private_key: KEY.into() };
    Github::new(credentials, &config(server), clock).unwrap()
}

pub(crate) fn issue() -> Target {
    Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("github", identity.as_bytes()), effect: "reply".into() }
}
