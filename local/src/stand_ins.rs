//! The stand-ins by service: the one place that names them.

use std::io;
use std::path::Path;
use std::pin::Pin;

use domain::Clock;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::gitlab::GitlabStandin;
use standins::jira::JiraStandin;
use standins::linear::LinearStandin;
use standins::pagerduty::PagerdutyStandin;
use standins::sentry::SentryStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;
use standins::{Builder, ReceivedRequest, Standin, State};
use tokio::net::TcpListener;
use wiring::OutsideService;

use crate::Failure;

/// The requests from a number on, and the number to go on with.
pub(crate) type Since = Box<dyn Fn(u64) -> (u64, Vec<ReceivedRequest>) + Send + Sync>;

/// A stand-in, whatever its service.
pub(crate) struct Opened {
    /// Serves it.
    pub(crate) serve: Serve,
    /// What it received.
    pub(crate) received: Since,
}

/// Serves a stand-in until dropped.
pub(crate) type Serve = Box<dyn FnOnce(TcpListener) -> Serving + Send>;

type Serving = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Opens a stand-in, which remembers what its journal holds if there is one.
type Open = fn(Clock, Option<&Path>) -> io::Result<Opened>;

const STANDINS: &[(OutsideService, Open)] = &[
    (OutsideService::Github, |clock, journal| open_by(GithubStandin::builder(), clock, journal)),
    (OutsideService::Slack, |clock, journal| open_by(SlackStandin::builder(), clock, journal)),
    (OutsideService::Zendesk, |clock, journal| open_by(ZendeskStandin::builder(), clock, journal)),
    (OutsideService::Jira, |clock, journal| open_by(JiraStandin::builder(), clock, journal)),
    (OutsideService::Linear, |clock, journal| open_by(LinearStandin::builder(), clock, journal)),
    (OutsideService::Gitlab, |clock, journal| open_by(GitlabStandin::builder(), clock, journal)),
    (OutsideService::Pagerduty, |clock, journal| open_by(PagerdutyStandin::builder(), clock, journal)),
    (OutsideService::Sentry, |clock, journal| open_by(SentryStandin::builder(), clock, journal)),
    (OutsideService::Stripe, |clock, journal| open_by(StripeStandin::builder(), clock, journal)),
];

/// What `afterhook standin` takes for the model; the others are called like their services.
const GEMINI: &str = "gemini";

/// The names of all stand-ins.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    [GEMINI].into_iter().chain(STANDINS.iter().map(|(service, _)| service.name()))
}

/// Serves the stand-in called `name`, which forgets everything with the process.
pub(crate) fn named(name: &str) -> Result<Serve, Failure> {
    if name == GEMINI {
        return Ok(gemini(Clock::system()));
    }
    let service = OutsideService::ALL.iter().copied().find(|service| service.name() == name);
    let service = service.ok_or_else(|| Failure::new(format!("there is no stand-in called {name}")))?;
    Ok(open(service, Clock::system(), None)?.serve)
}

/// The stand-in of `service`.
pub(crate) fn open(service: OutsideService, clock: Clock, journal: Option<&Path>) -> Result<Opened, Failure> {
    let Some((_, open)) = STANDINS.iter().find(|(of, _)| *of == service) else {
        return Err(Failure::new(format!("{service} has no stand-in: {}", service.how())));
    };
    open(clock, journal)
        .map_err(|error| Failure::at(format!("what the stand-in for {service} remembers"), error))
}

/// The stand-in of the model.
pub(crate) fn gemini(clock: Clock) -> Serve {
    serve_gemini(GeminiStandin::builder().clock(clock).build())
}

/// Serves this one.
pub(crate) fn serve_gemini(standin: GeminiStandin) -> Serve {
    Box::new(move |listener| Box::pin(async move { standin.serve(listener).await }))
}

fn open_by<S: State + Default>(
    builder: Builder<S>,
    clock: Clock,
    journal: Option<&Path>,
) -> io::Result<Opened> {
    let builder = journal.into_iter().fold(builder.clock(clock), Builder::journal);
    Ok(opened(builder.build()?))
}

/// This one, whatever its service.
pub(crate) fn opened<S: State>(standin: Standin<S>) -> Opened {
    let heard = standin.clone();
    Opened {
        serve: Box::new(move |listener| Box::pin(async move { standin.serve(listener).await })),
        received: Box::new(move |from| heard.requests_since(from)),
    }
}
