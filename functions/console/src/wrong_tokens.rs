//! Wrong tokens, counted: guessing is slow wherever it is tried, at the API or at the login.
//!
//! Only wrong ones count, after they were found wrong, so nobody's right token is locked out by somebody else's guesses.
//! A guesser at the limit learns the same as before it: that this was none. What makes guessing hopeless is the length
//! of the tokens; the limit keeps it from being cheap, and from going unnoticed.

use std::time::Duration;

use domain::{StoreError, Timestamp, after};

use crate::Console;
use crate::refusal::Refusal;

/// Wrong tokens of one address within [`WINDOW`]: more than anybody mistypes.
const MAX_OF_ADDRESS: i64 = 20;
/// Wrong tokens of all addresses together within [`WINDOW`]: guesses may come from many.
const MAX_OF_ALL: i64 = 200;
const WINDOW: Duration = Duration::from_secs(300);

/// Counts a wrong token of `sender`. Says how it is answered: if it cannot be counted, not as a wrong one, so
/// that nobody guesses for free while the store is down.
pub(crate) async fn refuse(console: &Console, sender: &str, now: Timestamp) -> Refusal {
    match is_within_limits(console, sender, now).await {
        Ok(true) => Refusal::Unauthorized,
        Ok(false) => Refusal::Throttled,
        Err(error) => error.into(),
    }
}

/// An address at its limit no longer counts for all: one sender cannot use up what is meant for many.
async fn is_within_limits(console: &Console, sender: &str, now: Timestamp) -> Result<bool, StoreError> {
    let window = now.as_second() / i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    let count = async |of: &str| {
        console.stores.state.add(&format!("console:wrong:{of}:{window}"), 1, after(now, WINDOW * 2)).await
    };
    Ok(count(sender).await? <= MAX_OF_ADDRESS && count("all").await? <= MAX_OF_ALL)
}
