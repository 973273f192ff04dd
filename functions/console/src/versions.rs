//! `GET /versions`: the versions of the agent of the last days, and what each has brought.
//!
//! Made of the figures of the days, which decide nothing and may miss a write (`domain/src/daily_stats.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{AgentVersion, DayFigures, ShadowFigures, Timestamp, VersionFigures};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Console;
use crate::page::{day, has_model};
use crate::refusal::Refusal;

/// Days that are looked through, a read for each part of a day.
const DAYS: u32 = 14;
const DAY: Duration = Duration::from_secs(86_400);

/// The answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Versions {
    /// The one that was used last comes first.
    versions: Vec<Version>,
    /// Whether a stand-in plays the model: what it costs is simulated.
    simulated: bool,
}

/// One version of the agent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Version {
    /// As on its tasks: `ver_…`; `other` for all those of a day that had too many.
    pub(crate) version: String,
    /// What it is made of; `null` where no call of it is known any more.
    pub(crate) made_of: Option<AgentVersion>,
    /// The first of the days on which it was used, UTC.
    pub(crate) first_day: String,
    /// The last of them.
    pub(crate) last_day: String,
    /// Its tasks that ended.
    pub(crate) tasks: u64,
    /// The same by the name of their status.
    pub(crate) ended: BTreeMap<String, u64>,
    /// Drafts that a person published as they were.
    pub(crate) approved: u64,
    /// Drafts that a person changed.
    pub(crate) edited: u64,
    /// Drafts that a person refused.
    pub(crate) rejected: u64,
    /// The share of drafts that a person changed, of those that a person decided about; `null` if there are none.
    pub(crate) edit_rate: Option<f64>,
    /// Times that a person said that another intent, spam or not spam would have been right.
    pub(crate) corrected: u64,
    /// Published answers that people called good, reactions where they were published included.
    pub(crate) thumbs_up: u64,
    /// Those that people called bad.
    pub(crate) thumbs_down: u64,
    /// US dollars at list prices.
    pub(crate) cost_usd: f64,
    /// Calls whose price is not known.
    pub(crate) unpriced_calls: u64,
    /// What it drafted as the agent of `[shadow]`, beside another.
    pub(crate) shadow: ShadowFigures,
}

pub(crate) async fn versions(State(console): State<Arc<Console>>) -> Result<Json<Versions>, Refusal> {
    let now = console.clock.now();
    let dates = (0..DAYS).rev().map(|ago| now.checked_sub(DAY * ago).unwrap_or(now));
    let days = dates.map(|at| {
        let console = &console;
        async move { day(console, at, now).await.map(|day| (at, day)) }
    });
    let versions = by_version(&try_join_all(days).await?);
    Ok(Json(Versions { versions, simulated: has_model(&console.stand_ins) }))
}

/// The versions of `days`, which come in their order; the one that was used last comes first.
pub(crate) fn by_version(days: &[(Timestamp, DayFigures)]) -> Vec<Version> {
    let mut sums: BTreeMap<&str, (Timestamp, Timestamp, VersionFigures)> = BTreeMap::new();
    for (at, figures) in days {
        for (id, figures) in &figures.versions {
            let sum = sums.entry(id).or_insert_with(|| (*at, *at, VersionFigures::default()));
            sum.1 = *at;
            sum.2.add(figures);
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(id, (first, last, _))| (std::cmp::Reverse((*last, *first)), *id));
    sums.into_iter().map(|(id, (first, last, sum))| Version::of(id, first, last, sum)).collect()
}

impl Version {
    fn of(id: &str, first: Timestamp, last: Timestamp, sum: VersionFigures) -> Self {
        let date = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        Self {
            version: id.to_owned(),
            first_day: date(first),
            last_day: date(last),
            tasks: sum.tasks(),
            approved: sum.approved,
            edited: sum.edited,
            rejected: sum.rejected,
            edit_rate: sum.edit_rate(),
            corrected: sum.labels.corrected(),
            thumbs_up: sum.labels.thumbs_up(),
            thumbs_down: sum.labels.thumbs_down(),
            cost_usd: sum.calls.cost_usd(),
            unpriced_calls: sum.calls.unpriced,
            shadow: sum.shadow,
            made_of: sum.made_of,
            ended: sum.ended,
        }
    }
}
