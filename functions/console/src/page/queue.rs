//! The queue: parked drafts, those that expire first at the top; decided one by one or several at once.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::{DecisionInput, ListQuery, Task, TaskId, TaskStatus};
use futures::{StreamExt, TryStreamExt, stream};
use maud::{Markup, html};
use settings::Role;

use super::decide::is_repeated;
use super::draft;
use super::failure::Failure;
use super::filter::Filter;
use super::guard::Member;
use super::layout::{self, Place};
use super::session::Session;
use super::tasks::rows;
use super::words::title;
use crate::asked::{self, Asked};
use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::{Console, decision};

/// Drafts of a page: their texts are on it, since what is decided must have been seen.
const PAGE: usize = 20;
/// Bytes of a draft that a page shows; who decides about a longer one opens it.
const MAX_DRAFT: usize = 2_000;
/// Bytes of a question that a page shows.
const ASKED_BYTES: usize = 600;
/// Tasks that are looked at.
const MAX_QUEUE: usize = 500;
/// Drafts that are read at once.
const READS_AT_ONCE: usize = 16;

/// The parked tasks, those that expire first first, and of those the oldest.
pub(crate) async fn parked(console: &Console) -> Result<Vec<Task>, Refusal> {
    let status = Some(TaskStatus::AwaitingApproval);
    let mut query = ListQuery { status, limit: 100, ..ListQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = console.stores.tasks.list(&query).await?;
        found.extend(page.tasks);
        query.cursor = page.cursor;
        if query.cursor.is_none() || found.len() >= MAX_QUEUE {
            break;
        }
    }
    found.sort_by_key(|task| (task.doc.expires_at, task.doc.received_at));
    Ok(found)
}

/// The parked tasks before and after `id`, of those that this person may decide about, and how many there are.
pub(crate) struct Neighbours {
    pub(crate) before: Option<TaskId>,
    pub(crate) after: Option<TaskId>,
    pub(crate) left: usize,
}

impl Neighbours {
    /// A task that is no longer parked has the ends of the queue for its neighbours.
    pub(crate) async fn of(console: &Console, session: &Session, id: &TaskId) -> Result<Self, Refusal> {
        let queue: Vec<TaskId> = parked(console)
            .await?
            .into_iter()
            .filter(|task| !task.is_requested_by(&session.name))
            .map(|task| task.id)
            .collect();
        let at = queue.iter().position(|known| known == id);
        let before = at.and_then(|at| at.checked_sub(1)).and_then(|at| queue.get(at)).cloned();
        let after = queue.get(at.map_or(0, |at| at + 1)).cloned();
        Ok(Self { before, after, left: queue.len() })
    }
}

/// The list, in which there is something, as a form that decides about what is chosen.
pub(crate) async fn list(
    console: &Console,
    session: &Session,
    filter: &Filter,
    tasks: &[Task],
) -> Result<Markup, Refusal> {
    // A page that has been decided away is the last one.
    let page = filter.page().min(tasks.len().saturating_sub(1) / PAGE);
    let shown = tasks.iter().skip(page * PAGE).take(PAGE).cloned().collect::<Vec<_>>();
    let shown = rows(&shown, console.clock.now()).into_iter().zip(shown);
    let rows =
        stream::iter(shown).map(|(row, task)| async move { entry(console, session, &task, &row).await });
    let rows: Vec<Markup> = rows.buffered(READS_AT_ONCE).try_collect().await?;
    let may = session.may(Role::Decide);
    let (before, after) = (page.checked_sub(1), Some(page + 1).filter(|next| next * PAGE < tasks.len()));
    Ok(html! {
        form.decide.batch method="post" action="/ui/decide" {
            (layout::csrf(session))
            @if may {
                div.buttons {
                    button type="submit" name="what" value="approve" { "Approve the chosen" }
                    button.danger type="submit" name="what" value="reject" { "Reject the chosen" }
                    span.quiet.small { "Choose drafts that you have read." }
                }
            }
            ul.list { @for row in rows { (row) } }
        }
        @if tasks.len() > PAGE {
            nav.more aria-label="Pages of the queue" {
                @if let Some(before) = before { a.button rel="prev" href=(filter.with_page(before)) { "Before these" } " " }
                span.quiet { (page * PAGE + 1) " to " (tasks.len().min((page + 1) * PAGE)) " of " (tasks.len()) }
                @if let Some(after) = after { " " a.button rel="next" href=(filter.with_page(after)) { "After these" } }
            }
        }
    })
}

/// A row, its draft to unfold, and the box that chooses that very draft.
async fn entry(console: &Console, session: &Session, task: &Task, row: &Markup) -> Result<Markup, Refusal> {
    let hash = task.doc.draft.as_ref().map_or("", |draft| draft.hash.as_str());
    let (text, asked) =
        futures::try_join!(draft::one(&console.stores, task, hash), asked::of(console, task))?;
    let shown = text.as_deref().filter(|text| text.len() <= MAX_DRAFT);
    let may = session.may(Role::Decide) && shown.is_some() && !task.is_requested_by(&session.name);
    Ok(html! {
        li.entry data-id=(task.id) {
            @if may {
                label.choose {
                    input type="checkbox" name="chosen" value={ (task.id) ":" (hash) };
                    span.hidden { "Choose " (title(&task.doc)) }
                }
            } @else { span.choose {} }
            div {
                (row)
                @match shown {
                    Some(text) => {
                        details.seen {
                            summary { "Question and draft" }
                            div.pair {
                                @if let Some(asked) = &asked { (question(asked)) }
                                div.prose { (draft::rendered(text)) }
                            }
                        }
                    }
                    None => { p.quiet.small { "Its draft is long: open it to decide." } }
                }
            }
        }
    })
}

/// The beginning of what was asked, beside its draft.
fn question(asked: &Asked) -> Markup {
    let begin = domain::clip(asked.text.trim(), ASKED_BYTES);
    html! {
        blockquote.asked { (begin) @if begin.len() < asked.text.trim().len() { "…" } }
    }
}

/// What the form sends.
pub(crate) struct Batch {
    what: String,
    chosen: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequest<S> for Batch {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let session = request.extensions().get::<Session>().cloned();
        let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
        let Form(fields) =
            form.map_err(|_| Refusal::Malformed("The form did not arrive as it was sent.".to_owned()))?;
        let all = |name: &'static str| {
            fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value)
        };
        if !session.is_some_and(|session| all("csrf").any(|csrf| session.made(csrf))) {
            return Err(Failure(Refusal::Forged("The form is not of this session.")));
        }
        let chosen = all("chosen").filter_map(|value| value.split_once(':'));
        Ok(Self {
            what: all("what").next().cloned().unwrap_or_default(),
            chosen: chosen.take(PAGE).map(|(id, hash)| (id.to_owned(), hash.to_owned())).collect(),
        })
    }
}

async fn is_done(
    console: &Console,
    id: &TaskId,
    hash: &str,
    what: &str,
    session: &Session,
) -> Result<bool, Refusal> {
    let task = console.stores.tasks.get(id).await?;
    Ok(task.is_some_and(|task| is_repeated(&task, hash, what, &session.name)))
}

/// Decides about each of the chosen drafts as about one alone: the first decision wins, bound to the draft that was
/// shown. What could not be decided is said, and costs the others nothing.
pub(crate) async fn decide(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Extension(caller): Extension<Caller>,
    batch: Batch,
) -> Result<Response, Failure> {
    let input = match batch.what.as_str() {
        "approve" => DecisionInput::Approve { text: None, intent: None },
        "reject" => DecisionInput::Reject { reason: None },
        _ => return Err(Failure(Refusal::Malformed("The button is none of this page.".to_owned()))),
    };
    let mut failed = Vec::new();
    for (id, hash) in &batch.chosen {
        let decided = match id.parse::<TaskId>() {
            Ok(id) => match decision::settle(&console, &id, input.clone(), hash, &caller).await {
                Err(Refusal::Conflict { .. })
                    if is_done(&console, &id, hash, &batch.what, &session).await? =>
                {
                    Ok(())
                }
                decided => decided.map(drop),
            },
            Err(_) => Err(Refusal::NoSuchTask(domain::clip(id, 64).to_owned())),
        };
        if let Err(refusal) = decided {
            failed.push((id, refusal.problem()));
        }
    }
    if failed.is_empty() {
        let done = if batch.chosen.is_empty() { "nothing" } else { batch.what.as_str() };
        return Ok(Redirect::to(&format!("/?done={done}")).into_response());
    }
    let body = html! {
        section.card {
            h1 { (batch.chosen.len() - failed.len()) " decided, " (failed.len()) " not" }
            ul { @for (id, problem) in &failed {
                li { a href={ "/ui/tasks/" (id) } { (id) } ": " (problem.title) ". " (problem.detail) }
            } }
            p { a.button href="/" { "To the queue" } }
        }
    };
    let page = layout::page(&session, Place::Tasks, "Decided", &body);
    Ok((http::StatusCode::CONFLICT, page).into_response())
}
