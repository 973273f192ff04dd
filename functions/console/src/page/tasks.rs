//! `/`: the tasks, by status, source and text.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::{ListQuery, Task, TaskId, TaskStatus};
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::census::{self, Counts};
use super::failure::Failure;
use super::guard::Member;
use super::layout::{self, Place};
use super::words::{label, percent_encode, pill, time, timed, usd};
use crate::Console;
use crate::list::refuse_list;
use crate::refusal::Refusal;

const PAGE: usize = 50;
/// A search looks through so many tasks of a page at most; the next page goes on from there.
const SEARCHED: usize = 500;
const REFRESH_MS: u32 = 2_000;

/// The query string.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    status: String,
    source: String,
    /// PartKey of an id, a thread, an actor or a kind of event.
    q: String,
    cursor: String,
}

/// What a filter has found.
struct Found {
    tasks: Vec<Task>,
    cursor: Option<String>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Failure> {
    let filter = read(filter)?;
    if let Ok(id) = filter.q.trim().parse::<TaskId>() {
        return Ok(Redirect::to(&format!("/ui/tasks/{id}")).into_response());
    }
    let content = content(&console, &filter).await?;
    // What is older does not change.
    let every = if filter.cursor.is_empty() { REFRESH_MS } else { REFRESH_MS * 10 };
    let from = format!("/ui/live/tasks{}", filter.query(&filter.cursor));
    let body = html! {
        h1.hidden { "Tasks" }
        (filters(&console, &filter))
        (layout::live(&from, every, "", &content))
    };
    Ok(layout::page(&session, Place::Tasks, "Tasks", &body).into_response())
}

pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Failure> {
    Ok(layout::fragment(&headers, "", content(&console, &read(filter)?).await?))
}

fn read(filter: Result<Query<Filter>, QueryRejection>) -> Result<Filter, Refusal> {
    filter.map(|Query(filter)| filter).map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))
}

async fn content(console: &Console, filter: &Filter) -> Result<Markup, Failure> {
    let now = console.clock.now();
    let (counts, found) = futures::join!(census::count(console, now), find(console, filter));
    let (counts, found) = (counts?, found?);
    Ok(html! {
        (tabs(filter, &counts))
        (list(filter, &found))
    })
}

async fn find(console: &Console, filter: &Filter) -> Result<Found, Refusal> {
    let status = Some(&filter.status).filter(|status| !status.is_empty());
    let status = status.map(|status| status.parse::<TaskStatus>()).transpose().map_err(Refusal::Malformed)?;
    let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut query =
        ListQuery { status, source: given(&filter.source), limit: PAGE, cursor: given(&filter.cursor) };
    let Some(wanted) = given(&filter.q).map(|wanted| wanted.to_lowercase()) else {
        let page = console.stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        return Ok(Found { tasks: page.tasks, cursor: page.cursor });
    };
    query.limit = 100;
    let (mut tasks, mut searched) = (Vec::new(), 0);
    loop {
        let page = console.stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        searched += query.limit;
        tasks.extend(page.tasks.into_iter().filter(|task| has(task, &wanted)));
        query.cursor = page.cursor;
        if query.cursor.is_none() || tasks.len() >= PAGE || searched >= SEARCHED {
            return Ok(Found { tasks, cursor: query.cursor });
        }
    }
}

/// Whether `wanted`, in lower case, is in what tells one task from another.
fn has(task: &Task, wanted: &str) -> bool {
    let doc = &task.doc;
    let intent = doc.classification.as_ref().map_or("", |known| known.intent.as_str());
    [task.id.as_str(), &doc.thread, &doc.actor, &doc.event, &doc.tenant, intent]
        .iter()
        .any(|text| text.to_lowercase().contains(wanted))
}

fn filters(console: &Console, filter: &Filter) -> Markup {
    html! {
        form.filters method="get" action="/" role="search" {
            input type="hidden" name="status" value=(filter.status);
            input type="search" name="q" value=(filter.q) placeholder="Task id, thread, person, event"
                aria-label="Search tasks" maxlength="200";
            input name="source" value=(filter.source) list="sources" placeholder="Any source"
                aria-label="Source" maxlength="100";
            datalist #sources { @for source in &console.sources { option value=(source) {} } }
            button type="submit" { "Filter" }
            @if !(filter.q.is_empty() && filter.source.is_empty()) { a.quiet href="/" { "Clear" } }
        }
    }
}

const TABS: [TaskStatus; 9] = [
    TaskStatus::AwaitingApproval,
    TaskStatus::Processing,
    TaskStatus::Waiting,
    TaskStatus::Received,
    TaskStatus::Completed,
    TaskStatus::Failed,
    TaskStatus::Rejected,
    TaskStatus::Expired,
    TaskStatus::Ignored,
];

fn tabs(filter: &Filter, counts: &Counts) -> Markup {
    let current = |status: &str| (filter.status == status).then_some("true");
    html! {
        nav.tabs aria-label="Status" {
            a href=(filter.with_status("")) aria-current=[current("")] { "All" }
            @for status in TABS {
                a class=(status.as_str()) href=(filter.with_status(status.as_str()))
                    aria-current=[current(status.as_str())]
                    title=(if status.is_end() { "ended today (UTC)" } else { "at the moment" }) {
                    (label(status)) " " span.count { (counts.of(status)) }
                }
            }
        }
    }
}

fn list(filter: &Filter, found: &Found) -> Markup {
    html! {
        @if found.tasks.is_empty() { (nothing(filter, found)) }
        ul.list { @for task in &found.tasks { (row(task)) } }
        @if let Some(cursor) = &found.cursor {
            p.more { a.button href={ "/" (filter.query(cursor)) } { "Older tasks" } }
        }
    }
}

/// What stands in the place of an empty list, and where to go from there.
fn nothing(filter: &Filter, found: &Found) -> Markup {
    let status = filter.status.parse::<TaskStatus>().map(|status| label(status).to_lowercase());
    html! {
        div.empty {
            @if filter.is_all() {
                p { "No tasks here yet." }
                p { "Send one: " code { "afterhook send events/bodies/github/issues.opened.json --to …" } }
            } @else {
                p {
                    @if found.cursor.is_some() { "None of the latest tasks matches." }
                    @else if !(filter.q.is_empty() && filter.source.is_empty()) { "No task matches." }
                    @else if let Ok(status) = status { "No task here is “" (status) "”." }
                    @else { "There are no older tasks." }
                }
                p { a href="/" { "Show all tasks" } }
            }
        }
    }
}

fn row(task: &Task) -> Markup {
    let doc = &task.doc;
    html! {
        li data-id=(task.id) {
            a.row href={ "/ui/tasks/" (task.id) } {
                span.state { (pill(task.control.status)) }
                span.what {
                    strong { (doc.thread) }
                    span.quiet { (doc.event) " · " (doc.actor) " · " (doc.source) }
                }
                span.why { (reason(task)) }
                span.when {
                    (time(doc.received_at))
                    @if let Some(cost) = task.cost_usd() { span.quiet { (usd(cost)) } }
                }
            }
        }
    }
}

/// In a few words, why it stands where it stands.
fn reason(task: &Task) -> Markup {
    let doc = &task.doc;
    let intent = doc.classification.as_ref();
    html! {
        @if let Some(known) = intent { span.intent { (known.intent) } " " }
        @match task.control.status {
            TaskStatus::AwaitingApproval => {
                @if let Some(because) = doc.draft.as_ref().and_then(|draft| draft.parked_because.as_ref()) {
                    span { (because) }
                }
            }
            TaskStatus::Waiting => {
                @if let Some(at) = task.control.not_before { "starts " (time(at)) " " }
                @if let Some(last) = doc.timeline.last() { span.quiet { (timed(&last.note)) } }
            }
            TaskStatus::Failed => {
                @if let Some(error) = &doc.error { span.bad { (domain::clip(&error.message, 120)) } }
            }
            TaskStatus::Rejected => {
                @if let Some(decision) = &doc.decision {
                    "by " (decision.by)
                    @if let Some(reason) = &decision.reason { span.quiet { ": " (domain::clip(reason, 120)) } }
                }
            }
            TaskStatus::Received | TaskStatus::Processing | TaskStatus::Ignored => {
                @if let Some(last) = doc.timeline.last() { span.quiet { (timed(&last.note)) } }
            }
            TaskStatus::Completed | TaskStatus::Expired => {}
        }
    }
}

impl Filter {
    fn is_all(&self) -> bool {
        [&self.status, &self.source, &self.q, &self.cursor].iter().all(|field| field.is_empty())
    }

    fn with_status(&self, status: &str) -> String {
        format!("/{}", Self { status: status.to_owned(), ..self.clone() }.query(""))
    }

    /// The query string of this filter from `cursor` on.
    fn query(&self, cursor: &str) -> String {
        let mut query = String::new();
        for (name, value) in
            [("status", self.status.as_str()), ("source", &self.source), ("q", &self.q), ("cursor", cursor)]
        {
            if !value.is_empty() {
                let mark = if query.is_empty() { '?' } else { '&' };
                let _ = write!(query, "{mark}{name}={}", percent_encode(value));
            }
        }
        query
    }
}
