//! Starting the stand-ins.

use std::io;
use std::path::{Path, PathBuf};

use domain::Clock;
use processor::OutsideService;
use settings::{Environment, GithubCredentials, JiraAccess, ZendeskAccess, ZendeskCredentials};
use tokio::task::JoinSet;

use super::{Received, Service, apart};
use crate::Failure;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::jira::JiraStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;
use standins::{Standin, State};

const GEMINI_HINT: &str = "set GEMINI_API_KEY for the real one";
/// The credential of every stand-in.
const TOKEN: &str = "standin";

/// What stand-ins are started in.
pub(super) struct Around<'w> {
    pub(super) environment: &'w mut Environment,
    pub(super) data_dir: Option<&'w Path>,
    pub(super) clock: &'w Clock,
    pub(super) tasks: &'w mut JoinSet<()>,
    pub(super) received: Received,
}

impl Around<'_> {
    /// The model: the real one if there is a key or an address.
    pub(super) fn gemini(&mut self) -> Result<Service, Failure> {
        let (name, hint) = ("Gemini", GEMINI_HINT.to_owned());
        if self.environment.gemini_api_key.is_some() || self.environment.gemini_base_url.is_some() {
            let address = self.environment.gemini_base_url.clone();
            let address = address.unwrap_or_else(|| gemini::DEFAULT_BASE_URL.to_owned());
            return Ok(Service { name, standin: false, address, hint });
        }
        let (listener, address) = apart::listen()?;
        let standin = GeminiStandin::builder().clock(self.clock.clone()).build();
        apart::serve(name, listener, self.tasks, |listener| async move { standin.serve(listener).await })?;
        self.environment.gemini_base_url = Some(address.clone());
        self.environment.gemini_api_key = Some(TOKEN.to_owned().into());
        Ok(Service { name, standin: true, address, hint })
    }

    /// Starts the stand-in of `service` and points the environment at it. Returns its address.
    pub(super) fn start(&mut self, service: OutsideService) -> Result<String, Failure> {
        let (clock, journal) = (self.clock.clone(), self.journal(service));
        let failed =
            |error: io::Error| Failure::at(format!("what the stand-in for {service} remembers"), error);
        let token = || TOKEN.to_owned().into();
        match service {
            OutsideService::Github => {
                let builder = GithubStandin::builder().clock(clock);
                let builder = journal.into_iter().fold(builder, |builder, path| builder.journal(path));
                let address = self.serve(service, builder.build().map_err(failed)?)?;
                self.environment.github_api_url = Some(address.clone());
                self.environment.github = Some(GithubCredentials::Token(token()));
                Ok(address)
            }
            OutsideService::Slack => {
                let builder = SlackStandin::builder().clock(clock);
                let builder = journal.into_iter().fold(builder, |builder, path| builder.journal(path));
                let address = self.serve(service, builder.build().map_err(failed)?)?;
                self.environment.slack_api_url = Some(format!("{address}/api"));
                self.environment.slack_bot_token = Some(token());
                Ok(address)
            }
            OutsideService::Zendesk => {
                let standin = remembering(journal, |path| ZendeskStandin::open(clock, path));
                let address = self.serve(service, standin.map_err(failed)?)?;
                let credentials = ZendeskCredentials::Oauth(token());
                self.environment.zendesk = Some(ZendeskAccess { url: address.clone(), credentials });
                Ok(address)
            }
            OutsideService::Jira => {
                let standin = remembering(journal, |path| JiraStandin::open(clock, path));
                let address = self.serve(service, standin.map_err(failed)?)?;
                let (url, email) = (address.clone(), "afterhook@example.com".to_owned());
                self.environment.jira = Some(JiraAccess { url, email, token: token() });
                Ok(address)
            }
            OutsideService::Stripe => {
                let standin = remembering(journal, |path| StripeStandin::open(clock, path));
                let address = self.serve(service, standin.map_err(failed)?)?;
                self.environment.stripe_api_url = Some(address.clone());
                self.environment.stripe_api_key = Some(token());
                Ok(address)
            }
        }
    }

    /// Serves a stand-in, and listens to what it receives. Returns its address.
    fn serve<S: State>(&mut self, service: OutsideService, standin: Standin<S>) -> Result<String, Failure> {
        let (listener, address) = apart::listen()?;
        let heard = standin.clone();
        self.received.add(service.title(), move |from| heard.requests_since(from));
        let serve = |listener| async move { standin.serve(listener).await };
        apart::serve(service.title(), listener, self.tasks, serve)?;
        Ok(address)
    }

    fn journal(&self, service: OutsideService) -> Option<PathBuf> {
        self.data_dir.map(|dir| dir.join(format!("{}.jsonl", service.name())))
    }
}

/// The stand-in that remembers what its journal holds, if there is one.
fn remembering<S: Default>(
    journal: Option<PathBuf>,
    open: impl FnOnce(&Path) -> io::Result<S>,
) -> io::Result<S> {
    journal.map_or_else(|| Ok(S::default()), |path| open(&path))
}
