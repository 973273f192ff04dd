//! The console's JSON API: what tasks there are, what the model was asked and said, and the
//! decisions of people.
//!
//! Every decision goes through [`domain::decide`], which lets the first one win: this crate checks
//! who asks and whether the request makes sense, and turns the outcome into HTTP.
//!
//! | file | does |
//! |-|-|
//! | `route` | the routes and who may use them |
//! | `auth`, `tokens` | bearer tokens: who is asking |
//! | `list`, `task`, `transcript`, `payload` | reading |
//! | `decision` | approve, reject, retry |
//! | `create` | tasks without a webhook |
//! | `refusal` | the one match from error to status and body |

mod auth;
mod body;
mod create;
mod decision;
mod invocation;
mod list;
mod log;
mod origin;
mod payload;
mod problem;
mod refusal;
mod route;
mod task;
mod tokens;
mod transcript;
#[cfg(feature = "lambda")]
mod wire;

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Clock, Stores};
use http::Request;
use settings::ApiSettings;

use invocation::Invocation;

pub use route::{router, routes};
pub use tokens::{ReadTokens, TokenSource};
#[cfg(feature = "lambda")]
pub use wire::wire;

/// Everything that the API needs.
pub struct Console {
    stores: Stores,
    tokens: TokenSource,
    clock: Clock,
    /// Where results of `POST /tasks` may go.
    api: ApiSettings,
    /// Requests so far: their ids where Lambda gives them none.
    requests: AtomicU64,
}

impl Console {
    /// A console over `stores` for the holders of `tokens`.
    #[must_use]
    pub fn new(stores: Stores, tokens: TokenSource, clock: Clock) -> Self {
        Self { stores, tokens, clock, api: ApiSettings::default(), requests: AtomicU64::new(0) }
    }

    /// The same with what agent.toml says about `POST /tasks`.
    #[must_use]
    pub fn with_api(self, api: ApiSettings) -> Self {
        Self { api, ..self }
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
