//! One request to GitHub and its answer, within limits of time, size and hops.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, ClientBuilder, Method, Url};
use tokio::time::{Instant, timeout_at};

use crate::answer::Answer;
use crate::base::Base;
use crate::config::{BuildError, Config};
use crate::credentials::Bearer;

/// Largest answer that is read: above the largest honest one, 100 comments of 65,536 characters of 4
/// bytes, so that nobody can shut us out of a thread by writing long comments.
const LARGEST_ANSWER: usize = 32 << 20;
/// Redirects that are followed, as for a repository that was renamed.
const HOPS: usize = 3;
/// A pooled connection idle for longer is not used again: the network may have forgotten it.
const IDLE: Duration = Duration::from_secs(30);

/// A request, without credentials.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// JSON.
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, body: None }
    }

    pub(crate) fn post(url: Url, body: Option<Vec<u8>>) -> Self {
        Self { method: Method::POST, url, body }
    }
}

/// No usable answer came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// There was no connection: GitHub cannot have seen the request.
    Unsent(String),
    /// The request was on its way, or may have been, when something broke.
    Lost(String),
    /// A success whose body is larger than anything GitHub should send.
    TooLarge,
}

/// The HTTP clients.
///
/// A connection that died while it was idle (a frozen environment, a forgetful network) can swallow
/// one request before anybody notices. For a read that costs a second try; for a comment it would
/// cost certainty, so what is sent once is sent on a connection of its own.
#[derive(Debug)]
pub(crate) struct Transport {
    /// Keeps connections: for reads.
    pooled: Client,
    /// Makes a connection for every request: for everything else, and for a read's second try.
    fresh: Client,
    pub(crate) base: Base,
}

impl Transport {
    /// A client for the configured base. Opens no connection yet.
    pub(crate) fn new(config: &Config) -> Result<Self, BuildError> {
        let base = Base::parse(&config.base_url)?;
        // `reqwest` is built without a provider and panics if the process has none; losing the race
        // against another installation is success too.
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::trace!("the process has a crypto provider already");
        }
        if base.is_plain() && !base.is_loopback() {
            tracing::warn!("the GitHub API URL is plain http: credentials travel unencrypted");
        }
        let pooled = client(config, &base)?.pool_idle_timeout(IDLE).build();
        let fresh = client(config, &base)?.pool_max_idle_per_host(0).build();
        let built = |client: reqwest::Result<Client>| client.map_err(|error| BuildError::Http(causes(error)));
        Ok(Self { pooled: built(pooled)?, fresh: built(fresh)?, base })
    }

    /// Sends `request` and reads its answer, until `deadline`. A redirect within the API is followed
    /// with the method and body unchanged, as GitHub asks for; one to elsewhere is the answer.
    pub(crate) async fn send(
        &self,
        request: &Request,
        bearer: &Bearer,
        deadline: Instant,
    ) -> Result<Answer, Broken> {
        let mut request = request.clone();
        for _ in 0..HOPS {
            let answer = self.within(&request, bearer, deadline).await?;
            let Some(to) = self.moved(&request.url, &answer) else { return Ok(answer) };
            request.url = to;
        }
        self.within(&request, bearer, deadline).await
    }

    fn moved(&self, from: &Url, answer: &Answer) -> Option<Url> {
        if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
            return None;
        }
        self.base.redirect(from, answer.headers.get(LOCATION)?.to_str().ok()?)
    }

    async fn within(&self, request: &Request, bearer: &Bearer, deadline: Instant) -> Result<Answer, Broken> {
        let timed_out = |_| Broken::Lost("no answer in time".to_owned());
        if request.method != Method::GET {
            let once = self.exchange(&self.fresh, request, bearer);
            return timeout_at(deadline, once).await.map_err(timed_out)?;
        }
        let once = self.exchange(&self.pooled, request, bearer);
        match timeout_at(deadline, once).await.map_err(timed_out)? {
            Err(broken @ (Broken::Unsent(_) | Broken::Lost(_))) => {
                tracing::debug!(path = request.url.path(), ?broken, "reading once more");
                let again = self.exchange(&self.fresh, request, bearer);
                timeout_at(deadline, again).await.map_err(timed_out)?
            }
            result => result,
        }
    }

    async fn exchange(&self, client: &Client, request: &Request, bearer: &Bearer) -> Result<Answer, Broken> {
        let mut builder = client
            .request(request.method.clone(), request.url.clone())
            .header(AUTHORIZATION, bearer.header());
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = builder.send().await.map_err(broken)?;
        let (status, headers) = (response.status(), response.headers().clone());
        tracing::debug!(method = %request.method, path = request.url.path(), status = status.as_u16(), "github");
        match read(response).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            // The status alone decides what an error means.
            Err(_) if !status.is_success() => Ok(Answer { status, headers, body: Vec::new() }),
            Err(broken) => Err(broken),
        }
    }
}

fn client(config: &Config, base: &Base) -> Result<ClientBuilder, BuildError> {
    let agent = HeaderValue::from_str(&config.user_agent).map_err(|_| BuildError::UserAgent)?;
    if agent.is_empty() {
        return Err(BuildError::UserAgent);
    }
    let mut builder = Client::builder()
        .user_agent(agent)
        .default_headers(standard_headers())
        .connect_timeout(config.connect_timeout)
        // Followed by hand: `reqwest` would turn a moved POST into a GET.
        .redirect(reqwest::redirect::Policy::none())
        // A comment is sent once or not at all.
        .retry(reqwest::retry::never())
        .https_only(!base.is_plain());
    if base.is_plain() {
        builder = builder.http1_only();
    }
    if base.is_loopback() {
        builder = builder.no_proxy();
    }
    Ok(builder)
}

fn standard_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
    ])
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Broken::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: reqwest::Error) -> Broken {
    if error.is_connect() || error.is_builder() {
        Broken::Unsent(causes(error))
    } else {
        Broken::Lost(causes(error))
    }
}

/// The error with its causes on one line, without the address.
fn causes(error: reqwest::Error) -> String {
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
