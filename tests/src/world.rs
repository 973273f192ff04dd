//! [`World`]: Gemini and GitHub as a test has them, outside the system under test.

#![allow(clippy::expect_used, reason = "a test that lacks what it needs must fail")]

use afterhook::standin::gemini::{FaultRule, GeminiStandin, ReceivedRequest, Scripted};
use afterhook::standin::github::{GithubStandin, StoredComment};
use serde_json::{Value, json};
use settings::Environment;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::hooks::{OWNER, REPO, SECRET};

/// The console's token, of the person called `ann`.
pub const TOKEN: &str = "a-token-of-the-tests";
/// Whose token that is.
pub const PERSON: &str = "ann";
/// The account behind the GitHub credentials.
pub const LOGIN: &str = "afterhook";

/// Both services, over real HTTP. They stop when this is dropped, and not before: what they have seen
/// outlives a system that is killed.
#[derive(Debug)]
pub struct World {
    /// The model.
    pub gemini: GeminiStandin,
    /// Where results go.
    pub github: GithubStandin,
    gemini_url: String,
    github_url: String,
    _servers: JoinSet<()>,
}

impl World {
    /// Services that answer at once and never fail.
    pub async fn new() -> Self {
        Self::of(GeminiStandin::new(), GithubStandin::new()).await
    }

    /// These services.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn of(gemini: GeminiStandin, github: GithubStandin) -> Self {
        let mut servers = JoinSet::new();
        let (listener, gemini_url) = listen().await;
        let served = gemini.clone();
        servers.spawn(async move { served.serve(listener).await.expect("the Gemini stand-in serves") });
        let (listener, github_url) = listen().await;
        let served = github.clone();
        servers.spawn(async move { served.serve(listener).await.expect("the GitHub stand-in serves") });
        Self { gemini, github, gemini_url, github_url, _servers: servers }
    }

    /// A model that follows `script` and has no faults.
    pub async fn scripted(
        script: impl Fn(&ReceivedRequest) -> Option<Scripted> + Send + Sync + 'static,
    ) -> Self {
        Self::of(GeminiStandin::builder().script(script).build(), GithubStandin::new()).await
    }

    /// The variables that point a system at this world.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GEMINI_API_KEY", "a-key-of-the-tests".to_owned()),
            ("GEMINI_BASE_URL", self.gemini_url.clone()),
            ("GITHUB_TOKEN", "ghp_of_the_tests".to_owned()),
            ("GITHUB_API_URL", self.github_url.clone()),
            ("GITHUB_WEBHOOK_SECRET", SECRET.to_owned()),
            ("CONSOLE_TOKEN", format!("{PERSON}:{TOKEN}")),
        ]
    }

    /// The same, read.
    ///
    /// # Panics
    /// When they do not make sense.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment::from_map(self.variables()).expect("the variables of the tests make sense")
    }

    /// The comments of one issue.
    #[must_use]
    pub fn comments(&self, issue: u64) -> Vec<StoredComment> {
        self.github.comments(OWNER, REPO, issue)
    }

    /// The model has these faults from now on.
    pub fn break_model(&self, fault: FaultRule) {
        self.gemini.set_faults(vec![fault]);
    }

    /// The model has no faults any more.
    pub fn mend_model(&self) {
        self.gemini.set_faults(Vec::new());
    }
}

/// A script in which triage says this, and everything else is left to the stand-in.
pub fn triage_says(
    intent: &str,
    confidence: f64,
    spam: bool,
) -> impl Fn(&ReceivedRequest) -> Option<Scripted> + Send + Sync + 'static {
    let verdict = json!({"intent": intent, "confidence": confidence, "spam": spam}).to_string();
    move |request| is_triage(&request.body).then(|| Scripted::Text(verdict.clone()))
}

/// Whether a request to the model is triage: the one that asks for JSON.
#[must_use]
pub fn is_triage(body: &Value) -> bool {
    body.pointer("/generationConfig/responseMimeType").is_some_and(|kind| kind == "application/json")
}

/// A free port of this machine, and its URL.
///
/// # Panics
/// When there is none.
pub async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    (listener, format!("http://{address}"))
}
