//! The console: a JSON API and a web page that show what tasks there are, what the model was asked and
//! said, and take the decisions of people.
//!
//! Every decision goes through [`domain::decide`], which lets the first one win: this crate checks
//! who asks and whether the request makes sense, and turns the outcome into HTTP.
//!
//! | file | does |
//! |-|-|
//! | `route` | the routes and who may use them |
//! | `auth`, `tokens`, `wrong_tokens` | bearer tokens: who is asking, and how often somebody guesses |
//! | `list`, `task`, `asked`, `transcript`, `payload` | reading |
//! | `deliveries` | the last webhooks |
//! | `versions` | the versions of the agent, and what each has brought |
//! | `decision` | approve, reject, retry |
//! | `correction` | what would have been right |
//! | `create` | tasks without a webhook |
//! | `endpoint`, `openapi` | the API's description, made of the very list that is served |
//! | `page` | the web page |
//! | `refusal` | the one match from error to status and body |

mod answer_size;
mod asked;
mod auth;
mod body;
#[cfg(feature = "lambda")]
mod compose;
mod correction;
mod create;
mod decision;
mod deliveries;
mod documents;
mod endpoint;
mod list;
mod log;
mod models;
mod openapi;
mod origin;
mod page;
mod payload;
mod refusal;
mod route;
mod task;
mod tokens;
mod transcript;
mod versions;
mod wrong_tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Clock, Stores};
use edge::Invocation;
use http::Request;
use settings::{ApiSettings, Settings};
use telemetry::Metrics;
use webhook::Sender;

use page::{Counts, Ended, Reasons, Recent, RecentDecisions};

#[cfg(feature = "lambda")]
pub use compose::compose;
pub use deliveries::OUTCOMES;
pub use page::{missing_pages, plain_notes, usd};
pub use route::{router, routes};
pub use tokens::{ReadTokens, TokenSource};

/// Everything that the API and the page need.
pub struct Console {
    stores: Stores,
    tokens: TokenSource,
    clock: Clock,
    /// Where results of `POST /tasks` may go.
    api: ApiSettings,
    /// The models whose state the overview shows, and where that is kept.
    models: Vec<(String, String)>,
    /// The intents of agent.toml.
    intents: Vec<String>,
    /// The senders of agent.toml, by source: what their events say is read again for people.
    senders: BTreeMap<String, Sender>,
    counts: Recent<Counts>,
    ended: Recent<Ended>,
    /// A task of the API is accepted like a webhook's.
    metrics: Metrics,
    unheard: Recent<Reasons>,
    recent_decisions: Recent<RecentDecisions>,
    /// The services that are stand-ins, in words; empty where there are none.
    stand_ins: Arc<str>,
    /// Those that are asked at addresses of this machine, likewise.
    addresses_here: Arc<str>,
    /// Requests so far: their ids where Lambda gives them none.
    requests: AtomicU64,
}

impl Console {
    /// A console over `stores` for the holders of `tokens`.
    #[must_use]
    pub fn new(stores: Stores, tokens: TokenSource, clock: Clock) -> Self {
        Self {
            stores,
            tokens,
            clock,
            api: ApiSettings::default(),
            models: Vec::new(),
            intents: Vec::new(),
            senders: BTreeMap::new(),
            counts: Recent::default(),
            ended: Recent::default(),
            metrics: Metrics::none(),
            unheard: Recent::default(),
            recent_decisions: Recent::default(),
            stand_ins: "".into(),
            addresses_here: "".into(),
            requests: AtomicU64::new(0),
        }
    }

    /// The same with what agent.toml says: models and sources that the page knows, and `POST /tasks`.
    #[must_use]
    pub fn with_settings(mut self, settings: &Settings) -> Self {
        self.models = prices::model_items(&settings.models.in_use(), &settings.models.endpoints);
        let senders = settings.sources.iter().map(|(name, source)| (name.clone(), source.sender.clone()));
        self.senders = senders.collect();
        self.intents = settings.intents.iter().map(|intent| intent.name.clone()).collect();
        self.api = settings.api.clone();
        self
    }

    /// The same where these services are stand-ins: every page says so.
    #[must_use]
    pub fn with_stand_ins(self, services: &[&str]) -> Self {
        Self { stand_ins: services.join(", ").into(), ..self }
    }

    /// The same where services are asked at addresses of this machine, which are not their own: every page says so.
    #[must_use]
    pub fn with_addresses_here(self, services: &[&str]) -> Self {
        Self { addresses_here: services.join(", ").into(), ..self }
    }

    /// The same, with its figures written to `metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The same with these rules for `POST /tasks`.
    #[must_use]
    pub fn with_api(self, api: ApiSettings) -> Self {
        Self { api, ..self }
    }

    /// The sources that lists can be filtered by.
    fn sources(&self) -> impl Iterator<Item = &str> {
        self.senders.keys().map(String::as_str)
    }

    /// The ids of `request`. Its own is one that no other request has, and never one that the caller
    /// chose, who could pass two requests off as one.
    fn invocation<B>(&self, request: &Request<B>) -> Invocation {
        Invocation::of(request).unwrap_or_else(|| {
            let request_id = format!("local-{}", self.requests.fetch_add(1, Ordering::Relaxed));
            Invocation { request_id, trace_id: None }
        })
    }
}
