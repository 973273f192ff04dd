//! The stand-ins by service: the one place of `dev` that names them.

use std::io;
use std::path::Path;

use domain::Clock;
use futures::future::{BoxFuture, FutureExt};
use tokio::net::TcpListener;
use wiring::OutsideService;

use super::received::Since;
use crate::Failure;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::jira::JiraStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;
use standins::{Standin, State};

/// A stand-in, whatever its service.
pub(super) struct Opened {
    /// Serves it.
    pub(super) serve: Serve,
    /// What it received.
    pub(super) received: Since,
}

/// Serves a stand-in until dropped.
pub(super) type Serve = Box<dyn FnOnce(TcpListener) -> BoxFuture<'static, io::Result<()>> + Send>;

/// Opens a stand-in, which remembers what its journal holds if there is one.
type Open = fn(Clock, Option<&Path>) -> io::Result<Opened>;

const STANDINS: [(OutsideService, Open); 5] = [
    (OutsideService::Github, |clock, journal| {
        let builder = GithubStandin::builder().clock(clock);
        let builder = journal.into_iter().fold(builder, |builder, path| builder.journal(path));
        builder.build().map(opened)
    }),
    (OutsideService::Slack, |clock, journal| {
        let builder = SlackStandin::builder().clock(clock);
        let builder = journal.into_iter().fold(builder, |builder, path| builder.journal(path));
        builder.build().map(opened)
    }),
    (OutsideService::Zendesk, |clock, journal| {
        remembering(journal, |path| ZendeskStandin::open(clock, path))
    }),
    (OutsideService::Jira, |clock, journal| remembering(journal, |path| JiraStandin::open(clock, path))),
    (OutsideService::Stripe, |clock, journal| remembering(journal, |path| StripeStandin::open(clock, path))),
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
    Box::new(move |listener| async move { standin.serve(listener).await }.boxed())
}

/// The stand-in that remembers what its journal holds, if there is one.
fn remembering<S: State>(
    journal: Option<&Path>,
    open: impl FnOnce(&Path) -> io::Result<Standin<S>>,
) -> io::Result<Opened>
where
    Standin<S>: Default,
{
    journal.map_or_else(|| Ok(Standin::default()), open).map(opened)
}

fn opened<S: State>(standin: Standin<S>) -> Opened {
    let heard = standin.clone();
    Opened {
        serve: Box::new(move |listener| async move { standin.serve(listener).await }.boxed()),
        received: Box::new(move |from| heard.requests_since(from)),
    }
}
