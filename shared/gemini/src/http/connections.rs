//! [`Connections`]: one pooled HTTP client per process and origin, opened when it is first needed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cells::lock;
use domain::{Timestamp, between};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use rustls::crypto::{CryptoProvider, ring};

use super::connector::{Counters, Opening};
use super::endpoints::Endpoint;
use crate::config::{Config, ConfigError};
use crate::signal::Signals;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pools older than this are replaced, so that new addresses of the service are taken up.
const MAX_LIFE: Duration = Duration::from_secs(15 * 60);
/// Pools unused for longer than this are replaced. Measured by the wall clock: the timers inside a pool stand still
/// while the environment is frozen, and would trust a connection that the other side closed an hour ago.
const MAX_IDLE: Duration = Duration::from_secs(90);

/// The pools in use, by the origin that they lead to.
#[derive(Debug)]
pub(crate) struct Connections {
    pools: Mutex<BTreeMap<String, Pool>>,
    roots: Vec<Certificate>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Pool {
    client: Client,
    opened: Timestamp,
    used: Timestamp,
}

impl Connections {
    pub(crate) fn new(config: &Config, signals: Signals) -> Result<Self, ConfigError> {
        let mut roots = Vec::new();
        for pem in &config.root_certificates {
            let bundle = Certificate::from_pem_bundle(pem).map_err(|_| ConfigError::RootCertificate)?;
            if bundle.is_empty() {
                return Err(ConfigError::RootCertificate);
            }
            roots.extend(bundle);
        }
        Ok(Self { pools: Mutex::default(), roots, counters: Arc::new(Counters::new(signals)) })
    }

    pub(crate) fn client(&self, endpoint: &Endpoint, now: Timestamp) -> Result<Client, reqwest::Error> {
        let mut pools = lock(&self.pools);
        let origin = endpoint.origin();
        if let Some(pool) = pools.get_mut(&origin).filter(|pool| pool.is_fresh(now)) {
            pool.used = pool.used.max(now);
            return Ok(pool.client.clone());
        }
        let client = self.open(endpoint)?;
        pools.insert(origin, Pool { client: client.clone(), opened: now, used: now });
        Ok(client)
    }

    /// Where requests and connections are counted.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// `http://` is spoken to in HTTP/1.1; over TLS both sides agree on HTTP/2 if they can.
    fn open(&self, endpoint: &Endpoint) -> Result<Client, reqwest::Error> {
        #[cfg(feature = "simulated")]
        if let Some(client) = simulated::client() {
            return Ok(client);
        }
        if CryptoProvider::get_default().is_none() {
            // Another thread may have been quicker: then theirs it is.
            let _ = ring::default_provider().install_default();
        }
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .connector_layer(Opening::new(Arc::clone(&self.counters), endpoint.is_secure()))
            .tls_certs_merge(self.roots.iter().cloned())
            .tcp_keepalive(KEEP_ALIVE)
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .pool_idle_timeout(MAX_IDLE)
            // A redirect would carry the key to wherever it points.
            .redirect(Policy::none())
            .user_agent(concat!("afterhook/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_local() { builder.no_proxy() } else { builder }.build()
    }
}

impl Pool {
    fn is_fresh(&self, now: Timestamp) -> bool {
        between(self.opened, now) <= MAX_LIFE && between(self.used, now) <= MAX_IDLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::after;

    use crate::http::account::Account;
    use crate::http::connector::ConnectionCounts;

    fn connections() -> Connections {
        Connections::new(&Config::new(None), Signals::none()).unwrap()
    }

    /// When the pool in use was opened.
    fn opened(connections: &Connections, at: Timestamp) -> Timestamp {
        let task = domain::TaskId::derive("t", b"1");
        let config = Config { base_url: "http://127.0.0.1:1".to_owned(), ..Config::new(None) };
        let account = Account::all(&config).unwrap().remove(0);
        let (_, endpoint) = account.endpoints.choose(&task, "m", at);
        connections.client(endpoint, at).unwrap();
        connections.pools.lock().unwrap()[&endpoint.origin()].opened
    }

    fn start() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn nothing_is_opened_before_the_first_call() {
        assert!(connections().pools.lock().unwrap().is_empty());
        assert_eq!(connections().counters().read(), ConnectionCounts::default());
    }

    #[test]
    fn a_pool_in_use_is_kept() {
        let connections = connections();
        assert_eq!(opened(&connections, start()), start());
        let later = after(start(), MAX_IDLE);
        assert_eq!(opened(&connections, later), start());
        assert_eq!(opened(&connections, after(later, MAX_IDLE)), start());
    }

    #[test]
    fn a_pool_that_slept_is_replaced() {
        let connections = connections();
        opened(&connections, start());
        let thaw = after(start(), MAX_IDLE + Duration::from_millis(1));
        assert_eq!(opened(&connections, thaw), thaw);
    }

    #[test]
    fn an_old_pool_is_replaced_though_in_use() {
        let connections = connections();
        let minutes = |n: u64| after(start(), Duration::from_secs(60 * n));
        for minute in 0..=15 {
            assert_eq!(opened(&connections, minutes(minute)), start());
        }
        assert_eq!(opened(&connections, minutes(16)), minutes(16));
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_refused() {
        for pem in ["", "not a certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            let config = Config { root_certificates: vec![pem.into()], ..Config::new(None) };
            let error = Connections::new(&config, Signals::none()).unwrap_err();
            assert!(matches!(error, ConfigError::RootCertificate), "{pem}: {error}");
        }
    }
}
