//! [`Fetcher`]: files that other people link to, fetched within bounds of place, time and size.
//!
//! The attacks: a name or a redirect that leads inside (every address is judged after the name was resolved, and
//! every redirect by the caller's own list), a file without an end, a server without an answer, a redirect that takes
//! a credential along (each is sent to its own host alone, and with the first request alone), and a link to somebody
//! else's private file, which our credential would open (the caller says whose it is).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use domain::ServiceError;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use tokio::time::{Instant, timeout_at};

use crate::credential::Credential;
use crate::reach::{OutOfReach, Reach};
use crate::transport::{causes, provider};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A file of GitHub is one redirect away.
const MAX_REDIRECTS: usize = 3;

/// Fetches files; by default from public addresses, without credentials. Keeps no connection: each file may be elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Fetcher {
    /// Made for the first file: most tasks have none.
    client: Arc<OnceLock<Client>>,
    reach: Reach,
    credentials: BTreeMap<String, Arc<dyn CredentialSource>>,
    /// Files that are there without a network, for tests.
    #[cfg(feature = "scripted")]
    scripted: BTreeMap<String, Result<Fetched, FetchError>>,
}

/// Has the credential that opens the files of a host.
#[async_trait]
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// The one for files of `place`, such as `owner/repo`.
    ///
    /// # Errors
    /// [`ServiceError`]: there is none, or none now.
    async fn credential(&self, place: &str) -> Result<Credential, ServiceError>;
}

/// One that opens whatever it opens.
#[async_trait]
impl CredentialSource for Credential {
    async fn credential(&self, _: &str) -> Result<Credential, ServiceError> {
        Ok(self.clone())
    }
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What its server says it is, without parameters, in lower case.
    pub mime_type: Option<String>,
    /// All of it.
    pub data: Vec<u8>,
}

/// Why there is no file. Names no address: they may hold signatures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Its host has no address that may be called.
    #[error("{0}")]
    OutOfReach(String),
    /// Its server answered with this status.
    #[error("its server answered {0}")]
    Status(u16),
    /// Its server leads elsewhere, where nothing may be fetched, or in circles.
    #[error("its server leads elsewhere")]
    Redirect,
    /// It has more bytes than this.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
    /// It did not come in time.
    #[error("it did not come in time")]
    TimedOut,
    /// The connection could not be made, or broke.
    #[error("{0}")]
    Broken(String),
    /// What came is not what may be shown.
    #[error("{0}")]
    Unfit(&'static str),
}

impl FetchError {
    /// Whether the file may come at another time.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::TimedOut | Self::Broken(_) => true,
            Self::Status(status) => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::OutOfReach(_) | Self::Redirect | Self::TooLarge(_) | Self::Unfit(_) => false,
        }
    }
}

impl Fetcher {
    /// Fetches from addresses within `reach`. Opens no connection.
    #[must_use]
    pub fn new(reach: &Reach) -> Self {
        Self { reach: reach.clone(), ..Self::default() }
    }

    /// The same, which shows the credential of `source` to `host`, and to no other.
    #[must_use]
    pub fn with(mut self, host: &str, source: Arc<dyn CredentialSource>) -> Self {
        self.credentials.insert(host.to_owned(), source);
        self
    }

    /// The same, which has `file` at `url`, or why there is none, without asking anybody.
    #[cfg(feature = "scripted")]
    #[must_use]
    pub fn with_file(mut self, url: &str, file: Result<Fetched, FetchError>) -> Self {
        self.scripted.insert(url.to_owned(), file);
        self
    }

    /// The file at `url`, and wherever that leads that `allows` says yes to; all of it by `deadline`, and at most
    /// `max` bytes. Only a file of a `place`, which everybody may see who sees what becomes of it, is asked for with
    /// a credential.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(
        &self,
        (url, place): (Url, Option<&str>),
        allows: &(dyn Fn(&Url) -> bool + Sync),
        max: usize,
        deadline: Instant,
    ) -> Result<Fetched, FetchError> {
        #[cfg(feature = "scripted")]
        if let Some(file) = self.scripted.get(url.as_str()) {
            return file.clone();
        }
        let file = async {
            let source = url.host_str().and_then(|host| self.credentials.get(host));
            let credential = match place.zip(source).filter(|_| allows(&url)) {
                Some((place, source)) => {
                    let none = |error: ServiceError| FetchError::Broken(error.to_string());
                    Some(source.credential(place).await.map_err(none)?)
                }
                None => None,
            };
            self.follow(url.clone(), credential, allows, max).await
        };
        timeout_at(deadline, file).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn follow(
        &self,
        mut url: Url,
        mut credential: Option<Credential>,
        allows: &(dyn Fn(&Url) -> bool + Sync),
        max: usize,
    ) -> Result<Fetched, FetchError> {
        for _ in 0..=MAX_REDIRECTS {
            if !allows(&url) {
                return Err(FetchError::Redirect);
            }
            let response = self.ask(url.clone(), credential.take()).await?;
            if !response.status().is_redirection() {
                return read(response, max).await;
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            url = next.ok_or(FetchError::Redirect)?;
        }
        Err(FetchError::Redirect)
    }

    fn client(&self) -> Result<&Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        provider();
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("afterhook/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(self.reach.clone()))
            .build()
            .map_err(|error| FetchError::Broken(causes(error)))?;
        Ok(self.client.get_or_init(|| client))
    }

    async fn ask(&self, url: Url, credential: Option<Credential>) -> Result<Response, FetchError> {
        let host = url.host_str().unwrap_or_default();
        self.reach.check(host).map_err(|found| FetchError::OutOfReach(found.to_string()))?;
        let mut request = self.client()?.get(url);
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential.header());
        }
        request.send().await.map_err(broken)
    }
}

async fn read(mut response: Response, max: usize) -> Result<Fetched, FetchError> {
    let status = response.status();
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    let mime_type = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mime_type =
        mime_type.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let mut data = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if data.len() + chunk.len() > max {
            return Err(FetchError::TooLarge(max));
        }
        data.extend_from_slice(&chunk);
    }
    Ok(Fetched { mime_type, data })
}

fn broken(error: reqwest::Error) -> FetchError {
    match OutOfReach::of(&error) {
        Some(found) => FetchError::OutOfReach(found.to_string()),
        None => FetchError::Broken(causes(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Asked, Reply, Server};
    use crate::service::Service;

    static SERVICE: Service = Service {
        name: "files",
        title: "files",
        url_variable: "X",
        url_example: "https://x.example",
        credential_variable: "X",
        longest_text: markdown::Limit::chars(1_000),
    };

    fn fetcher() -> Fetcher {
        Fetcher::new(&Reach::public().with_this_machine())
    }

    async fn fetch(
        fetcher: &Fetcher,
        url: &str,
        allows: &(dyn Fn(&Url) -> bool + Sync),
    ) -> Result<Fetched, FetchError> {
        let deadline = Instant::now() + Duration::from_millis(500);
        fetcher.fetch((Url::parse(url).unwrap(), Some("o/r")), allows, 1_000, deadline).await
    }

    fn moved(to: &str) -> Reply {
        Reply::json(302, serde_json::json!({})).header("location", to)
    }

    #[tokio::test]
    async fn a_redirect_is_followed_where_that_is_allowed_and_takes_no_credential_along() {
        let store = Server::start(|_: &Asked| Reply::json(200, serde_json::json!("bytes"))).await;
        let there = store.base.replace("127.0.0.1", "localhost");
        let target = format!("{there}/file?signature=x");
        let server = Server::start(move |_: &Asked| moved(&target)).await;
        let credential = Credential::bearer(&SERVICE, &"hunter2hunter2".into()).unwrap();
        let fetcher = fetcher().with("127.0.0.1", Arc::new(credential));
        let url = format!("{}/a.png", server.base);
        let file = fetch(&fetcher, &url, &|_| true).await.unwrap();
        assert_eq!(
            (file.mime_type.as_deref(), file.data.as_slice()),
            (Some("application/json"), &b"\"bytes\""[..])
        );
        assert_eq!(server.asked()[0].header("authorization"), "Bearer hunter2hunter2");
        assert_eq!(store.asked()[0].header("authorization"), "");
        let here_alone = |url: &Url| url.host_str() == Some("127.0.0.1");
        assert_eq!(fetch(&fetcher, &url, &here_alone).await, Err(FetchError::Redirect));
        assert_eq!(store.asked().len(), 1, "nothing is asked of a host that is not allowed");
    }

    #[tokio::test]
    async fn a_file_of_somebody_else_is_asked_for_without_a_credential() {
        let server = Server::start(|asked: &Asked| match asked.line().as_str() {
            "GET /mine" => moved("/theirs"),
            _ => Reply::json(200, serde_json::json!(1)),
        })
        .await;
        let credential = Credential::bearer(&SERVICE, &"hunter2hunter2".into()).unwrap();
        let fetcher = fetcher().with("127.0.0.1", Arc::new(credential));
        let deadline = Instant::now() + Duration::from_secs(5);
        for (path, place) in [("theirs", None), ("mine", Some("o/r"))] {
            let url = Url::parse(&format!("{}/{path}", server.base)).unwrap();
            fetcher.fetch((url, place), &|_| true, 1_000, deadline).await.unwrap();
        }
        let shown: Vec<bool> =
            server.asked().iter().map(|asked| !asked.header("authorization").is_empty()).collect();
        assert_eq!(shown, [false, true, false], "theirs, mine, and where mine led");
    }

    #[tokio::test]
    async fn circles_silence_errors_and_files_without_an_end_are_no_files() {
        let server = Server::start(|asked: &Asked| match asked.line().as_str() {
            "GET /circle" => moved("/circle"),
            "GET /nowhere" => moved("http://[::1"),
            "GET /silent" => Reply::Hang,
            "GET /large" => Reply::json(200, serde_json::json!("x".repeat(2_000))),
            _ => Reply::json(403, serde_json::json!({})),
        })
        .await;
        for (path, expected) in [
            ("circle", FetchError::Redirect),
            ("nowhere", FetchError::Redirect),
            ("silent", FetchError::TimedOut),
            ("large", FetchError::TooLarge(1_000)),
            ("secret", FetchError::Status(403)),
        ] {
            let url = format!("{}/{path}", server.base);
            assert_eq!(fetch(&fetcher(), &url, &|_| true).await, Err(expected), "{path}");
        }
    }

    #[tokio::test]
    async fn what_resolves_to_an_address_inside_is_not_asked() {
        let server = Server::start(|_: &Asked| Reply::json(200, serde_json::json!({}))).await;
        let public = Fetcher::new(&Reach::public());
        for base in [server.base.clone(), server.base.replace("127.0.0.1", "localhost")] {
            let refused = fetch(&public, &format!("{base}/a.png"), &|_| true).await.unwrap_err();
            assert!(matches!(refused, FetchError::OutOfReach(_)), "{refused}");
        }
        let out = Server::start(|_: &Asked| moved("http://169.254.169.254/latest/meta-data")).await;
        let refused = fetch(&fetcher(), &out.base, &|_| true).await.unwrap_err();
        assert!(matches!(refused, FetchError::OutOfReach(_)), "{refused}");
        assert!(server.asked().is_empty());
    }
}
