//! A network that is not there: a deterministic simulation answers what a thread sends, under its own time.
//!
//! The HTTP clients use it behind a feature of theirs, for tests alone.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
pub use reqwest::{Request, Response};

/// What answers, in the place of sockets.
pub trait Network: Send + Sync {
    /// The answer to `request`, whose default headers are left out.
    fn send(&self, request: Request) -> Sending;

    /// 32 bits that are random in the simulation's own way.
    fn fresh_id(&self) -> u32;

    /// Whether a bug is planted: what an environment asked of a model while it could not write that down for the others
    /// is never counted.
    fn forgets_use_alone(&self) -> bool;
}

/// An answer under way.
pub type Sending = Pin<Box<dyn Future<Output = Result<Response, NoAnswer>> + Send>>;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// There was no connection: nothing was sent.
    Unsent,
    /// It was sent, and no answer came.
    Lost,
}

thread_local! {
    static NETWORK: RefCell<Option<Arc<dyn Network>>> = const { RefCell::new(None) };
    /// Builds requests, and sends none.
    static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// Until it is dropped, everything that this thread sends goes to `network`.
#[must_use]
pub fn enter(network: Arc<dyn Network>) -> Entered {
    NETWORK.set(Some(network));
    Entered(())
}

/// The time for which nothing leaves this thread.
#[derive(Debug)]
pub struct Entered(());

impl Drop for Entered {
    fn drop(&mut self) {
        NETWORK.set(None);
    }
}

fn network() -> Option<Arc<dyn Network>> {
    NETWORK.with_borrow(Clone::clone)
}

/// Whether this thread's network is simulated.
#[must_use]
pub fn is_on() -> bool {
    NETWORK.with_borrow(Option::is_some)
}

/// An id of the simulation's; `None` if this thread's network is a real one.
#[must_use]
pub fn fresh_id() -> Option<u32> {
    network().map(|network| network.fresh_id())
}

/// Whether what an environment asked alone is never counted; `false` if this thread's network is a real one.
#[must_use]
pub fn forgets_use_alone() -> bool {
    network().is_some_and(|network| network.forgets_use_alone())
}

/// The client that requests are built with; `None` if this thread's network is a real one. Nothing is ever connected
/// to, and making a client takes long.
#[must_use]
pub fn client() -> Option<Client> {
    network()?;
    CLIENT.with_borrow_mut(|known| {
        if known.is_none() {
            *known = Client::builder().tls_certs_only([]).no_proxy().build().ok();
        }
        known.clone()
    })
}

/// Sends `request` to the simulated network of this thread.
///
/// # Errors
/// `request` itself, if this thread's network is a real one.
pub async fn send(request: RequestBuilder) -> Result<Result<Response, NoAnswer>, RequestBuilder> {
    let Some(network) = network() else { return Err(request) };
    Ok(match request.build() {
        Ok(request) => network.send(request).await,
        Err(_) => Err(NoAnswer::Unsent),
    })
}
