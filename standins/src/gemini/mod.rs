//! The stand-in for the Gemini Developer API, and for the same models on Vertex AI (`vertex.rs`).
//!
//! It speaks the wire format of `v1` and `v1beta` faithfully enough for Google's own SDKs, as far as
//! this project calls: content generation (unary and streamed), structured output, token counts, models
//! and context caches, with Google's errors and headers.
//!
//! It understands nothing. A text is canned, by the words of the question (`intent.rs`), and
//! says so; JSON is an instance of the schema (`schema.rs`). The same question gets the same answer, and
//! text inside prompts is only ever quoted or searched for words.

mod answer;
mod builder;
mod caches;
mod errors;
mod faults;
mod generate;
mod intent;
mod log;
mod models;
mod question;
mod request;
mod respond;
mod router;
mod schema;
mod shared;
mod spelling;
mod stream;
mod tokens;
mod vertex;

#[cfg(test)]
mod tests;

pub use builder::{Builder, Latency, Script, Scripted};
pub use caches::CacheStorage;
pub use faults::{Fault, FaultRule, Refusal, Throttle};
pub use log::{Billed, Counters, ReceivedRequest};

use axum::Router;
use axum::serve::ListenerExt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

use crate::kit::lock;
use shared::Shared;

/// The stand-in for Gemini: a cheap handle, all clones of which share one state.
///
/// ```
/// use standins::gemini::{Fault, FaultRule, GeminiStandin};
///
/// let gemini = GeminiStandin::builder()
///     .quota_of("gemini-pro-latest", 10)
///     .fault(FaultRule::always(Fault::Status(503)).on("gemini-flash-latest").first(3))
///     .build();
/// let router = gemini.router();
/// assert_eq!(gemini.counters().requests, 0);
/// # drop(router);
/// ```
#[derive(Debug, Clone)]
pub struct GeminiStandin(Arc<Shared>);

impl GeminiStandin {
    /// A stand-in that answers at once, without faults or quotas.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The settings to choose from.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// All routes, for `axum::serve` or `tower::ServiceExt::oneshot`.
    pub fn router(&self) -> Router {
        Router::new().fallback(router::handle).with_state(Arc::clone(&self.0))
    }

    /// Serves until the future is dropped. The error is the listener's.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        // Without this, small chunks of a stream would wait for each other's acknowledgement.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, self.router()).await
    }

    /// The last requests, oldest first ([`Builder::keep_requests`]).
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.log.all()
    }

    /// Figures since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        *lock(&self.0.counters)
    }

    /// Replaces the faults that apply without being asked for; an empty list ends an outage.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.0.rules.set(rules);
    }

    /// The names (`cachedContents/…`) of the context caches that exist now.
    #[must_use]
    pub fn cache_names(&self) -> Vec<String> {
        lock(&self.0.caches).names(self.0.now())
    }

    /// How many access tokens for Vertex AI were given out.
    #[must_use]
    pub fn tokens_issued(&self) -> u64 {
        lock(&self.0.tokens).issued
    }

    /// No access token that was given out is good any more, whatever its end.
    pub fn revoke_tokens(&self) {
        lock(&self.0.tokens).live.clear();
    }

    /// What every context cache there has been is billed for until now.
    #[must_use]
    pub fn cache_storage(&self) -> Vec<CacheStorage> {
        lock(&self.0.caches).storage(self.0.now())
    }
}

impl Default for GeminiStandin {
    fn default() -> Self {
        Self::new()
    }
}
