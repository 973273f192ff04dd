//! `/ui/tasks/{id}`: one task, with everything that a person needs to decide.

use std::cell::Cell;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::{Outcome, Task, TaskId, TaskOutput, TaskStatus, between, clip};
use http::HeaderMap;
use maud::{Markup, html};
use settings::Role;

use super::beside;
use super::correction;
use super::draft::{self, Drafts, Typed};
use super::failure::Failure;
use super::filter::{Filter, View};
use super::guard::Member;
use super::layout::{self, Place};
use super::queue::Neighbours;
use super::session::Session;
use super::versions;
use super::words::{
    ahead, clock, count, is_web, millis, noted, percent, phrase, pill, plain, time, title, usd,
};
use crate::Console;
use crate::answer_size::escaped;
use crate::asked::{self, Asked};
use crate::refusal::Refusal;

/// How often a task that moves is looked at, and one that rests.
const REFRESH_MS: u32 = 1_000;
const REST_MS: u32 = 5_000;

/// Bytes of a text that was asked that are shown at once.
const ASKED_BYTES: usize = 3_000;
/// Bytes of an answer that all that was asked may take as HTML: some Markdown becomes hundreds of times as long. As it was
/// written, a hundred texts take as much again at most.
const ASKED_ROOM: usize = 2 << 20;

/// A line at the top of the page.
pub(crate) struct Notice<'n> {
    /// Whether it is good news.
    pub(crate) good: bool,
    pub(crate) text: &'n str,
    /// Another task that it is about.
    pub(crate) of: Option<&'n TaskId>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Path(id): Path<String>,
    filter: Filter,
) -> Result<Response, Failure> {
    let task = find(&console, &id).await?;
    let of = filter.of.parse::<TaskId>().ok().filter(|of| *of != task.id);
    let text = match filter.done.as_str() {
        "approved" => Some("Approved. It is being published."),
        "rejected" => Some("Rejected. It will not be published."),
        "retried" => Some("Sent around again."),
        "corrected" => Some("Kept. It is a label for the next evaluation."),
        _ => None,
    };
    let notice = text.map(|text| Notice { good: true, text, of: of.as_ref() });
    let view = View { console: &console, session: &session, filter: &filter };
    Ok(show(view, &task, notice.as_ref(), None).await?.into_response())
}

/// Where it stands, for a page that is open.
pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let task = find(&console, &id).await?;
    Ok(layout::fragment(&headers, &key(&task), &head(&task)))
}

/// The part below that.
pub(crate) async fn live_rest(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    filter: Filter,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let task = find(&console, &id).await?;
    Ok(layout::fragment(&headers, &key(&task), &rest(&filter, &task)))
}

/// The task that a path names.
pub(crate) async fn find(console: &Console, id: &str) -> Result<Task, Refusal> {
    let unknown = || Refusal::NoSuchTask(clip(id, 64).to_owned());
    let id: TaskId = id.parse().map_err(|_| unknown())?;
    console.stores.tasks.get(&id).await?.ok_or_else(unknown)
}

/// The page of `task`.
pub(crate) async fn show(
    view @ View { console, session, filter }: View<'_>,
    task: &Task,
    notice: Option<&Notice<'_>>,
    typed: Option<&Typed>,
) -> Result<Markup, Refusal> {
    let drafts = async { Drafts::of(&console.stores, task).await.map_err(Refusal::from) };
    let asked = async { asked::of(console, task).await.map_err(Refusal::from) };
    let queue = async {
        if task.control.status == TaskStatus::AwaitingApproval || notice.is_some_and(|notice| notice.good) {
            Neighbours::of(view, &task.id).await.map(Some)
        } else {
            Ok(None)
        }
    };
    let second = async { crate::task::shadow_draft(&console.stores, task).await.map_err(Refusal::from) };
    let labelled = async { domain::labels(&*console.stores.payloads, &task.id).await.map_err(Refusal::from) };
    let (drafts, asked, queue, second, labelled) =
        futures::try_join!(drafts, asked, queue, second, labelled)?;
    let every = if task.control.status.is_end() { REST_MS } else { REFRESH_MS };
    let from = format!("/ui/live/tasks/{}", task.id);
    let rest_from = filter.at(&format!("{from}/rest"));
    let body = html! {
        @if let Some(notice) = notice {
            p.notice.good[notice.good].bad[!notice.good] role="status" {
                (notice.text)
                @if let Some(of) = notice.of { " " a href=(filter.task(of)) { "Show it" } ". This is the next one." }
            }
        }
        p.notice.changed hidden { "This task has changed. " a href=(filter.task(&task.id)) { "Show it as it is now" } }
        (way(filter, queue.as_ref()))
        (layout::live(&from, every, &key(task), &head(task)))
        div.pair {
            (question(task, asked.as_ref()))
            (draft::section(view, task, &drafts, typed))
        }
        @if let Some(typed) = typed { (draft::unsent(session, task, typed)) }
        div.task {
            div.main {
                (correction::section(view, task, &labelled))
                (beside::section(task, &drafts, second.as_ref()))
                (again(session, filter, task))
            }
            (layout::live(&rest_from, every, &key(task), &rest(filter, task)))
        }
        (layout::keys(&keys(session, task, queue.as_ref())))
    };
    Ok(layout::page(session, Place::Tasks, &title(&task.doc), &body))
}

/// The keys that do something on this page.
fn keys(session: &Session, task: &Task, queue: Option<&Neighbours>) -> Vec<(&'static str, &'static str)> {
    let mut keys = Vec::new();
    if draft::is_decided_by(session, task) {
        keys.extend([
            ("a", "publish what is shown"),
            ("e", "edit"),
            ("r", "reject"),
            ("u", "undo a rejection"),
        ]);
    }
    if queue.is_some_and(|queue| queue.before.is_some() || queue.after.is_some()) {
        keys.push(("j k", "next, previous"));
    }
    keys
}

/// Back to the list, and along the queue as far as it lets through.
fn way(filter: &Filter, queue: Option<&Neighbours>) -> Markup {
    html! {
        nav.back aria-label="Queue" {
            a href=(filter.at("/")) { "← Tasks" }
            @if let Some(queue) = queue {
                @if let Some(left) = &queue.left { span.quiet { (left) " need approval" @if filter.narrows() { " in this list" } } }
                @if let Some(before) = &queue.before { a rel="prev" href=(filter.task(before)) { "Previous" } }
                @if let Some(after) = &queue.after { a rel="next" href=(filter.task(after)) { "Next" } }
            }
        }
    }
}

/// What was asked, as its sender wrote it: text of strangers, rendered as a draft is.
fn question(task: &Task, asked: Option<&Asked>) -> Markup {
    let Some(asked) = asked else { return html! {} };
    let room = Cell::new(ASKED_ROOM);
    let own = words(&asked.text, &room);
    let before: Vec<Markup> = asked.before.iter().map(|before| words(before, &room)).collect();
    let opening = asked.opening.as_ref().filter(|opening| **opening != asked.text);
    let opening = opening.map(|opening| words(opening, &room));
    html! {
        section.card #asked {
            div.split {
                h2 { "What was asked" }
                span.quiet { "by " (task.doc.actor) }
            }
            @if let Some(title) = &asked.title { p { strong { (clip(title, ASKED_BYTES)) @if title.len() > ASKED_BYTES { "…" } } } }
            @for before in &before { (before) hr; }
            (own)
            @if let Some(opening) = opening { details { summary { "How the thread began" } (opening) } }
        }
    }
}

/// A text of a sender; a long one unfolds. Where there is no `room` for it, its beginning as it was written.
fn words(text: &str, room: &Cell<usize>) -> Markup {
    let begin = clip(text, ASKED_BYTES);
    let shown = html! {
        @if text.trim().is_empty() { p.quiet { "No text." } }
        @else if begin.len() == text.len() { div.prose { (draft::rendered(text)) } }
        @else {
            div.prose { (draft::rendered(begin)) p.quiet { "…" } }
            details { summary { "All of it" } div.prose { (draft::rendered(text)) } }
        }
    };
    match room.get().checked_sub(escaped(shown.0.as_bytes())) {
        Some(left) => {
            room.set(left);
            shown
        }
        None => html! {
            pre tabindex="0" { (begin) }
            @if begin.len() < text.len() {
                p.quiet { (text.len() - begin.len()) " bytes more, too much for this page; the API has them." }
            }
        },
    }
}

/// What the draft and the buttons depend on: when it changes, they are out of date.
fn key(task: &Task) -> String {
    let hash = task.doc.draft.as_ref().map_or("", |draft| draft.hash.as_str());
    format!("{}-{hash}", task.control.status)
}

/// Where it stands, and why.
fn head(task: &Task) -> Markup {
    html! {
        (heading(task))
        (standing(task))
        (outcome(task))
    }
}

/// How it came there.
fn rest(filter: &Filter, task: &Task) -> Markup {
    html! {
        (timeline(task))
        (usage(task))
        (details(filter, task))
    }
}

fn heading(task: &Task) -> Markup {
    let doc = &task.doc;
    html! {
        header.heading {
            (pill(task.control.status))
            h1 { (title(doc)) }
            p.quiet {
                @match doc.thread_url.as_deref().filter(|url| is_web(url)) {
                    Some(url) => {
                        a rel="noopener noreferrer nofollow" target="_blank" href=(url) { (doc.thread_name()) }
                    }
                    None => (doc.thread_name())
                }
                " · " (doc.event) " by " (doc.actor) " · " (doc.source)
            }
        }
    }
}

/// Why it stands where it stands, and when it goes on.
fn standing(task: &Task) -> Markup {
    let doc = &task.doc;
    let last = doc.timeline.last().map_or("".into(), |entry| plain(entry, false));
    html! {
        @match task.control.status {
            TaskStatus::Received => {
                p.callout { "It waits in the " strong { (doc.priority.lane()) } " lane." }
            }
            TaskStatus::Processing => {
                p.callout.moving { "Being worked on." }
            }
            TaskStatus::Waiting => {
                p.callout {
                    @if let Some(at) = task.control.not_before { strong { "Starts " (ahead(at)) } " · " }
                    (noted(&last))
                }
            }
            TaskStatus::AwaitingApproval => {
                p.callout.attention {
                    strong { "A person must decide" }
                    @if let Some(because) = doc.draft.as_ref().and_then(|draft| draft.parked_because.as_ref()) {
                        ": " (because)
                    }
                    @if let Some(at) = doc.expires_at { " · expires " (ahead(at)) }
                }
            }
            TaskStatus::Completed | TaskStatus::Ignored | TaskStatus::Rejected | TaskStatus::Expired
            | TaskStatus::Failed => {}
        }
        @if let Some(error) = &doc.error {
            div.callout.bad {
                strong { (phrase(&error.kind)) }
                p { (noted(&error.message)) }
                p.quiet {
                    "at the step " code { (error.step) }
                    @if let Some(automation) = &error.automation { " of the automation " code { (automation) } }
                }
            }
        }
    }
}

/// What came of it, and who decided.
fn outcome(task: &Task) -> Markup {
    let doc = &task.doc;
    html! {
        @if let Some(result) = &doc.result {
            div.callout.good {
                @if let Some(url) = result.output_url.as_deref().filter(|url| is_web(url)) {
                    a rel="noopener noreferrer nofollow" target="_blank" href=(url) { "See what was published" }
                } @else { strong { "Done" } }
                @if let TaskOutput::Text(text) = &result.output { p { (text) } }
                p.quiet { "worked for " (millis(result.execution_time_ms)) }
            }
        }
        @if let Some(decision) = &doc.decision {
            @let word = match decision.outcome {
                Outcome::Approved => "Approved",
                Outcome::Edited => "Edited and approved",
                Outcome::Rejected => "Rejected",
                Outcome::Expired => "Expired",
            };
            div.callout {
                strong { (word) " by " (decision.by) } " · " (ahead(decision.at))
                @if let Some(reason) = &decision.reason { blockquote { (reason) } }
                p.quiet.small { "on draft " code { (clip(&decision.draft_hash, 8)) } }
            }
        }
    }
}

fn timeline(task: &Task) -> Markup {
    let entries = &task.doc.timeline;
    html! {
        section.card.story {
            h2 { "Timeline" }
            ol.timeline {
                @for (index, entry) in entries.iter().enumerate() {
                    @let before = index.checked_sub(1).and_then(|index| entries.get(index));
                    li class=(entry.status.as_str()) {
                        div {
                            (noted(&plain(entry, before.is_none_or(|before| before.status != entry.status))))
                            @if was_clipped(task, &entry.note) { "…" }
                        }
                        span.quiet {
                            (clock(entry.at))
                            @if let Some(before) = before {
                                " · +" (millis(between(before.at, entry.at).as_secs_f64() * 1e3))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a note is the beginning of the error that the page shows in full.
fn was_clipped(task: &Task, note: &str) -> bool {
    let error = task.doc.error.as_ref().and_then(|error| error.message.strip_prefix(note));
    error.is_some_and(|rest| !rest.is_empty())
}

fn usage(task: &Task) -> Markup {
    let doc = &task.doc;
    let most = doc.usage.iter().map(domain::StepUsage::tokens).max().unwrap_or(0).max(1);
    html! {
        @if !doc.usage.is_empty() {
            section.card {
                div.split {
                    h2 title=(format!("At list prices of {}", prices::PRICES_AS_OF)) {
                        "Tokens and " @if task.is_simulated() { "simulated " } "cost"
                    }
                    strong { @match task.cost_usd() { Some(cost) => (usd(cost)), None => "price unknown" } }
                }
                div.scroll tabindex="0" role="region" aria-label="Tokens and cost" {
                    table {
                        thead { tr {
                            th { "Step" } th.number { "Prompt" } th.number.wide { "Cached" } th.number { "Output" }
                            th.number { "Cost" } th.number.wide { "Time" }
                        } }
                        tbody { @for step in &doc.usage {
                            tr {
                                td {
                                    (step.step) @if step.attempts > 1 { span.quiet { " × " (step.attempts) } }
                                    div.quiet.small { (step.model) }
                                    meter aria-label={ "Tokens of the step " (step.step) } min="0" max=(most) value=(step.tokens()) { (count(step.tokens())) " tokens" }
                                }
                                td.number { (count(step.prompt_tokens)) }
                                td.number.wide { (percent(step.cached_tokens, step.prompt_tokens)) }
                                td.number title={ (step.thought_tokens) " of them for thinking" } {
                                    (count(step.output_tokens + step.thought_tokens))
                                }
                                td.number { @match step.cost_usd { Some(cost) => (usd(cost)), None => "?" } }
                                td.number.wide { (millis(millis_of(step.ms))) }
                            }
                        } }
                    }
                }
                p.quiet.small { (count(task.tokens_used())) " tokens in all" }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn millis_of(ms: u64) -> f64 {
    ms as f64
}

fn details(filter: &Filter, task: &Task) -> Markup {
    let page = |what: &str| filter.at(&format!("/ui/tasks/{}/{what}", task.id));
    let (doc, control) = (&task.doc, &task.control);
    html! {
        section.card {
            h2 { "Details" }
            dl {
                dt { "Task" } dd { code data-copy="the id of the task" { (task.id) } }
                @if doc.thread_name() != doc.thread { dt { "Thread" } dd { code { (doc.thread) } } }
                dt { "Tenant" } dd { (doc.tenant) }
                dt { "Priority" } dd { (doc.priority.level()) ", " (doc.priority.lane()) " lane" }
                @if let Some(known) = &doc.classification {
                    dt { "Intent" } dd { (known.intent) ", confidence " (format!("{:.2}", known.confidence)) }
                }
                dt { "Received" } dd { (time(doc.received_at)) }
                (versions::of_task(task))
                dt { "Attempts" } dd { (control.attempts) " of " (domain::MAX_ATTEMPTS) }
            }
            p {
                a href=(page("transcript")) { "Prompts and responses" }
                " · "
                a href=(page("payload")) { "Event as received" }
            }
        }
    }
}

/// Another try for a task that has ended without a result, and a push for one that nothing will happen to otherwise.
fn again(session: &Session, filter: &Filter, task: &Task) -> Markup {
    let status = task.control.status;
    let is_lost = task.is_lost(session.at);
    let has_failed = status.is_end() && status != TaskStatus::Completed;
    if !(is_lost || has_failed) || !session.may(Role::Decide) {
        return html! {};
    }
    html! {
        section.card {
            h2 { "Try again" }
            form.decide method="post" action=(filter.at(&format!("/ui/tasks/{}/retry", task.id))) {
                (layout::csrf(session))
                @if is_lost {
                    p { "This task got lost: nothing will happen to it by itself. Sent around again, it goes on where it stopped." }
                } @else {
                    label for="note" { "Note" }
                    input #note name="note" maxlength="500" autocomplete="off"
                        placeholder="What the new draft should do differently, if anything";
                }
                div.buttons { button.primary type="submit" { "Send around again" } }
            }
        }
    }
}
