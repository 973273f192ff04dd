//! `/`: the queue of parked drafts while there is one, and the tasks by status, source and text.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Task, TaskId, TaskStatus, Timestamp, between};
use http::HeaderMap;
use maud::{Markup, html};

use super::census::{self, Counts};
use super::failure::Failure;
use super::filter::{self, Filter};
use super::guard::Member;
use super::layout::{self, Place};
use super::queue;
use super::session::Session;
use super::words::{ahead, label, money, pill, time, timed};
use crate::Console;
use crate::list::refuse_list;
use crate::refusal::Refusal;

const PAGE: usize = 50;
/// A search looks through so many tasks of a page at most; the next page goes on from there.
const SEARCHED: usize = 500;
const REFRESH_MS: u32 = 2_000;
/// Characters of a reason that a row shows; the task's page has all of it.
const MAX_REASON: usize = 90;
/// Seconds before its expiry from which on a draft is marked.
const SOON: u64 = 4 * 3_600;

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
    let mut filter = read(filter)?;
    if let Ok(id) = filter.q.trim().parse::<TaskId>() {
        return Ok(Redirect::to(&format!("/ui/tasks/{id}")).into_response());
    }
    if filter.is_empty() && census::count(&console, console.clock.now()).await?.parked() > 0 {
        TaskStatus::AwaitingApproval.as_str().clone_into(&mut filter.status);
    }
    let content = content(&console, &session, &filter).await?;
    // What is older does not change.
    let every = if filter.cursor.is_empty() { REFRESH_MS } else { REFRESH_MS * 10 };
    let from = format!("/ui/live/tasks{}", filter.query(&filter.cursor));
    let body = html! {
        h1.hidden { "Tasks" }
        @if let Some(done) = done(&filter.done) { p.notice.good role="status" { (done) } }
        (filter::form(&console, &filter))
        (layout::live(&from, every, "", &content))
        (layout::keys(&[("j k", "next, previous"), ("Enter", "open"), ("x", "choose"), ("/", "search")]))
    };
    Ok(layout::page(&session, Place::Tasks, "Tasks", &body).into_response())
}

pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    headers: HeaderMap,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Failure> {
    Ok(layout::fragment(&headers, "", content(&console, &session, &read(filter)?).await?))
}

fn done(word: &str) -> Option<&'static str> {
    match word {
        "approve" => Some("Approved. They are being published."),
        "reject" => Some("Rejected. They will not be published."),
        "nothing" => Some("Nothing was chosen, and nothing was decided."),
        _ => None,
    }
}

fn read(filter: Result<Query<Filter>, QueryRejection>) -> Result<Filter, Refusal> {
    filter.map(|Query(filter)| filter).map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))
}

async fn content(console: &Console, session: &Session, filter: &Filter) -> Result<Markup, Failure> {
    let now = console.clock.now();
    let is_queue = filter.status().map_err(Refusal::Malformed)? == Some(TaskStatus::AwaitingApproval)
        && filter.cursor.is_empty();
    let counts = census::count(console, now);
    if is_queue {
        let (counts, queue) = futures::join!(counts, queue::parked(console));
        let (counts, mut queue) = (counts?, queue?);
        queue.retain(|task| {
            (filter.source.is_empty() || task.doc.source == filter.source) && filter.fits(task, now)
        });
        let shown = queue::list(console, session, &queue).await?;
        let found = Found { tasks: queue, cursor: None };
        return Ok(html! {
            (tabs(filter, &counts))
            @if found.tasks.is_empty() { (nothing(filter, &found)) } @else { (shown) }
        });
    }
    let (counts, found) = futures::join!(counts, find(console, filter, now));
    let (counts, found) = (counts?, found?);
    Ok(html! {
        (tabs(filter, &counts))
        (list(filter, &found, now))
    })
}

async fn find(console: &Console, filter: &Filter, now: Timestamp) -> Result<Found, Refusal> {
    let mut query = filter.list(PAGE).map_err(Refusal::Malformed)?;
    if !filter.looks_inside() {
        let page = console.stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        return Ok(Found { tasks: page.tasks, cursor: page.cursor });
    }
    query.limit = 100;
    let (mut tasks, mut searched) = (Vec::new(), 0);
    loop {
        let page = console.stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        searched += query.limit;
        tasks.extend(page.tasks.into_iter().filter(|task| filter.fits(task, now)));
        query.cursor = page.cursor;
        if query.cursor.is_none() || tasks.len() >= PAGE || searched >= SEARCHED {
            return Ok(Found { tasks, cursor: query.cursor });
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

/// A number stands where it is that of the list behind it: nobody counts all that ever ended, nor what a filter leaves.
fn tabs(filter: &Filter, counts: &Counts) -> Markup {
    let status = if filter.status.is_empty() { "all" } else { filter.status.as_str() };
    let current = |of: &str| (status == of).then_some("true");
    html! {
        nav.tabs aria-label="Status" {
            @for status in TABS {
                a class=(status.as_str()) href=(filter.with_status(status.as_str()))
                    aria-current=[current(status.as_str())] {
                    (label(status))
                    @if !status.is_end() && !filter.narrows() { " " span.count { (counts.of(status)) } }
                }
            }
            a href=(filter.with_status("all")) aria-current=[current("all")] { "All" }
        }
    }
}

fn list(filter: &Filter, found: &Found, now: Timestamp) -> Markup {
    let reasons: Vec<String> = found.tasks.iter().map(|task| reason(task, now).into_string()).collect();
    let same = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| reasons.get(before));
        reasons.get(index).is_some_and(|reason| reason.len() > 40 && before == Some(reason))
    };
    html! {
        @if found.tasks.is_empty() { (nothing(filter, found)) }
        ul.list { @for (index, task) in found.tasks.iter().enumerate() {
            li data-id=(task.id) {
                @if same(index) { (row_for(task, &html! { span.quiet { "the same" } })) } @else { (row(task, now)) }
            }
        } }
        @if let Some(cursor) = &found.cursor {
            p.more { a.button href={ "/" (filter.query(cursor)) } { "Older tasks" } }
        }
    }
}

/// What stands in the place of an empty list, and where to go from there.
fn nothing(filter: &Filter, found: &Found) -> Markup {
    let status = filter.status().ok().flatten().map(|status| label(status).to_lowercase());
    html! {
        div.empty {
            @if filter.is_all() {
                p { "No tasks here yet." }
                p { "Send one: " code { "afterhook send events/bodies/github/issues.opened.json --to …" } }
            } @else {
                p {
                    @if found.cursor.is_some() { "None of the latest tasks matches." }
                    @else if filter.narrows() { "No task matches." }
                    @else if let Some(status) = status { "No task here is “" (status) "”." }
                    @else { "There are no older tasks." }
                }
                p { a href="/?status=all" { "Show all tasks" } }
            }
        }
    }
}

/// A task in a list.
pub(crate) fn row(task: &Task, now: Timestamp) -> Markup {
    row_for(task, &reason(task, now))
}

fn row_for(task: &Task, reason: &Markup) -> Markup {
    let doc = &task.doc;
    html! {
        a.row href={ "/ui/tasks/" (task.id) } {
            span.state { (pill(task.control.status)) }
            span.what {
                strong { (doc.title.as_deref().unwrap_or(&doc.thread)) }
                span.quiet {
                    @if doc.title.is_some() { (doc.thread) " · " }
                    (doc.event) " · " (doc.actor) " · " (doc.source)
                }
            }
            span.why { (reason) }
            span.when {
                (time(doc.received_at))
                @if let Some(cost) = task.cost_usd() { span.quiet title={ "$" (format!("{cost:.6}")) @if task.is_simulated() { ", simulated" } } { (money(cost)) } }
            }
        }
    }
}

/// In a few words, why it stands where it stands.
fn reason(task: &Task, now: Timestamp) -> Markup {
    let doc = &task.doc;
    let intent = doc.classification.as_ref();
    html! {
        @if let Some(known) = intent { span.intent { (known.intent) } " " }
        @match task.control.status {
            TaskStatus::AwaitingApproval => {
                @if let Some(at) = doc.expires_at.filter(|at| between(now, *at).as_secs() < SOON) {
                    span.soon { "expires " (ahead(at)) } " "
                }
                @if let Some(because) = doc.draft.as_ref().and_then(|draft| draft.parked_because.as_ref()) {
                    span { (short(because)) }
                }
            }
            TaskStatus::Waiting => {
                @if let Some(at) = task.control.not_before { "starts " (time(at)) " " }
                @if let Some(last) = doc.timeline.last() { span.quiet { (timed(&short(&last.note))) } }
            }
            TaskStatus::Failed => {
                @if let Some(error) = &doc.error { span.bad { (short(&error.message)) } }
            }
            TaskStatus::Rejected => {
                @if let Some(decision) = &doc.decision {
                    "by " (decision.by)
                    @if let Some(reason) = &decision.reason { span.quiet { ": " (short(reason)) } }
                }
            }
            TaskStatus::Received | TaskStatus::Processing | TaskStatus::Ignored => {
                @if let Some(last) = doc.timeline.last() { span.quiet { (timed(&short(&last.note))) } }
            }
            TaskStatus::Completed | TaskStatus::Expired => {}
        }
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= MAX_REASON {
        return text.to_owned();
    }
    text.chars().take(MAX_REASON - 1).chain(['…']).collect()
}
