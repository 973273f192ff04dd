//! Which services agent.toml makes necessary, and what each of them is reached with.

use std::collections::BTreeMap;
use std::fmt;

use domain::Target;
use settings::{Environment, Settings};
use webhook::Provider;

/// A service that results go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutsideService {
    /// GitHub.
    Github,
    /// Slack.
    Slack,
    /// Zendesk.
    Zendesk,
    /// Jira.
    Jira,
    /// Stripe.
    Stripe,
}

/// Automations that act at a service whatever the source of the event is.
const AUTOMATIONS: [(&str, OutsideService); 2] =
    [("refund_request", OutsideService::Stripe), ("summarise", OutsideService::Slack)];

impl OutsideService {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Github, Self::Slack, Self::Zendesk, Self::Jira, Self::Stripe];

    /// The one that `target` belongs to.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        match target {
            Target::GithubIssue { .. } | Target::GithubDiscussion { .. } => Self::Github,
            Target::SlackThread { .. } => Self::Slack,
            Target::ZendeskTicket { .. } => Self::Zendesk,
            Target::JiraIssue { .. } => Self::Jira,
        }
    }

    /// The one in which the threads of `provider`'s events live, if we can answer there.
    #[must_use]
    pub fn of_threads(provider: Provider) -> Option<Self> {
        match provider {
            Provider::Github => Some(Self::Github),
            Provider::Slack => Some(Self::Slack),
            Provider::Zendesk => Some(Self::Zendesk),
            Provider::Jira => Some(Self::Jira),
            Provider::Gitlab
            | Provider::Linear
            | Provider::Pagerduty
            | Provider::Sentry
            | Provider::Shopify
            | Provider::Stripe
            | Provider::StandardWebhooks
            | Provider::Svix
            | Provider::Custom
            | Provider::Api => None,
        }
    }

    /// The sender whose threads live there; `None` where there are none.
    #[must_use]
    pub fn provider(self) -> Option<Provider> {
        match self {
            Self::Github => Some(Provider::Github),
            Self::Slack => Some(Provider::Slack),
            Self::Zendesk => Some(Provider::Zendesk),
            Self::Jira => Some(Provider::Jira),
            Self::Stripe => None,
        }
    }

    /// In lower case, for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Slack => "slack",
            Self::Zendesk => "zendesk",
            Self::Jira => "jira",
            Self::Stripe => "stripe",
        }
    }

    /// As it calls itself.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Slack => "Slack",
            Self::Zendesk => "Zendesk",
            Self::Jira => "Jira",
            Self::Stripe => "Stripe",
        }
    }

    /// Whether `environment` has credentials for it, or the address of a server of one's own.
    #[must_use]
    pub fn is_configured(self, environment: &Environment) -> bool {
        match self {
            Self::Github => environment.github.is_some() || environment.github_api_url.is_some(),
            Self::Slack => environment.slack_bot_token.is_some() || environment.slack_api_url.is_some(),
            Self::Zendesk => environment.zendesk.is_some(),
            Self::Jira => environment.jira.is_some(),
            Self::Stripe => environment.stripe_api_key.is_some() || environment.stripe_api_url.is_some(),
        }
    }

    /// How to give us credentials for it.
    #[must_use]
    pub fn how(self) -> &'static str {
        match self {
            Self::Github => {
                "set GITHUB_TOKEN to a token that may write comments, or GITHUB_APP_ID and \
                 GITHUB_APP_PRIVATE_KEY"
            }
            Self::Slack => "set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…)",
            Self::Zendesk => {
                "set ZENDESK_SUBDOMAIN, and ZENDESK_EMAIL with ZENDESK_API_TOKEN, or ZENDESK_OAUTH_TOKEN"
            }
            Self::Jira => "set JIRA_API_URL, JIRA_EMAIL and JIRA_API_TOKEN",
            Self::Stripe => "set STRIPE_API_KEY to a restricted key (rk_…) with write access to Refunds",
        }
    }
}

impl fmt::Display for OutsideService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// The services that `settings` cannot do without, and what in it makes each of them necessary: answers
/// go to the threads of a source, and some automations act somewhere of their own.
#[must_use]
pub fn needs(settings: &Settings) -> BTreeMap<OutsideService, String> {
    let mut needs = BTreeMap::new();
    for (name, source) in &settings.sources {
        // Without the site that its threads live on, its events have no place to answer in.
        let is_placed = source.sender.provider.site().is_none() || source.sender.site.is_some();
        if let Some(service) = OutsideService::of_threads(source.sender.provider).filter(|_| is_placed) {
            needs.entry(service).or_insert_with(|| format!("[sources.{name}]"));
        }
    }
    let used = settings.intents.iter().map(|intent| intent.automation.as_str());
    for automation in used.chain([settings.agent.default_automation.as_str()]) {
        if let Some((_, service)) = AUTOMATIONS.iter().find(|(name, _)| *name == automation) {
            needs.entry(*service).or_insert_with(|| format!("the automation `{automation}`"));
        }
    }
    needs
}
