//! `/`: the queue of parked drafts while there is one, and the tasks by status, source and text.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{StoreError, Task, TaskId, TaskStatus, Timestamp, between};
use futures::future::try_join;
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream};
use http::HeaderMap;
use maud::{Markup, html};
use settings::Role;

use super::census::{self, Counts, Ended};
use super::failure::Failure;
use super::filter::{self, Filter};
use super::guard::Member;
use super::layout::{self, Place};
use super::queue;
use super::session::Session;
use super::words::{ahead, label, pill, plain, time, timed, title, usd};
use crate::Console;
use crate::asked;
use crate::list::refuse_list;
use crate::refusal::Refusal;

/// Tasks of a page, where a link to one is short.
const PAGE: usize = 50;
/// Bytes of a row that says much, with those by which its link names a short list; and without.
const ROW: usize = 950;
const BARE_ROW: usize = 910;
/// Tasks that a search reads at once.
const READS_AT_ONCE: usize = 16;
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

impl Found {
    /// The number of the list that is shown; only its first page knows it.
    fn count(&self, filter: &Filter) -> Option<String> {
        filter.cursor.is_empty().then(|| census::some(self.tasks.len(), self.cursor.is_some()))
    }
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    mut filter: Filter,
) -> Result<Response, Failure> {
    if let Ok(id) = filter.q.trim().parse::<TaskId>() {
        return Ok(Redirect::to(&format!("/ui/tasks/{id}")).into_response());
    }
    if filter.is_empty() && census::count(&console, console.clock.now()).await?.parked() > 0 {
        TaskStatus::AwaitingApproval.as_str().clone_into(&mut filter.status);
    }
    let content = content(&console, &session, &filter).await?;
    // What is older does not change.
    // What is searched for is read task by task.
    let every =
        if filter.cursor.is_empty() && filter.q.trim().is_empty() { REFRESH_MS } else { REFRESH_MS * 10 };
    let from = format!("/ui/live/tasks{}", filter.query(&filter.cursor));
    let body = html! {
        h1.hidden { "Tasks" }
        @if let Some(done) = done(&filter.done) { p.notice.good role="status" { (done) } }
        (filter::form(&console, &filter))
        // What refreshes itself must not change by the time alone.
        @if is_queue(&filter) { (layout::shown(&session, Some(queue::FORM))) }
        (layout::live(&from, every, "", &content))
        (layout::keys(keys(&session, &filter)))
    };
    Ok(layout::page(&session, Place::Tasks, "Tasks", &body).into_response())
}

pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    headers: HeaderMap,
    filter: Filter,
) -> Result<Response, Failure> {
    Ok(layout::fragment(&headers, "", &content(&console, &session, &filter).await?))
}

/// The keys of the list; those that decide about several drafts, where they do.
fn keys(session: &Session, filter: &Filter) -> &'static [(&'static str, &'static str)] {
    const KEYS: [(&str, &str); 6] = [
        ("j k", "next, previous"),
        ("Enter", "open"),
        ("/", "search"),
        ("x", "choose"),
        ("A R", "approve, reject the chosen"),
        ("u", "undo a rejection"),
    ];
    if is_queue(filter) && session.may(Role::Decide) { &KEYS } else { &KEYS[..3] }
}

fn done(word: &str) -> Option<&'static str> {
    match word {
        "approve" => Some("Approved. They are being published."),
        "reject" => Some("Rejected. They will not be published."),
        "nothing" => Some("Nothing was chosen, and nothing was decided."),
        _ => None,
    }
}

async fn content(console: &Console, session: &Session, filter: &Filter) -> Result<Markup, Failure> {
    let now = console.clock.now();
    let counts = try_join(census::count(console, now), census::ended(console, now)).map_err(Refusal::from);
    if is_queue(filter) {
        let ((counts, ended), queue) = try_join(counts, queue::within(console, filter)).await?;
        let count = census::some(queue.ids.len(), queue.more);
        return Ok(html! {
            (tabs(filter, &counts, &ended, Some(&count)))
            @if queue.ids.is_empty() { (nothing(filter, queue.more)) }
            @else { (queue::list(console, session, filter, &queue).await?) }
        });
    }
    let ((counts, ended), found) = try_join(counts, find(console, filter, now)).await?;
    Ok(html! {
        (tabs(filter, &counts, &ended, found.count(filter).as_deref()))
        (list(filter, &found, now))
    })
}

/// Whether it is the list of what waits for a person, in the order in which it is decided.
fn is_queue(filter: &Filter) -> bool {
    filter.status == TaskStatus::AwaitingApproval.as_str() && filter.cursor.is_empty()
}

/// Those of `tasks` that the filter lets through, the words of their senders included.
pub(crate) async fn matching(
    console: &Console,
    filter: &Filter,
    tasks: Vec<Task>,
    now: Timestamp,
) -> Result<Vec<Task>, StoreError> {
    let looked_at =
        stream::iter(tasks.into_iter().filter(|task| filter.fits(task, now))).map(|task| async move {
            let found = filter.names(&task) || asked_for(console, filter, &task).await?;
            Ok::<_, StoreError>(found.then_some(task))
        });
    let found: Vec<Option<Task>> = looked_at.buffered(READS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Whether the sender of `task` wrote what is searched for. What cannot be read is not found.
async fn asked_for(console: &Console, filter: &Filter, task: &Task) -> Result<bool, StoreError> {
    match asked::of(console, task).await {
        Ok(asked) => Ok(asked.is_some_and(|asked| filter.finds(asked.texts()))),
        Err(error @ StoreError::Unavailable { .. }) => Err(error),
        Err(error @ StoreError::Broken { .. }) => {
            tracing::error!(task_id = %task.id, %error, "what was asked cannot be read");
            Ok(false)
        }
    }
}

async fn find(console: &Console, filter: &Filter, now: Timestamp) -> Result<Found, Refusal> {
    // Each link names the list: where that is long, a page has fewer, and weighs no more.
    let rows = PAGE * ROW / ROW.max(BARE_ROW + filter.at("").len());
    let mut query = filter.list(rows.max(2)).map_err(Refusal::Malformed)?;
    if !filter.looks_inside() {
        let page = console.stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        return Ok(Found { tasks: page.tasks, cursor: page.cursor });
    }
    // A page ends where one of the store does: what that may bring must have room.
    query.limit /= 2;
    let (mut tasks, mut searched) = (Vec::new(), 0);
    loop {
        let page = console.stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        searched += query.limit;
        tasks.extend(matching(console, filter, page.tasks, now).await?);
        query.cursor = page.cursor;
        if query.cursor.is_none() || tasks.len() + query.limit > rows || searched >= SEARCHED {
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

/// A number is that of the list behind it. Under a filter the list that is shown alone has one: nobody reads all the
/// others for it.
fn tabs(filter: &Filter, counts: &Counts, ended: &Ended, here: Option<&str>) -> Markup {
    let status = if filter.status.is_empty() { "all" } else { filter.status.as_str() };
    let current = |of: &str| (status == of).then_some("true");
    let count = |of: TaskStatus| {
        let shown = here.filter(|_| status == of.as_str()).map(str::to_owned);
        match ended.iter().find(|(known, _)| *known == of) {
            _ if filter.narrows() => shown,
            Some((_, ended)) => shown.or_else(|| Some(ended.clone())),
            None => Some(counts.of(of)),
        }
    };
    html! {
        nav.tabs aria-label="Status" {
            @for status in TABS {
                a class=(status.as_str()) href=(filter.with_status(status.as_str()))
                    aria-current=[current(status.as_str())] {
                    (label(status))
                    @if let Some(count) = count(status) { " " span.count { (count) } }
                }
            }
            a href=(filter.with_status("all")) aria-current=[current("all")] {
                "All" @if let Some(here) = here.filter(|_| status == "all") { " " span.count { (here) } }
            }
        }
    }
}

fn list(filter: &Filter, found: &Found, now: Timestamp) -> Markup {
    html! {
        @if found.tasks.is_empty() { (nothing(filter, found.cursor.is_some())) }
        ul.list { @for (row, task) in rows(filter, &found.tasks, now).iter().zip(&found.tasks) {
            li data-id=(task.id) { (row) }
        } }
        @if let Some(cursor) = &found.cursor {
            p.more { a.button href={ "/" (filter.query(cursor)) } { "Older tasks" } }
        }
    }
}

/// What stands in the place of an empty list, and where to go from there.
fn nothing(filter: &Filter, more: bool) -> Markup {
    let status = filter.status().ok().flatten().map(|status| label(status).to_lowercase());
    html! {
        div.empty {
            @if filter.is_all() {
                p { "No tasks here yet." }
                p { "Send one: " code { "afterhook send events/bodies/github/issues.opened.json --to …" } }
            } @else {
                p {
                    @if more { "None of the " @if is_queue(filter) { "drafts that expire first" } @else { "latest tasks" } " matches." }
                    @else if filter.narrows() { "No task matches." }
                    @else if let Some(status) = status { "No task here is “" (status) "”." }
                    @else { "There are no older tasks." }
                }
                p { a href="/?status=all" { "Show all tasks" } }
            }
        }
    }
}

/// Tasks in the list of `filter`. A long reason that the row above has is not said again.
pub(crate) fn rows(filter: &Filter, tasks: &[Task], now: Timestamp) -> Vec<Markup> {
    let above = [None].into_iter().chain(tasks.iter().map(why));
    let rows = tasks.iter().zip(above);
    rows.map(|(task, above)| {
        row(
            filter,
            task,
            &reason(task, why(task).is_some_and(|why| why.len() > 24 && above == Some(why)), now),
        )
    })
    .collect()
}

fn row(filter: &Filter, task: &Task, reason: &Markup) -> Markup {
    let doc = &task.doc;
    html! {
        a.row href=(filter.task(&task.id)) {
            span.state { (pill(task.control.status)) }
            span.what {
                strong { (title(doc)) }
                span.quiet {
                    @if doc.title.is_some() { (doc.thread_name()) " · " }
                    (doc.event) " · " (doc.actor) " · " (doc.source)
                }
            }
            span.why { (reason) }
            span.when {
                (time(doc.received_at))
                @if let Some(cost) = task.cost_usd() { span.quiet title={ "$" (format!("{cost:.6}")) @if task.is_simulated() { ", simulated" } } { (usd(cost)) } }
            }
        }
    }
}

/// The text that says why a task stands where it stands.
fn why(task: &Task) -> Option<Cow<'_, str>> {
    let doc = &task.doc;
    match task.control.status {
        TaskStatus::AwaitingApproval => doc.draft.as_ref()?.parked_because.as_deref().map(Cow::from),
        TaskStatus::Failed => doc.error.as_ref().map(|error| error.message.as_str().into()),
        TaskStatus::Rejected => doc.decision.as_ref()?.reason.as_deref().map(Cow::from),
        TaskStatus::Waiting | TaskStatus::Received | TaskStatus::Processing | TaskStatus::Ignored => {
            doc.timeline.last().map(|last| plain(last, false))
        }
        TaskStatus::Completed | TaskStatus::Expired => None,
    }
}

/// The same in a few words, with what else is known; `again`: the row above says so already.
fn reason(task: &Task, again: bool, now: Timestamp) -> Markup {
    let doc = &task.doc;
    html! {
        @if let Some(known) = &doc.classification { span.intent { (known.intent) } " " }
        @match task.control.status {
            TaskStatus::AwaitingApproval => {
                @if let Some(at) = doc.expires_at.filter(|at| between(now, *at).as_secs() < SOON) {
                    span.soon { "expires " (ahead(at)) } " "
                }
            }
            TaskStatus::Waiting => { @if let Some(at) = task.control.not_before { "starts " (time(at)) " " } }
            TaskStatus::Rejected => { @if let Some(decision) = &doc.decision { "by " (decision.by) " " } }
            _ => {}
        }
        @match why(task) {
            Some(_) if again => { span.quiet { "the same as above" } }
            Some(why) if task.control.status == TaskStatus::Failed => { span.bad { (short(&why)) } }
            Some(why) if task.control.status == TaskStatus::AwaitingApproval => { span { (short(&why)) } }
            Some(why) => { span.quiet { (timed(&short(&why))) } }
            None => {}
        }
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= MAX_REASON {
        return text.to_owned();
    }
    text.chars().take(MAX_REASON - 1).chain(['…']).collect()
}
