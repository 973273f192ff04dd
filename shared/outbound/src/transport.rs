//! One request and its answer, within limits of time and size.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Method};
use tokio::time::{Instant, timeout_at};

use crate::act_by;
use crate::answer::Answer;
use crate::base::Base;
use crate::config::{BuildError, Config};
use crate::credential::Credential;
use crate::reach::OutOfReach;
use crate::request::Request;
use crate::service::Service;

/// The largest answer that is read. No honest page of comments is larger, so nobody can shut us out of a
/// thread by writing long comments.
pub(crate) const MAX_ANSWER: usize = 32 << 20;
/// A connection that was idle for longer is not used again: the network may have forgotten it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// No usable answer came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// There was no connection: the service cannot have seen the request.
    Unsent(String),
    /// The host has no address that may be called: the request was not sent and never will be.
    OutOfReach(String),
    /// The request was on its way, or may have been, when something broke.
    Lost(String),
    /// A success whose body is larger than anything the service should send.
    TooLarge,
}

#[cfg(feature = "simulated")]
impl From<simulated::NoAnswer> for TransportError {
    fn from(why: simulated::NoAnswer) -> Self {
        match why {
            simulated::NoAnswer::Unsent => Self::Unsent("nobody there".to_owned()),
            simulated::NoAnswer::Lost => Self::Lost("the connection broke".to_owned()),
        }
    }
}

/// The HTTP clients.
///
/// A connection that died while it was idle (a frozen environment, a forgetful network) can swallow one
/// request before anybody notices. A read is tried again then. A write would be in doubt, so every write has a
/// connection of its own.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    /// Keeps connections: for reads.
    pooled: Client,
    /// Makes a connection for every request: for everything else, and for a read's second try.
    fresh: Client,
    service: &'static Service,
}

impl Transport {
    /// Opens no connection yet.
    pub(crate) fn new(
        service: &'static Service,
        config: &Config,
        base: &Base,
        headers: &HeaderMap,
    ) -> Result<Self, BuildError> {
        provider();
        if base.is_plain() && !base.is_loopback() {
            tracing::warn!(
                variable = service.url_variable,
                "the API URL is plain http: credentials travel unencrypted"
            );
        }
        #[cfg(feature = "simulated")]
        if let Some(client) = simulated::client() {
            return Ok(Self { pooled: client.clone(), fresh: client, service });
        }
        let built = |builder: ClientBuilder| {
            builder.build().map_err(|error| BuildError::Http { title: service.title, cause: causes(error) })
        };
        let pooled = built(client(config, base, headers)?.pool_idle_timeout(IDLE_TIMEOUT))?;
        let fresh = built(client(config, base, headers)?.http1_only().pool_max_idle_per_host(0))?;
        Ok(Self { pooled, fresh, service })
    }

    /// Sends `request` and reads its answer, until `deadline`. A redirect is an answer like any other:
    /// whoever followed it would carry our credentials to where somebody else says.
    pub(crate) async fn send(
        &self,
        request: &Request,
        credential: Option<&Credential>,
        deadline: Instant,
    ) -> Result<Answer, TransportError> {
        let timed_out = |_| TransportError::Lost("no answer in time".to_owned());
        if request.method != Method::GET {
            if !act_by::may_act() {
                return Err(TransportError::Unsent(act_by::TooLate.to_string()));
            }
            let once = self.exchange(&self.fresh, request, credential);
            return timeout_at(deadline, once).await.map_err(timed_out)?;
        }
        let once = self.exchange(&self.pooled, request, credential);
        match timeout_at(deadline, once).await.map_err(timed_out)? {
            Err(broken @ (TransportError::Unsent(_) | TransportError::Lost(_))) => {
                tracing::debug!(
                    path = request.url.path(),
                    ?broken,
                    "the connection broke; the call is made once more"
                );
                let again = self.exchange(&self.fresh, request, credential);
                timeout_at(deadline, again).await.map_err(timed_out)?
            }
            result => result,
        }
    }

    async fn exchange(
        &self,
        client: &Client,
        request: &Request,
        credential: Option<&Credential>,
    ) -> Result<Answer, TransportError> {
        let mut builder =
            client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(credential) = credential {
            builder = builder.header(AUTHORIZATION, credential.header());
        }
        if request.method != Method::GET {
            builder = builder.body(act_by::body(request.body.clone().unwrap_or_default()));
        }
        let response = dispatch(builder).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        tracing::debug!(
            service = self.service.name,
            method = %request.method,
            path = request.url.path(),
            status = status.as_u16(),
            "a service was called"
        );
        match read(response).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            // The status alone decides what an error means.
            Err(_) if !status.is_success() => Ok(Answer { status, headers, body: Vec::new() }),
            Err(broken) => Err(broken),
        }
    }
}

/// `reqwest` is built without a provider and panics if the process has none; losing the race against
/// another installation is success too.
pub(crate) fn provider() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("the process has a crypto provider already");
    }
}

pub(crate) fn client(config: &Config, base: &Base, headers: &HeaderMap) -> Result<ClientBuilder, BuildError> {
    let agent = HeaderValue::from_str(&config.user_agent).map_err(|_| BuildError::UserAgent)?;
    if agent.is_empty() {
        return Err(BuildError::UserAgent);
    }
    let mut builder = Client::builder()
        .user_agent(agent)
        .default_headers(headers.clone())
        .connect_timeout(config.connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        // A write must not be repeated.
        .retry(reqwest::retry::never())
        .https_only(!base.is_plain());
    if base.is_plain() {
        builder = builder.http1_only();
    }
    if base.is_loopback() {
        builder = builder.no_proxy();
    }
    #[cfg(feature = "simulated")]
    if simulated::is_on() {
        // Nothing is connected to, and reading the system's certificates takes long.
        builder = builder.tls_certs_only([]).no_proxy();
    }
    Ok(builder)
}

/// Sends `request`; its answer's head.
pub(crate) async fn dispatch(request: reqwest::RequestBuilder) -> Result<reqwest::Response, TransportError> {
    #[cfg(feature = "simulated")]
    let request = match simulated::send(request).await {
        Ok(answer) => return answer.map_err(TransportError::from),
        Err(request) => request,
    };
    request.send().await.map_err(broken)
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub(crate) fn broken(error: reqwest::Error) -> TransportError {
    if let Some(found) = OutOfReach::of(&error) {
        TransportError::OutOfReach(found.to_string())
    } else if error.is_connect() || error.is_builder() {
        TransportError::Unsent(causes(error))
    } else {
        TransportError::Lost(causes(error))
    }
}

/// The error with its causes on one line, without the address.
pub(crate) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
