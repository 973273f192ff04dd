//! The stand-ins by service: the one place of `dev` that names them.

use std::io;
use std::path::Path;
use std::pin::Pin;

use domain::Clock;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::jira::JiraStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;
use standins::{Builder, State};
use tokio::net::TcpListener;
use wiring::OutsideService;

use super::received::Since;
use crate::Failure;

/// A stand-in, whatever its service.
pub(super) struct Opened {
    /// Serves it.
    pub(super) serve: Serve,
    /// What it received.
    pub(super) received: Since,
}

/// Serves a stand-in until dropped.
pub(super) type Serve = Box<dyn FnOnce(TcpListener) -> Serving + Send>;

type Serving = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Opens a stand-in, which remembers what its journal holds if there is one.
type Open = fn(Clock, Option<&Path>) -> io::Result<Opened>;

const STANDINS: [(OutsideService, Open); 5] = [
    (OutsideService::Github, |clock, journal| open_by(GithubStandin::builder(), clock, journal)),
    (OutsideService::Slack, |clock, journal| open_by(SlackStandin::builder(), clock, journal)),
    (OutsideService::Zendesk, |clock, journal| open_by(ZendeskStandin::builder(), clock, journal)),
    (OutsideService::Jira, |clock, journal| open_by(JiraStandin::builder(), clock, journal)),
    (OutsideService::Stripe, |clock, journal| open_by(StripeStandin::builder(), clock, journal)),
];

/// The stand-in of `service`.
pub(super) fn open(service: OutsideService, clock: Clock, journal: Option<&Path>) -> Result<Opened, Failure> {
    let Some((_, open)) = STANDINS.iter().find(|(of, _)| *of == service) else {
        return Err(Failure::new(format!("{service} has no stand-in: {}", service.how())));
    };
    open(clock, journal)
        .map_err(|error| Failure::at(format!("what the stand-in for {service} remembers"), error))
}

/// The stand-in of the model.
pub(super) fn gemini(clock: Clock) -> Serve {
    let standin = GeminiStandin::builder().clock(clock).build();
    Box::new(move |listener| Box::pin(async move { standin.serve(listener).await }))
}

fn open_by<S: State + Default>(
    builder: Builder<S>,
    clock: Clock,
    journal: Option<&Path>,
) -> io::Result<Opened> {
    let builder = journal.into_iter().fold(builder.clock(clock), Builder::journal);
    let standin = builder.build()?;
    let heard = standin.clone();
    Ok(Opened {
        serve: Box::new(move |listener| Box::pin(async move { standin.serve(listener).await })),
        received: Box::new(move |from| heard.requests_since(from)),
    })
}
