//! How many tasks there are in each status.

use std::time::Duration;

use domain::{DayFigures, ListQuery, Stage, StoreError, TaskStatus, Timestamp, day_keys, labels_of_day};
use futures::TryFutureExt;
use futures::future::{try_join, try_join_all};

use crate::Console;

/// Counting stops here; then it says "and more".
const ENOUGH: usize = 500;
/// Pages that refresh themselves need not count anew each time.
const FRESH: Duration = Duration::from_secs(2);

/// What has ended is counted so far, which is a page of its list, and less often: it is read, not looked up.
const ENDED_ENOUGH: usize = 50;
const ENDED_FRESH: Duration = Duration::from_secs(10);

/// How many tasks have ended in which status: some, or more than fit on a page of their list.
pub(crate) type Ended = Vec<(TaskStatus, String)>;

/// Counts what has ended, unless that was done a moment ago.
pub(crate) async fn ended(console: &Console, now: Timestamp) -> Result<Ended, StoreError> {
    let counts = TaskStatus::ALL.into_iter().filter(|status| status.is_end()).map(|status| async move {
        let query = ListQuery { status: Some(status), limit: ENDED_ENOUGH, ..ListQuery::default() };
        let page = console.stores.tasks.list(&query).await?;
        Ok::<_, StoreError>((status, some(page.tasks.len(), page.cursor.is_some())))
    });
    console.ended.get(now, ENDED_FRESH, try_join_all(counts)).await
}

/// So many, and perhaps more.
pub(crate) fn some(count: usize, more: bool) -> String {
    format!("{count}{}", if more { "+" } else { "" })
}

/// How many tasks there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    open: Vec<(TaskStatus, usize)>,
    /// What has ended today (UTC), and what it cost.
    pub(crate) today: DayFigures,
}

impl Counts {
    /// The number beside a status: of those that are open, or that have ended today.
    pub(crate) fn of(&self, status: TaskStatus) -> String {
        match self.open.iter().find(|(known, _)| *known == status) {
            Some((_, count)) if *count >= ENOUGH => format!("{ENOUGH}+"),
            Some((_, count)) => count.to_string(),
            None => self.today.ended.get(status.as_str()).copied().unwrap_or_default().to_string(),
        }
    }

    /// How many drafts wait for a person.
    pub(crate) fn parked(&self) -> usize {
        let parked = self.open.iter().find(|(status, _)| *status == TaskStatus::AwaitingApproval);
        parked.map_or(0, |(_, count)| *count)
    }
}

/// Counts, unless that was done a moment ago.
pub(crate) async fn count(console: &Console, now: Timestamp) -> Result<Counts, StoreError> {
    let tasks = &console.stores.tasks;
    let open = TaskStatus::OPEN.map(|status| async move {
        let due = tasks.due(Stage::of(status), Timestamp::MAX, ENOUGH).await?;
        Ok::<_, StoreError>((status, due.len()))
    });
    let counts =
        try_join(try_join_all(open), day(console, now, now)).map_ok(|(open, today)| Counts { open, today });
    console.counts.get(now, FRESH, counts).await
}

/// The figures of the day of `at`.
pub(crate) async fn day(console: &Console, at: Timestamp, now: Timestamp) -> Result<DayFigures, StoreError> {
    let keys = day_keys(at);
    let parts = try_join_all(keys.iter().map(|key| console.stores.state.get(key, now))).await?;
    let mut sum = DayFigures::default();
    for part in parts.into_iter().flatten() {
        sum.add(&DayFigures::read(part.value));
    }
    labels_of_day(&*console.stores.payloads, at).await?.iter().for_each(|line| sum.label(line));
    Ok(sum)
}
