//! What holds of a system at rest, whatever has failed before: the invariants of the simulation, as far as they can be
//! seen of a running system, of its services and of its stores.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    BUDGETS, DayFigures, Depth, Lane, ListQuery, Task, TaskStatus, Timestamp, Visibility, after, between,
    day_keys,
};
use e2e::assembly::Assembly;
use e2e::world::World;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use sweeper::{Report, Sweeper};
use telemetry::Metrics;

/// Rounds of ten minutes in which everything that waits has come to its end.
const ROUNDS: usize = 12;
const DAY: Duration = Duration::from_secs(86_400);
/// An end is in the figures so long after it was written: an earlier death of its process, or a store that takes
/// nothing, may cost them it.
const COUNTED_AFTER: Duration = Duration::from_secs(5);
/// No token costs more, millionths of a US dollar.
const DEAREST: u64 = 18;
/// Tokens that a call may have around the parts of its prompt, and of an answer that it sets no bound for.
const TOKENS_AROUND: u64 = 1_000;
const LONGEST_ANSWER: u64 = 65_536;
/// What has come back by itself is gone so soon.
const COMES_BACK: Duration = Duration::from_secs(10);

/// An event whose sender has its 202.
pub(crate) struct Accepted {
    pub(crate) issue: u64,
    pub(crate) id: String,
}

/// What is kept beside tasks. The port names no keys, so each store is read by its own means.
pub(crate) struct Kept {
    values: Vec<(String, Value)>,
    /// Until when each is held.
    leases: Vec<(String, Timestamp)>,
    /// Messages come back by the test's clock, and not by the queue's own: none is hidden any more.
    shows_every_message: bool,
}

impl Kept {
    /// In the SQLite file of the data directory `dir`.
    pub(crate) fn in_file(dir: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = Connection::open_with_flags(dir.join("afterhook.db"), flags).unwrap();
        let mut values = file.prepare("SELECT key, value FROM state").unwrap();
        let values =
            values.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        let mut leases = file.prepare("SELECT key, until FROM lease").unwrap();
        let leases =
            leases.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
        Self {
            values: values.map(Result::unwrap).map(|(key, value)| (key, json(&value))).collect(),
            leases: leases
                .map(Result::unwrap)
                .map(|(key, until)| (key, Timestamp::from_millisecond(until).unwrap()))
                .collect(),
            shows_every_message: true,
        }
    }

    /// In the DynamoDB table called `table`.
    pub(crate) async fn in_table(sdk: &SdkConfig, table: &str) -> Self {
        let scan = Client::new(sdk).scan().table_name(table).into_paginator().items();
        let items: Vec<HashMap<String, AttributeValue>> =
            scan.send().collect::<Result<Vec<_>, _>>().await.unwrap();
        let text = |item: &HashMap<String, AttributeValue>, name: &str| {
            item.get(name).and_then(|value| value.as_s().ok().cloned())
        };
        let of_part = |part: &str, name: &str| -> Vec<(String, String)> {
            let items = items.iter().filter(|item| text(item, "part").as_deref() == Some(part));
            items.map(|item| (text(item, "key").unwrap(), text(item, name).unwrap())).collect()
        };
        Self {
            values: of_part("value", "value").iter().map(|(key, value)| (key.clone(), json(value))).collect(),
            leases: of_part("lease", "until")
                .iter()
                .map(|(key, until)| (key.clone(), until.parse().unwrap()))
                .collect(),
            shows_every_message: false,
        }
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A system in which nothing waits any more.
pub(crate) struct AtRest<'a> {
    pub(crate) system: &'a Assembly,
    pub(crate) world: &'a World,
    pub(crate) kept: Kept,
    /// Everything that was answered with 202.
    pub(crate) accepted: &'a [Accepted],
    /// When a process died, or the stores of one that died later took nothing.
    pub(crate) troubles: &'a [Timestamp],
    /// Connections to the model were cut: nobody can tell how many calls are in doubt.
    pub(crate) is_cut_off: bool,
}

impl AtRest<'_> {
    /// Asserts that every event has ended with one comment and says so, that each end is counted once and each call is
    /// paid for, and that nothing is left behind.
    pub(crate) async fn assert(&self) {
        let query = ListQuery { limit: 1_000, ..ListQuery::default() };
        let page = self.system.stores.tasks.list(&query).await.unwrap();
        assert_eq!((page.unreadable.len(), page.cursor), (0, None));
        self.every_task_has_ended(&page.tasks).await;
        self.every_end_is_counted_once(&page.tasks).await;
        self.every_call_is_paid_for(&page.tasks);
        self.nothing_is_left_behind().await;
        self.each_is_answered_once();
        self.nothing_is_unaccounted_for().await;
    }

    fn now(&self) -> Timestamp {
        self.system.sweeper.clock.now()
    }

    async fn every_task_has_ended(&self, tasks: &[Task]) {
        let stored: BTreeSet<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
        let accepted: BTreeSet<&str> = self.accepted.iter().map(|accepted| accepted.id.as_str()).collect();
        assert_eq!(stored, accepted, "what is stored is what was accepted");
        for task in tasks {
            let shown = self.system.api.task(task.id.as_str()).await;
            assert_eq!(
                (&shown["status"], &shown["error"]),
                (&Value::from("completed"), &Value::Null),
                "{shown:#}"
            );
            let why = task.doc.timeline.last().is_some_and(|entry| !entry.note.is_empty());
            let owes = task.doc.follow_up.is_some() || task.has_pending_notices() || task.has_open_intent();
            let (lease, due) = (&task.control.lease, task.control.due_at);
            assert!(why && !owes && lease.is_none() && due.is_none(), "{task:#?}");
        }
    }

    /// Everything was answered by one comment, and nothing else was written.
    fn each_is_answered_once(&self) {
        for Accepted { issue, id } in self.accepted {
            let comments = self.world.comments(*issue);
            assert_eq!(comments.len(), 1, "task {id} of issue {issue}: {comments:#?}");
            assert!(comments[0].body.contains(id.as_str()));
        }
        assert_eq!(self.world.github.comment_count(), self.accepted.len());
    }

    /// The figures decide nothing, and what a process has not written when it dies is not made up for.
    async fn every_end_is_counted_once(&self, tasks: &[Task]) {
        let mut figures = DayFigures::default();
        let mut day = tasks.iter().map(|task| task.doc.received_at).min().unwrap();
        while day <= after(self.now(), DAY) {
            for key in day_keys(day) {
                let stored = self.system.stores.state.get(&key, self.now()).await.unwrap();
                figures.add(&stored.map(|stored| DayFigures::read(stored.value)).unwrap_or_default());
            }
            day = after(day, DAY);
        }
        let is_sure = |task: &&Task| {
            let end = task.doc.timeline.last().unwrap().at;
            self.troubles.iter().all(|trouble| *trouble < end || between(end, *trouble) > COUNTED_AFTER)
        };
        let counted = figures.ended.get(TaskStatus::Completed.as_str()).copied().unwrap_or_default();
        let sure = tasks.iter().filter(is_sure).count() as u64;
        assert!((sure..=tasks.len() as u64).contains(&counted), "{sure} surely: {:?}", figures.ended);
        assert_eq!(figures.tasks(), counted, "no other end: {:?}", figures.ended);
    }

    /// What is spent is what the tasks cost, and for calls of which nobody knows the end no more than they may have.
    fn every_call_is_paid_for(&self, tasks: &[Task]) {
        let usage = || tasks.iter().flat_map(|task| &task.doc.usage);
        let cost: u64 = usage().map(|call| micro(call.cost_usd.unwrap())).sum();
        let known = usage().count() as u64;
        // Each is rounded by itself, here and there.
        let rounding = known;
        let asked = self.world.gemini.counters().requests;
        let dearest = self.world.gemini.requests().iter().map(|call| may_cost(&call.body)).max().unwrap_or(0);
        let most = cost + rounding + asked.saturating_sub(known) * dearest;
        for (what, spent) in [("whole", self.spent(false)), ("tenants", self.spent(true))] {
            assert!(spent + rounding >= cost, "{what}: {spent} of {cost} millionths are counted as spent");
            assert!(
                self.is_cut_off || spent <= most,
                "{what}: {spent} millionths are spent, {most} at most were"
            );
        }
    }

    /// What is counted as spent, in the budgets of days as a whole or in those of their tenants.
    fn spent(&self, by_tenant: bool) -> u64 {
        let is_asked_for =
            |key: &str| key.strip_prefix(BUDGETS).is_some_and(|rest| rest.contains([':', '#']) == by_tenant);
        let budgets = self.kept.values.iter().filter(|(key, _)| is_asked_for(key));
        budgets
            .map(|(_, budget)| {
                let aside = budget["r"].as_object().into_iter().flatten();
                budget["u"].as_u64().unwrap() + aside.map(|(_, one)| one[0].as_u64().unwrap()).sum::<u64>()
            })
            .sum()
    }

    async fn nothing_is_left_behind(&self) {
        let now = self.now();
        for (key, until) in &self.kept.leases {
            // Whoever has worked in a thread gives it back; other leases are left to end.
            assert!(*until <= now && !key.starts_with("thread:"), "{key} is held until {until}");
        }
        for (key, budget) in self.kept.values.iter().filter(|(key, _)| key.starts_with(BUDGETS)) {
            for (id, aside) in budget["r"].as_object().into_iter().flatten() {
                assert!(aside[1].as_i64().unwrap() <= now.as_second(), "{key}: {id} sets {aside} aside");
            }
        }
        let queue = &self.system.stores.queue;
        for lane in Lane::ALL {
            let Depth { ready, in_flight } = self.depth(lane).await;
            let hidden = if self.kept.shows_every_message { in_flight } else { 0 };
            assert_eq!((ready, hidden), (0, 0), "messages are on the lane {lane}");
        }
        let (dead, second) =
            (Visibility { lane: None, timeout: Duration::from_secs(1) }, Duration::from_secs(1));
        assert!(queue.receive(dead, 10, second).await.unwrap().is_empty(), "a letter is dead");
    }

    /// What is on the lane. In a queue that is there for real, a delayed message comes back when its time has come,
    /// also while a test looks: it is worked on, and has nothing to do any more.
    async fn depth(&self, lane: Lane) -> Depth {
        let began = Instant::now();
        loop {
            let depth = self.system.stores.queue.depth(Some(lane)).await.unwrap();
            if self.kept.shows_every_message || depth.ready == 0 || began.elapsed() > COMES_BACK {
                return depth;
            }
            self.system.work().await;
        }
    }

    /// A sweep has nothing to do, and the walk of the day over all tasks misses none.
    async fn nothing_is_unaccounted_for(&self) {
        let clock = self.system.sweeper.clock.clone();
        let (metrics, figures) = Metrics::memory(clock.clone());
        let sweeper = Sweeper { stores: self.system.stores.clone(), clock, metrics };
        let deadline = after(self.now(), Duration::from_secs(60));
        let swept = sweeper.sweep(deadline).await.whole().unwrap();
        assert_eq!(swept.report, Report::default());
        sweeper.count(&swept, deadline).await.unwrap();
        let told = |name: &str| figures.documents().iter().any(|document| document[name].is_number());
        assert!(told("Unaccounted"));
        assert_eq!((figures.total("Unaccounted", &[]), figures.total("ApprovalsWaiting", &[])), (0.0, 0.0));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "prices are small and positive")]
fn micro(usd: f64) -> u64 {
    (usd * 1e6).ceil() as u64
}

/// What a call with this body may cost at the most, millionths of a US dollar.
fn may_cost(body: &Value) -> u64 {
    let answer = body["generationConfig"]["maxOutputTokens"].as_u64().unwrap_or(LONGEST_ANSWER);
    (body.to_string().len() as u64 + TOKENS_AROUND + answer) * DEAREST
}

/// Lets the system work for as long as anything waits, on sound services, as `pass` lets time pass.
pub(crate) async fn settle(system: &Assembly, pass: impl Fn(Duration)) {
    // What calls in doubt might have cost stays spent, and may use the day's budget up: the next day is another one.
    for passes in std::iter::repeat_n(Duration::from_secs(600), ROUNDS).chain([DAY, DAY]) {
        pass(passes);
        system.sweep().await;
        while system.work().await > 0 {}
    }
}
