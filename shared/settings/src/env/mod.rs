//! [`Environment`]: what the environment variables say.

mod access;
mod automations;
mod aws;
mod console;
mod github;
mod google;
mod jira;
mod pagerduty;
mod processors;
mod roles;
mod secrets;
mod slack;
mod stripe;
mod urls;
mod variables;
mod zendesk;

pub use access::ApiAccess;
pub(crate) use automations::{AUTOMATION, AUTOMATION_PREFIX};
pub use aws::AwsResources;
pub use console::{ConsoleToken, MIN_TOKEN_CHARS};
pub use github::GithubCredentials;
pub use jira::JiraAccess;
pub use pagerduty::PagerdutyAccess;
pub use roles::{Role, Roles};
pub use secrets::variable_of;
pub use variables::Variables;
pub use zendesk::{ZendeskAccess, ZendeskCredentials};

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use webhook::Secrets;

use crate::Mistakes;
use crate::limits::Start;
use variables::Reader;

/// Where agent.toml lies in a working copy.
const LOCAL_CONFIG: &str = "agent/agent.toml";
/// Where the layer puts it on Lambda.
const LAMBDA_CONFIG: &str = "/opt/agent.toml";

/// The agent.toml that `path` names: itself, or the one in the folder that it is.
#[must_use]
pub fn agent_file(path: PathBuf) -> PathBuf {
    if path.is_dir() { path.join("agent.toml") } else { path }
}

/// What the environment says; on Lambda a Secrets Manager secret is merged in.
///
/// A variable that is unset or blank counts as absent. `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `GEMINI_API_KEY`.
    pub gemini_api_key: Option<SecretString>,
    /// `GEMINI_API_KEY_…`: keys of further endpoints, by the variable's name.
    pub gemini_api_keys: BTreeMap<String, SecretString>,
    /// `GOOGLE_CREDENTIALS`: Google's credentials as JSON, for Vertex AI.
    pub google_credentials: Option<SecretString>,
    /// `GEMINI_BASE_URL`, without a slash at its end.
    pub gemini_base_url: Option<String>,
    /// `<SOURCE>_WEBHOOK_SECRET` (Slack: `SLACK_SIGNING_SECRET`), by source name in lower case with
    /// `_` for `-`: ask [`Environment::secrets_for`].
    pub webhook_secrets: BTreeMap<String, Secrets>,
    /// `GITHUB_TOKEN`, or `GITHUB_APP_ID` and `GITHUB_APP_PRIVATE_KEY`.
    pub github: Option<GithubCredentials>,
    /// `GITHUB_API_URL`, without a slash at its end.
    pub github_api_url: Option<String>,
    /// `SLACK_BOT_TOKEN`.
    pub slack_bot_token: Option<SecretString>,
    /// `SLACK_API_URL`, which includes `/api`, without a slash at its end.
    pub slack_api_url: Option<String>,
    /// `ZENDESK_SUBDOMAIN` or `ZENDESK_API_URL`; `ZENDESK_EMAIL` and `ZENDESK_API_TOKEN`, or
    /// `ZENDESK_OAUTH_TOKEN`.
    pub zendesk: Option<ZendeskAccess>,
    /// `JIRA_API_URL`, `JIRA_EMAIL`, `JIRA_API_TOKEN`.
    pub jira: Option<JiraAccess>,
    /// `GITLAB_API_URL`, `GITLAB_TOKEN`.
    pub gitlab: Option<ApiAccess>,
    /// `PAGERDUTY_API_URL`, `PAGERDUTY_EMAIL`, `PAGERDUTY_API_TOKEN`.
    pub pagerduty: Option<PagerdutyAccess>,
    /// `SENTRY_API_URL`, `SENTRY_AUTH_TOKEN`.
    pub sentry: Option<ApiAccess>,
    /// `LINEAR_API_URL`, `LINEAR_API_KEY`.
    pub linear: Option<ApiAccess>,
    /// `STRIPE_API_KEY`.
    pub stripe_api_key: Option<SecretString>,
    /// `STRIPE_API_URL`, without a slash at its end.
    pub stripe_api_url: Option<String>,
    /// `AUTOMATION_…`: headers of configured calls, by the variable's name.
    pub automations: BTreeMap<String, SecretString>,
    /// `CONSOLE_TOKEN`.
    pub console_tokens: Vec<ConsoleToken>,
    /// `CONSOLE_URL`, without a slash at its end.
    pub console_url: Option<String>,
    /// `TASKS_TABLE` and the like.
    pub aws: Option<AwsResources>,
    /// `QUEUE_URL_DEAD`: the dead-letter queue, for `afterhook redrive`.
    pub queue_url_dead: Option<String>,
    /// `VERIFY_SECRET_ID`: the Secrets Manager secret that ingest reads.
    pub verify_secret_id: Option<String>,
    /// `ACT_SECRET_ID`: the one that processor and sweeper read.
    pub act_secret_id: Option<String>,
    /// `CONSOLE_SECRET_ID`: the one that the console reads.
    pub console_secret_id: Option<String>,
    /// `EXPRESS_CONCURRENCY`, `STANDARD_CONCURRENCY` and `BULK_CONCURRENCY`: how many processors may run at
    /// once, all lanes together; ask [`Environment::processors`].
    pub processors: Option<u32>,
    /// `AFTERHOOK_CONFIG`; ask [`Environment::config_path`].
    pub config: Option<PathBuf>,
    /// `AFTERHOOK_LOG`, else `RUST_LOG`: the log filter.
    pub log: Option<String>,
    /// `STACK_NAME`: the stack that this function is part of, for its metrics.
    pub stack_name: Option<String>,
    /// `AWS_LAMBDA_FUNCTION_VERSION`: which version of the function this is, as Lambda says.
    pub function_version: Option<String>,
    /// `AWS_LAMBDA_FUNCTION_NAME`: set on Lambda.
    pub lambda_function: Option<String>,
}

impl Environment {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them, by the names of the variables, never with a secret's value.
    pub fn read() -> Result<Self, Mistakes> {
        Variables::read().environment()
    }

    /// Reads `variables` as if they were the environment.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn from_map<K, V>(variables: impl IntoIterator<Item = (K, V)>) -> Result<Self, Mistakes>
    where
        K: Into<String>,
        V: Into<String>,
    {
        Variables::from_map(variables).environment()
    }

    /// What `variables` say, without those that cannot be used; and which these are.
    pub(crate) fn from_variables(variables: &Variables) -> (Self, Result<(), Mistakes>) {
        let reader = Reader::new(variables);
        let environment = Self {
            gemini_api_key: reader.secret("GEMINI_API_KEY"),
            gemini_api_keys: google::keys(&reader),
            google_credentials: google::credentials(&reader),
            gemini_base_url: urls::model_base(&reader, "GEMINI_BASE_URL"),
            webhook_secrets: secrets::read(&reader),
            github: github::read(&reader),
            github_api_url: urls::base(&reader, "GITHUB_API_URL"),
            slack_bot_token: slack::read(&reader),
            slack_api_url: urls::base(&reader, "SLACK_API_URL"),
            zendesk: zendesk::read(&reader),
            jira: jira::read(&reader),
            gitlab: access::read(&reader, "GITLAB_API_URL", "https://gitlab.com", "GITLAB_TOKEN"),
            pagerduty: pagerduty::read(&reader),
            sentry: access::read(&reader, "SENTRY_API_URL", "https://sentry.io", "SENTRY_AUTH_TOKEN"),
            linear: access::read(&reader, "LINEAR_API_URL", "https://api.linear.app", "LINEAR_API_KEY"),
            stripe_api_key: stripe::read(&reader),
            stripe_api_url: urls::base(&reader, "STRIPE_API_URL"),
            automations: automations::read(&reader),
            console_tokens: console::read(&reader),
            console_url: urls::base(&reader, "CONSOLE_URL"),
            aws: aws::read(&reader),
            queue_url_dead: urls::any(&reader, "QUEUE_URL_DEAD"),
            verify_secret_id: reader.text("VERIFY_SECRET_ID"),
            act_secret_id: reader.text("ACT_SECRET_ID"),
            console_secret_id: reader.text("CONSOLE_SECRET_ID"),
            processors: processors::read(&reader),
            config: reader.text("AFTERHOOK_CONFIG").map(PathBuf::from),
            log: reader.text("AFTERHOOK_LOG").or_else(|| reader.text("RUST_LOG")),
            stack_name: reader.text("STACK_NAME"),
            function_version: reader.text("AWS_LAMBDA_FUNCTION_VERSION"),
            lambda_function: reader.text("AWS_LAMBDA_FUNCTION_NAME"),
        };
        (environment, reader.finish())
    }

    /// Where agent.toml is: `AFTERHOOK_CONFIG`, the file or its folder, else the layer's on Lambda, else
    /// `agent/agent.toml`.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        let default = if self.on_lambda() { LAMBDA_CONFIG } else { LOCAL_CONFIG };
        self.config.clone().map_or_else(|| PathBuf::from(default), agent_file)
    }

    /// How many processors may run at once; one where nothing says otherwise.
    #[must_use]
    pub fn processors(&self) -> u32 {
        self.processors.unwrap_or(1)
    }

    /// How calls begin where agent.toml sets no rate. A server on this machine is not Google.
    #[must_use]
    pub fn start(&self) -> Start {
        let host = self.gemini_base_url.as_deref().and_then(|url| url::Url::parse(url).ok());
        match host.as_ref().and_then(url::Url::host_str) {
            Some("localhost" | "127.0.0.1" | "[::1]") => Start::AtOnce,
            _ => Start::Cautious,
        }
    }

    /// Whether this process runs on Lambda.
    #[must_use]
    pub fn on_lambda(&self) -> bool {
        self.lambda_function.is_some()
    }

    /// Gives the source called `name` this one secret, which a local run has generated.
    pub fn set_secret(&mut self, name: &str, secret: &str) {
        self.webhook_secrets.insert(secrets::key_of(name), Secrets(vec![secret.to_owned().into()]));
    }

    /// Checks that no two of these `sources`, nor one of them and callbacks, have a secret in common: what one sender
    /// signs, the other's route would take as another task.
    ///
    /// # Errors
    /// [`Mistakes`]: every pair, by the variables.
    pub fn check_apart<'s>(&self, sources: impl IntoIterator<Item = &'s str>) -> Result<(), Mistakes> {
        secrets::check_apart(self, sources)
    }

    /// The live secrets of the source called `name`. `None` when it has none: then no signature can be verified.
    #[must_use]
    pub fn secrets_for(&self, name: &str) -> Option<&Secrets> {
        self.webhook_secrets.get(&secrets::key_of(name))
    }
}
