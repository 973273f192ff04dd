//! Environment variables.

use std::collections::BTreeMap;

use secrecy::SecretString;
use webhook::Secrets;

/// What the environment says; on Lambda the two Secrets Manager secrets are merged in.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `GEMINI_API_KEY`.
    pub gemini_api_key: Option<SecretString>,
    /// `GEMINI_BASE_URL`.
    pub gemini_base_url: Option<String>,
    /// `<SOURCE>_WEBHOOK_SECRET` (Slack: `SLACK_SIGNING_SECRET`), by source name.
    pub webhook_secrets: BTreeMap<String, Secrets>,
    /// `GITHUB_TOKEN`, or `GITHUB_APP_ID` and `GITHUB_APP_PRIVATE_KEY`.
    pub github: Option<GithubCredentials>,
    /// `GITHUB_API_URL`.
    pub github_api_url: Option<String>,
    /// `CONSOLE_TOKEN`.
    pub console_tokens: Vec<ConsoleToken>,
    /// `CONSOLE_URL`.
    pub console_url: Option<String>,
    /// `TASKS_TABLE` and the like.
    pub aws: Option<AwsResources>,
}

/// How we show GitHub who we are.
#[derive(Debug, Clone)]
pub enum GithubCredentials {
    /// A personal access token.
    Token(SecretString),
    /// An app.
    App {
        /// Its id.
        id: String,
        /// Its key, PEM.
        private_key: SecretString,
    },
}

/// A line of `CONSOLE_TOKEN`.
#[derive(Debug, Clone)]
pub struct ConsoleToken {
    /// Who uses it.
    pub name: String,
    /// The token.
    pub token: SecretString,
}

/// Names of the AWS resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsResources {
    /// `TASKS_TABLE`.
    pub tasks_table: String,
    /// `STATE_TABLE`.
    pub state_table: String,
    /// `QUEUE_URL_EXPRESS`.
    pub queue_url_express: String,
    /// `QUEUE_URL_STANDARD`.
    pub queue_url_standard: String,
    /// `QUEUE_URL_BULK`.
    pub queue_url_bulk: String,
    /// `PAYLOAD_BUCKET`.
    pub payload_bucket: String,
}
