//! [`OutsideService`]: the closed set of services that results go to. The enum is the index; each service's
//! row, and what is particular about it, is a file of its own.

use std::fmt;

use domain::{Clock, Target};
use outbound::{BuildError, Limit, Service};
use secrecy::SecretString;
use settings::{ApiAccess, Environment, Settings};
use webhook::Provider;

use crate::Client;

/// What is particular about one service. A new one is a file with one of these, and a line in
/// [`OutsideService`].
pub(crate) struct Row {
    /// Its names, as its client has them.
    pub(crate) service: &'static Service,
    /// What to do to give us credentials for it.
    pub(crate) how: &'static str,
    /// The sender whose events' threads live there; `None` for a service without threads.
    pub(crate) provider: Option<Provider>,
    /// The automations that act there, whatever the source of the event is.
    pub(crate) automations: &'static [&'static str],
    /// Whether it says of a thread that it is closed or takes nothing more.
    pub(crate) knows_state: bool,
    /// Whether its threads have labels.
    pub(crate) has_labels: bool,
    /// Whether its webhooks are lost if they fail, and it can be asked to send them again.
    pub(crate) redelivers: bool,
    /// Whether it is asked what people think of our comments.
    pub(crate) has_reactions: bool,
    /// Where it is reached; `None` when the environment has neither credentials for it nor the address of a
    /// server of one's own.
    pub(crate) address: fn(&Environment) -> Option<String>,
    /// Whether the environment has credentials for it. A server of one's own may need none.
    pub(crate) has_credentials: fn(&Environment) -> bool,
    /// Its client; `None` exactly when there is no address.
    pub(crate) client: fn(&Settings, &Environment, Clock) -> Built,
    /// Has the environment reach it at this address, with this token.
    pub(crate) redirect: fn(&mut Environment, &str, SecretString),
}

/// What becomes of the settings of a service.
pub(crate) type Built = Result<Option<Client>, BuildError>;

/// Writes the enum and its index from one list.
macro_rules! services {
    ($($(#[$doc:meta])* $variant:ident => $file:ident::$row:ident,)*) => {
        /// A service that results go to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum OutsideService { $($(#[$doc])* $variant,)* }

        impl OutsideService {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(crate) fn row(self) -> &'static Row {
                match self { $(Self::$variant => &crate::$file::$row,)* }
            }
        }
    };
}

services! {
    /// GitHub.
    Github => github::ROW,
    /// Slack.
    Slack => slack::ROW,
    /// Zendesk.
    Zendesk => zendesk::ROW,
    /// Jira.
    Jira => jira::ROW,
    /// Linear.
    Linear => linear::ROW,
    /// GitLab.
    Gitlab => gitlab::ROW,
    /// PagerDuty.
    Pagerduty => pagerduty::ROW,
    /// Sentry.
    Sentry => sentry::ROW,
    /// Stripe.
    Stripe => stripe::ROW,
}

impl OutsideService {
    /// The one that `target` belongs to; `None` when there is no client of that service.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        Self::find(|row| row.service.name == target.service())
    }

    /// The one in which the threads of `provider`'s events live, if we can answer there.
    #[must_use]
    pub fn of_threads(provider: Provider) -> Option<Self> {
        Self::find(|row| row.provider == Some(provider))
    }

    /// The one that the automation called `automation` acts at, if it does not only answer in threads.
    pub(crate) fn of_automation(automation: &str) -> Option<Self> {
        Self::find(|row| row.automations.contains(&automation))
    }

    fn find(is_it: impl Fn(&Row) -> bool) -> Option<Self> {
        Self::ALL.iter().copied().find(|service| is_it(service.row()))
    }

    /// The sender whose threads live there; `None` where there are none.
    #[must_use]
    pub fn provider(self) -> Option<Provider> {
        self.row().provider
    }

    /// The automations that act there, whatever the source of the event is.
    #[must_use]
    pub fn automations(self) -> &'static [&'static str] {
        self.row().automations
    }

    /// Whether it says of a thread that it is closed or takes nothing more.
    #[must_use]
    pub fn knows_state(self) -> bool {
        self.row().knows_state
    }

    /// Whether its webhooks are lost if they fail, and it can be asked to send them again.
    #[must_use]
    pub fn redelivers(self) -> bool {
        self.row().redelivers
    }

    /// Whether it is asked what people think of our comments.
    #[must_use]
    pub fn has_reactions(self) -> bool {
        self.row().has_reactions
    }

    /// Whether its threads have labels.
    #[must_use]
    pub fn has_labels(self) -> bool {
        self.row().has_labels
    }

    /// The longest text that it takes.
    #[must_use]
    pub fn longest_text(self) -> Limit {
        self.row().service.longest_text
    }

    /// In lower case, for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().service.name
    }

    /// As it calls itself.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().service.title
    }

    /// What to do to give us credentials for it.
    #[must_use]
    pub fn how(self) -> &'static str {
        self.row().how
    }

    /// Where `environment` has it reached; `None` when there are neither credentials for it nor the address
    /// of a server of one's own.
    #[must_use]
    pub fn address(self, environment: &Environment) -> Option<String> {
        (self.row().address)(environment)
    }

    /// Whether `environment` has credentials for it, or the address of a server of one's own.
    #[must_use]
    pub fn is_configured(self, environment: &Environment) -> bool {
        self.address(environment).is_some()
    }

    /// The variable that names its address where it is asked without credentials: a server of one's own may need none,
    /// and the service itself refuses. `None` when there are credentials, or no address.
    #[must_use]
    pub fn asked_without_credentials(self, environment: &Environment) -> Option<&'static str> {
        let is_asked = self.is_configured(environment) && !(self.row().has_credentials)(environment);
        is_asked.then_some(self.row().service.url_variable)
    }

    /// Its client; `None` when there is no address of it.
    ///
    /// # Errors
    /// [`BuildError`] when its settings cannot work.
    pub fn client(
        self,
        settings: &Settings,
        environment: &Environment,
        clock: Clock,
    ) -> Result<Option<Client>, BuildError> {
        (self.row().client)(settings, environment, clock)
    }

    /// Has `environment` reach it at the server with this `address`, which takes `token`: for a stand-in.
    pub fn redirect(self, environment: &mut Environment, address: &str, token: SecretString) {
        (self.row().redirect)(environment, address, token);
    }
}

impl fmt::Display for OutsideService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// The token of `access`, or one for a server of one's own.
pub(crate) fn token_of(access: &ApiAccess) -> SecretString {
    access.token.clone().unwrap_or_else(no_token)
}

/// Whether `access` has a token.
pub(crate) fn has_token(access: Option<&ApiAccess>) -> bool {
    access.is_some_and(|access| access.token.is_some())
}

/// Shown to a server of one's own, which may need no token.
pub(crate) fn no_token() -> SecretString {
    SecretString::from("none")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use webhook::{Parsed, Received, Sender};

    use super::*;

    fn distinct<T: Ord>(of: impl Fn(&Row) -> Vec<T>) -> bool {
        let all: Vec<T> = OutsideService::ALL.iter().flat_map(|service| of(service.row())).collect();
        let count = all.len();
        all.into_iter().collect::<BTreeSet<_>>().len() == count
    }

    #[test]
    fn no_two_services_share_a_name_a_sender_or_an_automation() {
        assert!(distinct(|row| vec![row.service.name]));
        assert!(distinct(|row| row.provider.iter().map(|provider| provider.name()).collect()));
        assert!(distinct(|row| row.automations.to_vec()));
    }

    #[test]
    fn a_sender_has_the_name_of_the_service_that_its_threads_live_in() {
        for provider in Provider::ALL {
            if let Some(service) = OutsideService::of_threads(*provider) {
                assert_eq!((service.name(), service.provider()), (provider.name(), Some(*provider)));
            }
        }
    }

    /// The targets of all sample events of a sender.
    fn targets(provider: Provider) -> Vec<Target> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/bodies").join(provider.name());
        let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
        let site = provider.row().site.map(|site| site.example.to_owned());
        let sender = Sender { site, ..Sender::of(provider) };
        let target = |file: std::fs::DirEntry| {
            let body = std::fs::read(file.path()).unwrap();
            let received = Received { event_hint: None, body: &body };
            match sender.parse(&received) {
                Ok(Parsed::Event(event)) => event.target,
                _ => None,
            }
        };
        files.filter_map(|file| target(file.unwrap())).collect()
    }

    #[test]
    fn every_sender_whose_events_name_a_thread_has_a_service_that_answers_there_and_no_other_has() {
        for provider in Provider::ALL {
            let targets = targets(*provider);
            let service = OutsideService::of_threads(*provider);
            assert_eq!(service.is_some(), !targets.is_empty(), "{}", provider.name());
            let row = provider.row();
            assert!(provider.is_mapped() || row.has_threads == service.is_some(), "{}", provider.name());
            for target in targets {
                assert_eq!(OutsideService::of(&target), service, "{}", provider.name());
            }
        }
    }

    #[test]
    fn an_address_without_credentials_is_told_from_a_service_that_knows_us() {
        let of_the_address = |service: OutsideService, more: &[(&'static str, &'static str)]| {
            let address = (service.row().service.url_variable, "http://127.0.0.1:9");
            let environment =
                Environment::from_map([address].into_iter().chain(more.iter().copied())).unwrap();
            service.asked_without_credentials(&environment)
        };
        for (service, variable, token) in [
            (OutsideService::Github, "GITHUB_API_URL", ("GITHUB_TOKEN", "ghp_x")),
            (OutsideService::Slack, "SLACK_API_URL", ("SLACK_BOT_TOKEN", "xoxb-1")),
            (OutsideService::Stripe, "STRIPE_API_URL", ("STRIPE_API_KEY", "rk_test_1")),
            (OutsideService::Gitlab, "GITLAB_API_URL", ("GITLAB_TOKEN", "glpat-1")),
            (OutsideService::Linear, "LINEAR_API_URL", ("LINEAR_API_KEY", "lin_api_1")),
            (OutsideService::Sentry, "SENTRY_API_URL", ("SENTRY_AUTH_TOKEN", "x")),
        ] {
            assert_eq!(of_the_address(service, &[]), Some(variable));
            assert_eq!(of_the_address(service, &[token]), None, "{service}");
        }
        for service in [OutsideService::Zendesk, OutsideService::Jira, OutsideService::Pagerduty] {
            assert_eq!(of_the_address(service, &[]), None, "{service} is not asked at all");
        }
    }

    #[test]
    fn a_service_that_was_redirected_is_configured_at_that_address_and_has_a_client() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = "[agent]\npersona = \"p.md\"\n[sources.github]\n";
        let settings = Settings::parse(text, dir.path()).unwrap();
        for service in OutsideService::ALL {
            let mut environment = Environment::default();
            assert_eq!(service.address(&environment), None, "{service}");
            service.redirect(&mut environment, "http://127.0.0.1:9", "standin".into());
            let address = service.address(&environment).unwrap();
            assert!(address.starts_with("http://127.0.0.1:9"), "{service}: {address}");
            assert_eq!(service.asked_without_credentials(&environment), None, "{service}");
            let others = OutsideService::ALL.iter().filter(|other| *other != service);
            assert_eq!(others.filter(|other| other.is_configured(&environment)).count(), 0, "{service}");
            let client = (service.row().client)(&settings, &environment, Clock::system()).unwrap().unwrap();
            assert_eq!(client.publisher().is_some(), service.provider().is_some(), "{service}");
            let labels = client.publisher().and_then(|publisher| publisher.labels());
            assert_eq!(labels.is_some(), service.has_labels(), "{service}");
            let redeliveries = client.publisher().and_then(|publisher| publisher.redeliveries());
            assert_eq!(redeliveries.is_some(), service.redelivers(), "{service}");
            let reactions = client.publisher().and_then(|publisher| publisher.reactions());
            assert_eq!(reactions.is_some(), service.has_reactions(), "{service}");
        }
    }
}
