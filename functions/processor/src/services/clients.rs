//! From the environment to the clients of all services that are configured.

use std::sync::Arc;

use domain::{Clock, Publisher};
use github::Github;
use jira::Jira;
use secrecy::SecretString;
use settings::{Environment, GithubCredentials, Settings, ZendeskCredentials};
use stripe::Stripe;
use webhook::Provider;
use wiring::NO_TOKEN;
use zendesk::Zendesk;

use super::calls::calls;
use super::needs::{OutsideService, needs};
use crate::Services;

/// A service that agent.toml needs and that nothing is known of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service}: {needed_by} needs it, and there are no credentials: {}", .service.how())]
pub struct MissingCredential {
    /// The service.
    pub service: OutsideService,
    /// What in agent.toml needs it.
    pub needed_by: String,
}

/// Why there are not all clients that are needed. Never carries any part of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// Credentials are missing, all of these.
    #[error("{}", lines(.0))]
    Missing(Vec<MissingCredential>),
    /// Calls of `[automations.http]` cannot be made, all of these.
    #[error("{}", .0.join("\n"))]
    Calls(Vec<String>),
    /// The settings of GitHub cannot work.
    #[error("GitHub: {0}")]
    Github(#[from] github::BuildError),
    /// The settings of another service cannot work.
    #[error("{0}: {1}")]
    Other(OutsideService, slack::BuildError),
}

fn lines(missing: &[MissingCredential]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A client for every service that `environment` has credentials for.
///
/// # Errors
/// [`ServicesError`]: a service without credentials is an error only when `settings` needs it.
pub fn services(
    settings: &Settings,
    environment: &Environment,
    clock: &Clock,
) -> Result<Services, ServicesError> {
    let other = |service| move |error| ServicesError::Other(service, error);
    let services = Services {
        github: github(settings, environment, clock)?.map(|github| github as Arc<dyn Publisher>),
        slack: wiring::slack(environment, clock.clone()).map_err(other(OutsideService::Slack))?,
        zendesk: zendesk(environment, clock).transpose().map_err(other(OutsideService::Zendesk))?,
        jira: jira(environment, clock).transpose().map_err(other(OutsideService::Jira))?,
        stripe: stripe(environment, clock).transpose().map_err(other(OutsideService::Stripe))?,
        calls: calls(settings, environment, clock).map_err(ServicesError::Calls)?,
        api_secrets: environment.secrets_for(Provider::Api.name()).cloned().unwrap_or_default(),
    };
    let missing: Vec<MissingCredential> = needs(settings)
        .into_iter()
        .filter(|(service, _)| !services.has(*service))
        .map(|(service, needed_by)| MissingCredential { service, needed_by })
        .collect();
    if missing.is_empty() { Ok(services) } else { Err(ServicesError::Missing(missing)) }
}

impl Services {
    /// Whether there is a client of `service`.
    #[must_use]
    pub fn has(&self, service: OutsideService) -> bool {
        match service {
            OutsideService::Github => self.github.is_some(),
            OutsideService::Slack => self.slack.is_some(),
            OutsideService::Zendesk => self.zendesk.is_some(),
            OutsideService::Jira => self.jira.is_some(),
            OutsideService::Stripe => self.stripe.is_some(),
        }
    }
}

/// The client of GitHub; `None` without credentials and without an address of one's own.
fn github(
    settings: &Settings,
    environment: &Environment,
    clock: &Clock,
) -> Result<Option<Arc<Github>>, github::BuildError> {
    let Some(credentials) = github_credentials(environment) else { return Ok(None) };
    let mut config = github::Config::default();
    if let Some(url) = &environment.github_api_url {
        config.base_url.clone_from(url);
    }
    // One account answers; sources of other services have accounts of their own.
    let mut sources = settings.sources.values();
    config.login = sources.find_map(|source| {
        source.filter.login.clone().filter(|_| source.sender.provider == Provider::Github)
    });
    Ok(Some(Arc::new(Github::new(credentials, &config, clock.clone())?)))
}

fn github_credentials(environment: &Environment) -> Option<github::Credentials> {
    match &environment.github {
        Some(GithubCredentials::Token(token)) => Some(github::Credentials::Token(token.clone())),
        Some(GithubCredentials::App { id, private_key }) => {
            Some(github::Credentials::App { id: id.clone(), private_key: private_key.clone() })
        }
        None => environment
            .github_api_url
            .as_ref()
            .map(|_| github::Credentials::Token(SecretString::from(NO_TOKEN))),
    }
}

fn token(token: Option<&SecretString>, url: Option<&String>) -> Option<SecretString> {
    token.cloned().or_else(|| url.map(|_| SecretString::from(NO_TOKEN)))
}

type Built<T> = Option<Result<Arc<T>, slack::BuildError>>;

fn zendesk(environment: &Environment, clock: &Clock) -> Built<Zendesk> {
    let access = environment.zendesk.as_ref()?;
    let credentials = match &access.credentials {
        ZendeskCredentials::ApiToken { email, token } => {
            zendesk::Credentials::ApiToken { email: email.clone(), token: token.clone() }
        }
        ZendeskCredentials::Oauth(token) => zendesk::Credentials::Oauth(token.clone()),
    };
    let config = zendesk::Config::at(&access.url);
    Some(Zendesk::new(&credentials, &config, clock.clone()).map(Arc::new))
}

fn jira(environment: &Environment, clock: &Clock) -> Built<Jira> {
    let access = environment.jira.as_ref()?;
    let config = jira::Config::at(&access.url);
    Some(Jira::new(&access.email, &access.token, &config, clock.clone()).map(Arc::new))
}

fn stripe(environment: &Environment, clock: &Clock) -> Built<Stripe> {
    let key = token(environment.stripe_api_key.as_ref(), environment.stripe_api_url.as_ref())?;
    let mut config = stripe::default_config();
    if let Some(url) = &environment.stripe_api_url {
        config.base_url.clone_from(url);
    }
    Some(Stripe::new(&key, &config, clock.clone()).map(Arc::new))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn built(toml: &str, variables: &[(&str, &str)]) -> Result<Services, ServicesError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\nname = \"a\"\npersona = \"p.md\"\n{toml}");
        let settings = Settings::parse(&text, dir.path()).unwrap();
        let environment = Environment::from_map(variables.iter().copied()).unwrap();
        services(&settings, &environment, &Clock::system())
    }

    #[test]
    fn every_missing_credential_is_named_at_once_with_what_needs_it() {
        let toml = "[sources.slack]\n[sources.jira]\nhost = \"acme.atlassian.net\"\n[sources.stripe]\n\
                    [[intents]]\nname = \"x\"\nwhen = \"x\"\nautomation = \"refund_request\"";
        let Err(ServicesError::Missing(missing)) = built(toml, &[]) else { panic!("nothing is missing") };
        let named: Vec<_> = missing.iter().map(|it| (it.service, it.needed_by.as_str())).collect();
        assert_eq!(
            named,
            [
                (OutsideService::Slack, "[sources.slack]"),
                (OutsideService::Jira, "[sources.jira]"),
                (OutsideService::Stripe, "the automation `refund_request`")
            ]
        );
        let told = ServicesError::Missing(missing).to_string();
        assert_eq!(told.lines().count(), 3);
        for variable in ["SLACK_BOT_TOKEN", "JIRA_API_TOKEN", "STRIPE_API_KEY"] {
            assert!(told.contains(variable), "{told}");
        }
    }

    #[test]
    fn senders_that_nobody_can_answer_need_no_credentials() {
        let built = built("[sources.stripe]\n[sources.pagerduty]\n[sources.zendesk]", &[]).unwrap();
        assert!(OutsideService::ALL.iter().all(|service| !built.has(*service)));
    }

    #[test]
    fn every_service_with_credentials_has_a_client() {
        let variables = [
            ("GITHUB_TOKEN", "t"),
            ("SLACK_BOT_TOKEN", "xoxb-t"),
            ("ZENDESK_SUBDOMAIN", "acme"),
            ("ZENDESK_OAUTH_TOKEN", "t"),
            ("JIRA_API_URL", "https://acme.atlassian.net"),
            ("JIRA_EMAIL", "a@example.com"),
            ("JIRA_API_TOKEN", "t"),
            ("STRIPE_API_KEY", "rk_test_1"),
        ];
        let built = built("[sources.github]", &variables).unwrap();
        for service in OutsideService::ALL {
            assert!(built.has(service), "{service}");
            assert_eq!(built.publisher(service).is_some(), service.provider().is_some(), "{service}");
        }
    }

    #[test]
    fn a_server_of_ones_own_needs_no_token() {
        let variables = [
            ("GITHUB_API_URL", "http://127.0.0.1:9"),
            ("SLACK_API_URL", "http://127.0.0.1:9/api"),
            ("STRIPE_API_URL", "http://127.0.0.1:9"),
        ];
        let built = built("[sources.github]", &variables).unwrap();
        for service in [OutsideService::Github, OutsideService::Slack, OutsideService::Stripe] {
            assert!(built.has(service), "{service}");
        }
    }
}
