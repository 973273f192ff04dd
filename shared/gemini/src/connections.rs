//! [`Connections`]: one pooled HTTP client per process, opened when it is first needed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Timestamp, between};
use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::crypto::{CryptoProvider, ring};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pools older than this are replaced, so that new addresses of the service are taken up.
const LONGEST_LIFE: Duration = Duration::from_secs(15 * 60);
/// Pools unused for longer than this are replaced. Measured by the wall clock: the timers inside a
/// pool stand still while the environment is frozen, and would trust a connection that the other
/// side closed an hour ago.
const LONGEST_IDLE: Duration = Duration::from_secs(90);

/// The pool in use, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    pool: Mutex<Option<Pool>>,
    ignore_proxies: bool,
}

#[derive(Debug)]
struct Pool {
    client: Client,
    opened: Timestamp,
    used: Timestamp,
}

impl Connections {
    pub(crate) fn new(ignore_proxies: bool) -> Self {
        Self { pool: Mutex::new(None), ignore_proxies }
    }

    /// The client to use at `now`.
    pub(crate) fn client(&self, now: Timestamp) -> Result<Client, reqwest::Error> {
        let mut slot = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = slot.as_mut().filter(|pool| pool.is_fresh(now)) {
            pool.used = pool.used.max(now);
            return Ok(pool.client.clone());
        }
        let client = self.open()?;
        *slot = Some(Pool { client: client.clone(), opened: now, used: now });
        Ok(client)
    }

    /// `http://` is spoken to in HTTP/1.1; over TLS both sides agree on HTTP/2 if they can.
    fn open(&self) -> Result<Client, reqwest::Error> {
        if CryptoProvider::get_default().is_none() {
            // Another thread may have been quicker: then theirs it is.
            let _ = ring::default_provider().install_default();
        }
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .pool_idle_timeout(LONGEST_IDLE)
            // A redirect would carry the key to wherever it points.
            .redirect(Policy::none())
            .user_agent(concat!("afterhook/", env!("CARGO_PKG_VERSION")));
        if self.ignore_proxies { builder.no_proxy() } else { builder }.build()
    }
}

impl Pool {
    fn is_fresh(&self, now: Timestamp) -> bool {
        between(self.opened, now) <= LONGEST_LIFE && between(self.used, now) <= LONGEST_IDLE
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use domain::after;

    /// When the pool in use was opened.
    fn opened(connections: &Connections, at: Timestamp) -> Timestamp {
        connections.client(at).unwrap();
        connections.pool.lock().unwrap().as_ref().unwrap().opened
    }

    fn start() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn nothing_is_opened_before_the_first_call() {
        assert!(Connections::new(true).pool.lock().unwrap().is_none());
    }

    #[test]
    fn a_pool_in_use_is_kept() {
        let connections = Connections::new(true);
        assert_eq!(opened(&connections, start()), start());
        let later = after(start(), LONGEST_IDLE);
        assert_eq!(opened(&connections, later), start());
        assert_eq!(opened(&connections, after(later, LONGEST_IDLE)), start());
    }

    #[test]
    fn a_pool_that_slept_is_replaced() {
        let connections = Connections::new(true);
        opened(&connections, start());
        let thaw = after(start(), LONGEST_IDLE + Duration::from_millis(1));
        assert_eq!(opened(&connections, thaw), thaw);
    }

    #[test]
    fn an_old_pool_is_replaced_though_in_use() {
        let connections = Connections::new(true);
        let minutes = |n: u64| after(start(), Duration::from_secs(60 * n));
        for minute in 0..=15 {
            assert_eq!(opened(&connections, minutes(minute)), start());
        }
        assert_eq!(opened(&connections, minutes(16)), minutes(16));
    }
}
