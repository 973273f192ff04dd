//! The queue: parked drafts, those that expire first at the top; decided one by one or several at once.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::{DecisionInput, ListQuery, Task, TaskId, TaskStatus};
use futures::{StreamExt, TryStreamExt, stream};
use maud::{Markup, html};
use settings::Role;

use super::draft;
use super::failure::Failure;
use super::guard::Member;
use super::layout::{self, Place};
use super::session::Session;
use super::tasks::row;
use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::{Console, decision};

/// Drafts of a page: their texts are on it, since what is decided must have been seen.
const PAGE: usize = 20;
/// Bytes of a draft that a page shows; who decides about a longer one opens it.
const MAX_DRAFT: usize = 2_000;
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

/// The list, as a form that decides about what is chosen.
pub(crate) async fn list(console: &Console, session: &Session, tasks: &[Task]) -> Result<Markup, Refusal> {
    let first: Vec<Task> = tasks.iter().take(PAGE).cloned().collect();
    let rows = stream::iter(first).map(|task| async move { entry(console, session, &task).await });
    let rows: Vec<Markup> = rows.buffered(READS_AT_ONCE).try_collect().await?;
    let may = session.may(Role::Decide) && !tasks.is_empty();
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
        @if tasks.len() > PAGE { p.quiet { (tasks.len() - PAGE) " more wait behind these." } }
    })
}

/// A row, its draft to unfold, and the box that chooses that very draft.
async fn entry(console: &Console, session: &Session, task: &Task) -> Result<Markup, Refusal> {
    let hash = task.doc.draft.as_ref().map_or("", |draft| draft.hash.as_str());
    let text = draft::one(&console.stores, task, hash).await?;
    let shown = text.as_deref().filter(|text| text.len() <= MAX_DRAFT);
    let may = session.may(Role::Decide) && shown.is_some() && !task.is_requested_by(&session.name);
    Ok(html! {
        li.entry data-id=(task.id) {
            @if may {
                label.choose {
                    input type="checkbox" name="chosen" value={ (task.id) ":" (hash) };
                    span.hidden { "Choose " (task.doc.title.as_deref().unwrap_or(&task.doc.thread)) }
                }
            } @else { span.choose {} }
            div {
                (row(task, console.clock.now()))
                @match shown {
                    Some(text) => { details.seen { summary { "Draft" } div.prose { (draft::rendered(text)) } } }
                    None => { p.quiet.small { "Its draft is long: open it to decide." } }
                }
            }
        }
    })
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
            Ok(id) => decision::settle(&console, &id, input.clone(), hash, &caller).await.map(drop),
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
