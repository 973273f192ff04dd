//! The stand-ins by service: the one place that names them.

use std::io;
use std::path::Path;
use std::pin::Pin;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use domain::Clock;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::jira::JiraStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;
use standins::{Builder, ReceivedRequest, State};
use tokio::net::TcpListener;

use crate::Failure;

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

/// The requests from a number on, and the number to go on with.
pub(crate) type Since = Box<dyn Fn(u64) -> (u64, Vec<ReceivedRequest>) + Send + Sync>;

/// A stand-in that can be started.
#[derive(Debug)]
pub struct Standin {
    /// Its service's name.
    name: &'static str,
    /// What it answers, for `--help`.
    about: &'static str,
    /// Opens it. It remembers what its journal holds if there is one.
    open: fn(Clock, Option<&Path>) -> io::Result<Opened>,
}

static STANDINS: [Standin; 6] = [
    Standin { name: GEMINI, about: "Google's Gemini API", open: |clock, _| Ok(gemini(clock)) },
    Standin {
        name: "github",
        about: "GitHub's REST API, as far as issues and comments go",
        open: |clock, journal| open_by(GithubStandin::builder(), clock, journal),
    },
    Standin {
        name: "slack",
        about: "Slack's Web API, as far as messages and threads go; its base is `http://127.0.0.1:PORT/api`",
        open: |clock, journal| open_by(SlackStandin::builder(), clock, journal),
    },
    Standin {
        name: "zendesk",
        about: "Zendesk's Ticketing API, as far as comments and audits go",
        open: |clock, journal| open_by(ZendeskStandin::builder(), clock, journal),
    },
    Standin {
        name: "jira",
        about: "Jira Cloud's REST API, as far as comments go",
        open: |clock, journal| open_by(JiraStandin::builder(), clock, journal),
    },
    Standin {
        name: "stripe",
        about: "Stripe's API, as far as refunds go",
        open: |clock, journal| open_by(StripeStandin::builder(), clock, journal),
    },
];

/// The stand-in of the model.
pub(crate) const GEMINI: &str = "gemini";

impl Standin {
    /// The stand-in of the service called `name`.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        STANDINS.iter().find(|standin| standin.name == name)
    }

    /// Reads the name of one from the command line.
    pub(crate) fn parser() -> impl TypedValueParser<Value = &'static Self> {
        let names = STANDINS.iter().map(|standin| PossibleValue::new(standin.name).help(standin.about));
        PossibleValuesParser::new(names).try_map(|name| Self::named(&name).ok_or("no such stand-in"))
    }

    /// Opens it. It remembers what `journal` holds, if there is one.
    pub(crate) fn open(&self, clock: Clock, journal: Option<&Path>) -> Result<Opened, Failure> {
        let failed = |error| Failure::at(format!("what the stand-in for {} remembers", self.name), error);
        (self.open)(clock, journal).map_err(failed)
    }
}

fn gemini(clock: Clock) -> Opened {
    let standin = GeminiStandin::builder().clock(clock).build();
    Opened {
        serve: Box::new(move |listener| Box::pin(async move { standin.serve(listener).await })),
        received: Box::new(|from| (from, Vec::new())),
    }
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
