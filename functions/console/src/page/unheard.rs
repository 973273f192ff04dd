//! [`Unheard`]: why webhooks of the last day became no task, and how often.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Timestamp, between};

use crate::Console;
use crate::deliveries::{self, MISSED, Parameters};
use crate::refusal::Refusal;

/// Counting reads an item for each hour and source: once a minute is enough.
const FRESH: Duration = Duration::from_secs(60);

/// The latest count.
#[derive(Default)]
pub(crate) struct Unheard(Mutex<Option<(Timestamp, Reasons)>>);

/// How many of the last webhooks had this outcome for this reason.
pub(crate) type Reasons = BTreeMap<(String, String), usize>;

/// Counts, unless that was done a moment ago.
pub(crate) async fn count(console: &Console, now: Timestamp) -> Result<Reasons, Refusal> {
    let latest = console.unheard.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, reasons)) = latest.filter(|(at, _)| *at <= now && between(*at, now) < FRESH) {
        return Ok(reasons);
    }
    let mut reasons = Reasons::new();
    for delivery in deliveries::last(console, &Parameters::default()).await? {
        if !["accepted", MISSED].contains(&delivery.outcome.as_str()) {
            *reasons.entry((delivery.outcome, delivery.reason.unwrap_or_default())).or_default() += 1;
        }
    }
    *console.unheard.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, reasons.clone()));
    Ok(reasons)
}
