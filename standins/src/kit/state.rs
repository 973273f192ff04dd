//! [`State`]: what one service adds to the kit.

use domain::Timestamp;
use http::Method;
use maud::Markup;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Call, Kept, Reply};

/// What one service keeps, and how it answers.
pub trait State: Send + Sized + 'static {
    /// What it says when it refuses.
    type Voice: Voice;

    /// A change of what is kept, as the journal holds it.
    type Change: Serialize + DeserializeOwned + Send + 'static;

    /// The service's name on its pages.
    const TITLE: &'static str;

    /// What stands before the paths of the API, where it may; the log leaves it out.
    const PREFIX: &'static str = "";

    /// Makes a change.
    fn apply(&mut self, change: Self::Change);

    /// Answers a request of the API. An error is a refusal, with which nothing was done.
    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply>;

    /// The last touch on every answer of the API, refusals and faults included.
    fn finish(&mut self, _call: &Call, reply: Reply, _now: Timestamp) -> Reply {
        reply
    }

    /// Whether a request is one of the API; every other one is for a page.
    fn is_api(call: &Call) -> bool;

    /// Whether a request of the API changes something.
    fn writes(call: &Call) -> bool {
        call.method != Method::GET
    }

    /// The page at a path: its title and its body; `None` when there is none.
    fn page(&self, segments: &[&str]) -> Option<(String, Markup)>;
}

/// What one service says when it refuses.
pub trait Voice {
    /// An error in the service's words.
    fn error(status: u16, message: &str) -> Reply;

    /// The same in its usual words for a status.
    fn of_status(status: u16) -> Reply {
        Self::error(status, "fault")
    }

    /// What is said to a body that is no JSON.
    fn unreadable(problem: &str) -> Reply {
        Self::error(400, problem)
    }

    /// The refusal with this code, for [`Fault::Refusal`](super::Fault::Refusal).
    fn refusal(code: &str) -> Reply {
        Self::error(400, code)
    }

    /// The refusal of too many requests.
    fn rate_limited() -> Reply {
        Self::error(429, "too many requests").with("retry-after", "30")
    }
}
