//! Why webhooks of the last day became no task, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;

use crate::Console;
use crate::deliveries::{self, MISSED, Parameters};
use crate::refusal::Refusal;

/// Counting reads an item for each hour and source: once a minute is enough.
const FRESH: Duration = Duration::from_secs(60);

/// How many of the last webhooks had this outcome for this reason.
pub(crate) type Reasons = BTreeMap<(String, String), usize>;

/// Counts, unless that was done a moment ago.
pub(crate) async fn count(console: &Console, now: Timestamp) -> Result<Reasons, Refusal> {
    console.unheard.get(now, FRESH, find(console)).await
}

async fn find(console: &Console) -> Result<Reasons, Refusal> {
    let mut reasons = Reasons::new();
    for delivery in deliveries::last(console, &Parameters::default()).await? {
        if !["accepted", MISSED].contains(&delivery.outcome.as_str()) {
            *reasons.entry((delivery.outcome, delivery.reason.unwrap_or_default())).or_default() += 1;
        }
    }
    Ok(reasons)
}
