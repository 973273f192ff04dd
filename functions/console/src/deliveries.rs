//! `GET /deliveries`: the last webhooks and what became of each.
//!
//! A webhook that was accepted is its task; what became no task has left a line in the log of deliveries; and what never
//! arrived is known from its sender's own record, where it keeps one.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::{
    API_SOURCE, DeliveryRecord, ListQuery, MissedDelivery, StoreError, Task, TaskId, Timestamp,
    last_deliveries, missed_deliveries, unread_hooks,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Console;
use crate::endpoint::QueryParameter;
use crate::refusal::Refusal;

/// Deliveries that are shown.
const LIMIT: usize = 200;
/// Lines of one source that are read: those of one outcome may be rare among them.
const LINES: usize = 500;
/// Hours that are looked through, a read each: of one source all that are kept, of all sources the last day.
const HOURS_OF_ONE: u32 = 72;
const HOURS_OF_ALL: u32 = 24;

/// What may become of a webhook.
pub const OUTCOMES: [&str; 5] = ["accepted", "ignored", "duplicate", "refused", MISSED];
const ACCEPTED: &str = OUTCOMES[0];
/// Its sender could not deliver it.
pub(crate) const MISSED: &str = "missed";

/// The query string. A parameter that is empty is as good as absent.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Parameters {
    pub(crate) source: String,
    pub(crate) outcome: String,
}

/// The same for the API's description.
pub(crate) const PARAMETERS: &[QueryParameter] = &[
    ("source", "Only those of this source of agent.toml; of every source if empty.", r#"{"type":"string"}"#),
    (
        "outcome",
        "Only those with this outcome.",
        r#"{"type":"string","enum":["accepted","ignored","duplicate","refused","missed"]}"#,
    ),
];

/// The answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Deliveries {
    deliveries: Vec<Delivery>,
    /// Hooks of which nobody knows what they could not deliver.
    unread: Vec<Unread>,
}

/// A hook whose sender does not let us read what it could not deliver.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Unread {
    /// The source of agent.toml.
    pub(crate) source: String,
    /// The repository or organisation whose hook it is, or the App.
    pub(crate) hook: String,
    /// Why, and how to mend it.
    pub(crate) problem: String,
}

/// A webhook.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Delivery {
    /// When it was answered; of a missed one, when its last try failed.
    pub(crate) at: Timestamp,
    /// The source of agent.toml.
    pub(crate) source: String,
    /// Kind and action, where it was read so far.
    pub(crate) event: Option<String>,
    /// `accepted`, `ignored`, `duplicate`, `refused` or `missed`.
    pub(crate) outcome: String,
    /// Why, in a word.
    pub(crate) reason: Option<String>,
    /// What else there is to say of it.
    pub(crate) detail: Option<String>,
    /// Its task, or the task whose duplicate it is.
    pub(crate) task_id: Option<TaskId>,
    /// How often its sender has agreed to send it again, of a missed one.
    pub(crate) tries: Option<u32>,
}

pub(crate) async fn deliveries(
    State(console): State<Arc<Console>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Json<Deliveries>, Refusal> {
    let Query(parameters) = parameters.map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))?;
    let deliveries = last(&console, &parameters).await?;
    Ok(Json(Deliveries { deliveries, unread: unread(&console, &parameters.source).await? }))
}

/// The last ones that fit, newest first.
pub(crate) async fn last(console: &Console, wanted: &Parameters) -> Result<Vec<Delivery>, Refusal> {
    let (source, outcome) = (wanted.source.as_str(), wanted.outcome.as_str());
    if !outcome.is_empty() && !OUTCOMES.contains(&outcome) {
        return Err(Refusal::Malformed(format!("`outcome` is one of {}.", OUTCOMES.join(", "))));
    }
    let of = |what: &str| outcome.is_empty() || outcome == what;
    let accepted = async { if of(ACCEPTED) { accepted(console, source).await } else { Ok(Vec::new()) } };
    let others = async {
        if [ACCEPTED, MISSED].contains(&outcome) { Ok(Vec::new()) } else { others(console, source).await }
    };
    let missed = async { if of(MISSED) { missed(console, source).await } else { Ok(Vec::new()) } };
    let (accepted, others, missed) = futures::try_join!(accepted, others, missed)?;
    let all = accepted.into_iter().chain(others).chain(missed);
    let mut found: Vec<Delivery> = all.filter(|delivery| of(&delivery.outcome)).collect();
    found.sort_by_key(|delivery| std::cmp::Reverse(delivery.at));
    found.truncate(LIMIT);
    Ok(found)
}

/// Those that became a task.
async fn accepted(console: &Console, source: &str) -> Result<Vec<Delivery>, StoreError> {
    let source = Some(source.to_owned()).filter(|source| !source.is_empty());
    let query = ListQuery { source, limit: LIMIT, ..ListQuery::default() };
    let page = console.stores.tasks.list(&query).await?;
    Ok(page.tasks.iter().filter(|task| task.doc.source != API_SOURCE).map(Delivery::from).collect())
}

/// Those that did not.
async fn others(console: &Console, source: &str) -> Result<Vec<Delivery>, StoreError> {
    let (sources, hours) = match source {
        "" => (console.sources().collect(), HOURS_OF_ALL),
        one => (vec![one], HOURS_OF_ONE),
    };
    let now = console.clock.now();
    let payloads = &*console.stores.payloads;
    let lines = sources.into_iter().map(|source| last_deliveries(payloads, source, now, LINES, hours));
    Ok(try_join_all(lines).await?.into_iter().flatten().map(Delivery::from).collect())
}

/// Those that did not arrive, of the senders that keep a record of it.
pub(crate) async fn missed(console: &Console, source: &str) -> Result<Vec<Delivery>, StoreError> {
    let now = console.clock.now();
    let of_source = |source: &'_ str| {
        let source = source.to_owned();
        async move {
            let missed = missed_deliveries(&*console.stores.state, &source, now).await?;
            let missed = missed.into_values().map(|missed| Delivery::missed(&source, missed));
            Ok::<_, StoreError>(missed.collect::<Vec<_>>())
        }
    };
    Ok(try_join_all(recorded(console, source).map(of_source)).await?.into_iter().flatten().collect())
}

/// The hooks of which nobody knows what they could not deliver.
pub(crate) async fn unread(console: &Console, source: &str) -> Result<Vec<Unread>, StoreError> {
    let mut all = Vec::new();
    for source in recorded(console, source) {
        let hooks = unread_hooks(&*console.stores.state, source, console.clock.now()).await?;
        let of_hook = |(hook, problem)| Unread { source: source.to_owned(), hook, problem };
        all.extend(hooks.into_iter().map(of_hook));
    }
    Ok(all)
}

/// The sources, or the one, whose senders keep a record of what they could not deliver.
fn recorded<'a>(console: &'a Console, source: &'a str) -> impl Iterator<Item = &'a str> {
    let keeps_record =
        |name: &&str| console.senders.get(*name).is_some_and(|sender| sender.provider.row().hooks.is_some());
    console.sources().filter(move |name| source.is_empty() || *name == source).filter(keeps_record)
}

impl Delivery {
    fn missed(source: &str, missed: MissedDelivery) -> Self {
        let MissedDelivery { event, at, status, tries, .. } = missed;
        let reason = if status == 0 { "no_answer".to_owned() } else { format!("answered_{status}") };
        let (source, outcome) = (source.to_owned(), MISSED.to_owned());
        Self {
            at,
            source,
            event: Some(event),
            outcome,
            reason: Some(reason),
            detail: None,
            task_id: None,
            tries: Some(tries),
        }
    }
}

impl From<&Task> for Delivery {
    fn from(task: &Task) -> Self {
        Self {
            at: task.doc.received_at,
            source: task.doc.source.clone(),
            event: Some(task.doc.event.clone()),
            outcome: ACCEPTED.to_owned(),
            reason: None,
            detail: None,
            task_id: Some(task.id.clone()),
            tries: None,
        }
    }
}

impl From<DeliveryRecord> for Delivery {
    fn from(record: DeliveryRecord) -> Self {
        let DeliveryRecord { at, source, event, outcome, reason, detail, task_id } = record;
        Self { at, source, event, outcome, reason, detail, task_id, tries: None }
    }
}
