//! [`World`]: the services as a test has them, outside the system under test.

#![allow(clippy::expect_used, reason = "a test that lacks what it needs must fail")]

use serde_json::{Value, json};
use settings::Environment;
use standins::gemini::{FaultRule, GeminiStandin, ReceivedRequest, Scripted};
use standins::github::{GithubStandin, StoredComment};
use standins::gitlab::GitlabStandin;
use standins::jira::JiraStandin;
use standins::linear::LinearStandin;
use standins::pagerduty::PagerdutyStandin;
use standins::sentry::SentryStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::hooks::{OWNER, REPO, SECRET};

/// The console's token, of the person called `ann`.
pub const TOKEN: &str = "a-token-of-the-tests-that-nobody-guesses";
/// Whose token that is.
pub const PERSON: &str = "ann";
/// The token of another person, called `bob`: who requests a task does not decide about it.
pub const OTHER_TOKEN: &str = "another-token-of-the-tests-that-nobody-guesses";
/// The key of a GitHub App that does not exist.
const APP_KEY: &str = include_str!("../../shared/github/tests/fixtures/throwaway-app-key.pkcs1.pem");
/// The account behind the GitHub credentials.
pub const LOGIN: &str = "afterhook";

/// All services, over real HTTP. They stop when this is dropped, and not before: what they have seen
/// outlives a system that is killed.
#[derive(Debug)]
pub struct World {
    /// The model.
    pub gemini: GeminiStandin,
    /// Where results go.
    pub github: GithubStandin,
    /// Likewise.
    pub slack: SlackStandin,
    /// Likewise.
    pub zendesk: ZendeskStandin,
    /// Likewise.
    pub jira: JiraStandin,
    /// Likewise.
    pub linear: LinearStandin,
    /// Likewise.
    pub gitlab: GitlabStandin,
    /// Likewise.
    pub pagerduty: PagerdutyStandin,
    /// Likewise.
    pub sentry: SentryStandin,
    /// Where refunds are made.
    pub stripe: StripeStandin,
    /// Whether the agent is a GitHub App, and not a person's account.
    pub is_app: bool,
    gemini_url: String,
    github_url: String,
    slack_url: String,
    zendesk_url: String,
    jira_url: String,
    linear_url: String,
    gitlab_url: String,
    pagerduty_url: String,
    sentry_url: String,
    stripe_url: String,
    _servers: JoinSet<()>,
}

/// Serves a stand-in on a port of its own; its address.
macro_rules! serve {
    ($servers:ident, $standin:ident) => {{
        let (listener, url) = listen().await;
        let served = $standin.clone();
        $servers.spawn(async move { served.serve(listener).await.expect("the stand-in serves") });
        url
    }};
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
        let (slack, zendesk) = (SlackStandin::new(), ZendeskStandin::new());
        let (jira, stripe) = (JiraStandin::new(), StripeStandin::new());
        let (linear, gitlab) = (LinearStandin::new(), GitlabStandin::new());
        let (pagerduty, sentry) = (PagerdutyStandin::new(), SentryStandin::new());
        let mut servers = JoinSet::new();
        Self {
            gemini_url: serve!(servers, gemini),
            github_url: serve!(servers, github),
            slack_url: serve!(servers, slack),
            zendesk_url: serve!(servers, zendesk),
            jira_url: serve!(servers, jira),
            linear_url: serve!(servers, linear),
            gitlab_url: serve!(servers, gitlab),
            pagerduty_url: serve!(servers, pagerduty),
            sentry_url: serve!(servers, sentry),
            stripe_url: serve!(servers, stripe),
            gemini,
            github,
            slack,
            zendesk,
            jira,
            linear,
            gitlab,
            pagerduty,
            sentry,
            stripe,
            is_app: false,
            _servers: servers,
        }
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
        let mut variables = vec![
            ("GEMINI_API_KEY", "a-key-of-the-tests".to_owned()),
            ("GEMINI_BASE_URL", self.gemini_url.clone()),
            ("GITHUB_TOKEN", "ghp_of_the_tests".to_owned()),
            ("GITHUB_API_URL", self.github_url.clone()),
            ("GITHUB_WEBHOOK_SECRET", SECRET.to_owned()),
            ("SLACK_BOT_TOKEN", "xoxb-of-the-tests".to_owned()),
            ("SLACK_API_URL", format!("{}/api", self.slack_url)),
            ("ZENDESK_OAUTH_TOKEN", "of-the-tests".to_owned()),
            ("ZENDESK_API_URL", self.zendesk_url.clone()),
            ("JIRA_EMAIL", "afterhook@example.com".to_owned()),
            ("JIRA_API_TOKEN", "of-the-tests".to_owned()),
            ("JIRA_API_URL", self.jira_url.clone()),
            ("LINEAR_API_KEY", "lin_api_of_the_tests".to_owned()),
            ("LINEAR_API_URL", self.linear_url.clone()),
            ("GITLAB_TOKEN", "glpat-of-the-tests".to_owned()),
            ("GITLAB_API_URL", self.gitlab_url.clone()),
            ("PAGERDUTY_EMAIL", "afterhook@example.com".to_owned()),
            ("PAGERDUTY_API_TOKEN", "of-the-tests".to_owned()),
            ("PAGERDUTY_API_URL", self.pagerduty_url.clone()),
            ("SENTRY_AUTH_TOKEN", "of-the-tests".to_owned()),
            ("SENTRY_API_URL", self.sentry_url.clone()),
            ("STRIPE_API_KEY", "rk_test_of_the_tests".to_owned()),
            ("STRIPE_API_URL", self.stripe_url.clone()),
            ("CONSOLE_TOKEN", format!("{PERSON}:{TOKEN}\nbob:{OTHER_TOKEN}")),
        ];
        if self.is_app {
            variables.retain(|(name, _)| *name != "GITHUB_TOKEN");
            variables.push(("GITHUB_APP_ID", "4711".to_owned()));
            variables.push(("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()));
        }
        variables
    }

    /// The same, read.
    ///
    /// # Panics
    /// When they do not make sense.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment::from_map(self.variables()).expect("the variables of the tests make sense")
    }

    /// Where GitHub is.
    #[must_use]
    pub fn github_url(&self) -> &str {
        &self.github_url
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
