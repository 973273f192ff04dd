//! What the forms of a task do. The rules are those of the API: `decision` decides, the first one wins.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::{DecisionInput, Task, TaskId, Timestamp, UNWRITTEN, between};
use http::StatusCode;

use super::draft::{self, Typed};
use super::failure::Failure;
use super::filter::{Filter, View};
use super::guard::{Fields, Member, Signed};
use super::queue::Neighbours;
use super::session::Session;
use super::task::{self, Notice};
use crate::auth::Caller;
use crate::correction::{CorrectionInput, record};
use crate::refusal::Refusal;
use crate::{Console, decision};

/// Shows the page again, with what would change.
pub(crate) async fn preview(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Path(id): Path<String>,
    filter: Filter,
    Signed(fields): Signed,
) -> Result<Response, Failure> {
    let view = View { console: &console, session: &session, filter: &filter };
    let task = task::find(&console, &id).await?;
    let typed = typed(&console, &task, &fields).await?;
    Ok(task::show(view, &task, None, Some(&typed)).await?.into_response())
}

/// Publishes what the button said: the draft, or the text as edited. An edit behind a button that says nothing of
/// it is shown and not published: whoever pressed the button may have forgotten it, or never seen it.
pub(crate) async fn approve(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    filter: Filter,
    Signed(fields): Signed,
) -> Result<Response, Failure> {
    let view = View { console: &console, session: &session, filter: &filter };
    let task = task::find(&console, &id).await?;
    if is_unseen(&session, &fields.shown) {
        return unseen(view, &task, &fields).await;
    }
    let text = match edited(&console, &task, &fields).await? {
        Edit::Changed if fields.publish != EDIT => {
            let text = "You have edited the text, and nothing is published yet. This is your version: publish it, or \
                        discard your changes.";
            return shown_again(view, &task, &fields, text).await;
        }
        Edit::None => None,
        Edit::Changed | Edit::OfUnknown => fields.text.as_deref().map(unix),
    };
    let input = DecisionInput::Approve { text, intent: fields.intent() };
    let place = Neighbours::of(view, &task.id).await?;
    let done = decision::settle_once(&console, &task.id, input, &fields.draft_hash, &caller).await;
    answer(view, &task, &fields, place, done, "approved").await
}

/// Refuses the draft.
pub(crate) async fn reject(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    filter: Filter,
    Signed(fields): Signed,
) -> Result<Response, Failure> {
    let view = View { console: &console, session: &session, filter: &filter };
    let task = task::find(&console, &id).await?;
    if is_unseen(&session, &fields.shown) {
        return unseen(view, &task, &fields).await;
    }
    if matches!(edited(&console, &task, &fields).await?, Edit::Changed) {
        return shown_again(view, &task, &fields, LOST).await;
    }
    let place = Neighbours::of(view, &task.id).await?;
    let done = match note(&console, &task, &fields, &caller).await {
        Ok(reason) => {
            let input = DecisionInput::Reject { reason };
            decision::settle_once(&console, &task.id, input, &fields.draft_hash, &caller).await
        }
        Err(refusal) => Err(refusal),
    };
    answer(view, &task, &fields, place, done, "rejected").await
}

/// Asks for another draft, or sends an ended task around again.
pub(crate) async fn retry(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    filter: Filter,
    Signed(fields): Signed,
) -> Result<Response, Failure> {
    let view = View { console: &console, session: &session, filter: &filter };
    let task = task::find(&console, &id).await?;
    if is_unseen(&session, &fields.shown) {
        return unseen(view, &task, &fields).await;
    }
    if matches!(edited(&console, &task, &fields).await?, Edit::Changed) {
        return shown_again(view, &task, &fields, LOST).await;
    }
    let place = Neighbours::of(view, &task.id).await?;
    let done = match note(&console, &task, &fields, &caller).await {
        Ok(note) => decision::again(&console, &task.id, note, &caller).await,
        Err(refusal) => Err(refusal),
    };
    answer(view, &task, &fields, place, done, "retried").await
}

/// What a person is told whose button throws away what they have typed.
const LOST: &str = "You have edited the text, and nothing is decided yet: this would throw your version away. Publish it, or \
                    discard your changes first.";

/// The page again, with their version and what they are told.
async fn shown_again(view: View<'_>, task: &Task, fields: &Fields, text: &str) -> Result<Response, Failure> {
    let notice = Notice { good: false, text, of: None };
    let typed = typed(view.console, task, fields).await?;
    Ok(task::show(view, task, Some(&notice), Some(&typed)).await?.into_response())
}

/// What the person adds; the intent that they chose besides is kept.
async fn note(
    console: &Console,
    task: &Task,
    fields: &Fields,
    caller: &Caller,
) -> Result<Option<String>, Refusal> {
    let note = decision::short("note", Some(fields.note.clone()))?;
    if let intent @ Some(_) = fields.intent() {
        record(console, &task.id, &CorrectionInput { intent, ..CorrectionInput::default() }, caller).await?;
    }
    Ok(note)
}

/// The value of the button that publishes an edit.
pub(crate) const EDIT: &str = "edit";

/// Whether a form's text is the draft that it was made for.
enum Edit {
    None,
    /// It is another one.
    Changed,
    /// There is no such draft: the decision is refused.
    OfUnknown,
}

async fn edited(console: &Console, task: &Task, fields: &Fields) -> Result<Edit, Refusal> {
    let Some(text) = &fields.text else { return Ok(Edit::None) };
    let seen = draft::one(&console.stores, task, &fields.draft_hash).await?;
    Ok(match seen {
        Some(seen) if unix(&seen) == unix(text) => Edit::None,
        Some(seen) if seen == UNWRITTEN && text.trim().is_empty() => Edit::None,
        Some(_) => Edit::Changed,
        None => Edit::OfUnknown,
    })
}

/// Forms send line ends as CR LF, whatever they were.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// What of a form is the person's own: a text is theirs if it is another one than the draft that the form was made for.
async fn typed(console: &Console, task: &Task, fields: &Fields) -> Result<Typed, Refusal> {
    let is_theirs = !matches!(edited(console, task, fields).await?, Edit::None);
    let text = fields.text.as_deref().map(unix).filter(|text| is_theirs && !text.trim().is_empty());
    Ok(Typed { text, note: fields.note.clone(), intent: fields.intent.clone() })
}

/// Nobody reads a draft in less time: a second click or key that was meant for the page before falls on the next one.
const READING: Duration = Duration::from_secs(1);

/// Whether the form had hardly been shown when its button was pressed.
pub(crate) fn is_unseen(session: &Session, shown: &str) -> bool {
    let shown = shown.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    shown.is_some_and(|shown| between(shown, session.at) < READING)
}

/// The page again, with a soft word.
async fn unseen(view: View<'_>, task: &Task, fields: &Fields) -> Result<Response, Failure> {
    let text = "Nothing was decided: this page had been shown for less than a second. Look at the draft, then decide.";
    Ok((StatusCode::CONFLICT, shown_again(view, task, fields, text).await?).into_response())
}

/// What comes after a decision about `id`, with a word about it: the task behind it in the list of `filter`, else the one
/// before it, else itself. Its `place` is that before the decision, which takes it out of the queue.
fn onward(filter: &Filter, place: Neighbours, id: &TaskId, word: &str) -> String {
    match place.after.or(place.before) {
        Some(next) => filter.after(&format!("/ui/tasks/{next}"), word, Some(id)),
        None => filter.after(&format!("/ui/tasks/{id}"), word, None),
    }
}

/// On to the task, by way of a redirect, so that a reload decides nothing. If it was refused, the page
/// as it is now, with the reason and with what was typed.
async fn answer(
    view: View<'_>,
    before: &Task,
    fields: &Fields,
    place: Neighbours,
    done: Result<Task, Refusal>,
    word: &str,
) -> Result<Response, Failure> {
    let refusal = match done {
        Ok(task) => return Ok(Redirect::to(&onward(view.filter, place, &task.id, word)).into_response()),
        Err(refusal @ (Refusal::Conflict { .. } | Refusal::OwnTask(_) | Refusal::Malformed(_))) => refusal,
        Err(refusal) => return Err(Failure(refusal)),
    };
    let problem = refusal.problem();
    let task = task::find(view.console, before.id.as_str()).await?;
    let typed = typed(view.console, &task, fields).await?;
    let kept = if typed.text.is_some() { " Your version is not published; it is below." } else { "" };
    let text = format!("{}: {}{kept}", problem.title, problem.detail);
    let notice = Notice { good: false, text: &text, of: None };
    let page = task::show(view, &task, Some(&notice), Some(&typed)).await?;
    Ok((problem.status, page).into_response())
}
