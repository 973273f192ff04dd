//! The queue: parked drafts, those that expire first at the top; decided one by one or several at once.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::{DecisionInput, Stage, StoreError, Task, TaskId, TaskStatus, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use maud::{Markup, PreEscaped, html};
use settings::Role;

use super::census::some;
use super::decide::is_unseen;
use super::draft;
use super::failure::Failure;
use super::filter::{Filter, View};
use super::guard::Member;
use super::layout::{self, Place};
use super::session::Session;
use super::tasks::{matching, rows};
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
/// Bytes of questions and drafts of a page, as they are sent: with its rows, and style and script, it weighs 60 KB at the most.
const ROOM: usize = 24_000;
/// Drafts that are looked at: those that expire first. Those behind them come up when these are decided.
const MAX_QUEUE: usize = 500;
/// Tasks or drafts that are read at once.
const READS_AT_ONCE: usize = 16;

/// The form that decides about several.
pub(crate) const FORM: &str = "batch";

/// The parked tasks that a page knows.
pub(crate) struct Queue {
    /// As the index has them: what is due first first. A parked task is due when it expires, and before that as long as its
    /// message in Slack is to be posted.
    pub(crate) ids: Vec<TaskId>,
    /// Whether others wait behind them.
    pub(crate) more: bool,
}

/// Looks up what expires first; of the tasks themselves a page reads those that it shows.
async fn parked(console: &Console) -> Result<Queue, Refusal> {
    let due = console.stores.tasks.due(Stage::AwaitingApproval, Timestamp::MAX, MAX_QUEUE).await?;
    let more = due.len() == MAX_QUEUE;
    Ok(Queue { ids: due.into_iter().map(|due| due.task_id).collect(), more })
}

/// The queue, or those of it that `filter` lets through, in the order of its list.
pub(crate) async fn within(console: &Console, filter: &Filter) -> Result<Queue, Refusal> {
    let mut queue = parked(console).await?;
    if filter.narrows() {
        let mut tasks = read(console, &queue.ids).await?;
        tasks.retain(|task| filter.source.is_empty() || task.doc.source == filter.source);
        let found = matching(console, filter, tasks, console.clock.now()).await?;
        queue.ids = found.into_iter().map(|task| task.id).collect();
    }
    Ok(queue)
}

/// Those of `ids` that are parked, those that expire first first, and of those the oldest. The index lags: what has been
/// decided meanwhile is left out.
async fn read(console: &Console, ids: &[TaskId]) -> Result<Vec<Task>, Refusal> {
    let read = stream::iter(ids.to_vec()).map(|id| async move { one(console, &id).await });
    let found: Vec<Option<Task>> = read.buffered(READS_AT_ONCE).try_collect().await?;
    let mut tasks: Vec<Task> = found.into_iter().flatten().collect();
    tasks.sort_by_key(|task| (task.doc.expires_at, task.doc.received_at));
    Ok(tasks)
}

/// The task, if it is parked. What cannot be read is left out, or one damaged draft would hide all others.
async fn one(console: &Console, id: &TaskId) -> Result<Option<Task>, Refusal> {
    match console.stores.tasks.get(id).await {
        Ok(task) => Ok(task.filter(|task| task.control.status == TaskStatus::AwaitingApproval)),
        Err(error @ StoreError::Broken { .. }) => {
            tracing::error!(task_id = %id, %error, "a parked task cannot be read; the queue leaves it out");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The parked tasks of a list before and after one, of those that this person may decide about, and how many are parked.
pub(crate) struct Neighbours {
    pub(crate) before: Option<TaskId>,
    pub(crate) after: Option<TaskId>,
    /// How many there are, the person's own among them.
    pub(crate) left: Option<String>,
}

impl Neighbours {
    /// A task that the list no longer has, has its ends for its neighbours.
    pub(crate) async fn of(
        View { console, session, filter }: View<'_>,
        id: &TaskId,
    ) -> Result<Self, Refusal> {
        let Queue { ids, more } = within(console, filter).await?;
        let at = ids.iter().position(|known| known == id);
        let (before, after) = match at {
            Some(at) => (ids.get(..at), ids.get(at + 1..)),
            None => (None, Some(ids.as_slice())),
        };
        let before = first_of(console, session, before.unwrap_or_default().iter().rev()).await?;
        let after = first_of(console, session, after.unwrap_or_default().iter()).await?;
        let left = (!ids.is_empty()).then(|| some(ids.len(), more));
        Ok(Self { before, after, left })
    }
}

/// The first of `ids` that this person may decide about.
async fn first_of(
    console: &Console,
    session: &Session,
    ids: impl Iterator<Item = &TaskId>,
) -> Result<Option<TaskId>, Refusal> {
    for id in ids {
        if one(console, id).await?.is_some_and(|task| !task.is_requested_by(&session.name)) {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

/// The list, in which there is something, as a form that decides about what is chosen.
pub(crate) async fn list(
    console: &Console,
    session: &Session,
    filter: &Filter,
    Queue { ids, more }: &Queue,
) -> Result<Markup, Refusal> {
    // A page that has been decided away is the last one.
    let page = filter.page().min(ids.len().saturating_sub(1) / PAGE);
    let shown = read(console, ids.chunks(PAGE).nth(page).unwrap_or_default()).await?;
    let shown = rows(filter, &shown, console.clock.now()).into_iter().zip(shown);
    let entries = stream::iter(shown).map(|(row, task)| Entry::read(console, session, task, row));
    let entries: Vec<Entry> = entries.buffered(READS_AT_ONCE).try_collect().await?;
    let mut room = ROOM;
    let rows = entries.iter().map(|entry| entry.shown(&mut room));
    let may = session.may(Role::Decide);
    let (before, after) = (page.checked_sub(1), Some(page + 1).filter(|next| next * PAGE < ids.len()));
    Ok(html! {
        form.decide.batch #(FORM) method="post" action=(filter.at("/ui/decide")) {
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
        @if ids.len() > PAGE {
            nav.more aria-label="Pages of the queue" {
                @if let Some(before) = before { a.button rel="prev" href=(filter.with_page(before)) { "Before these" } " " }
                span.quiet { (page * PAGE + 1) " to " (ids.len().min((page + 1) * PAGE)) " of " (some(ids.len(), *more)) }
                @if let Some(after) = after { " " a.button rel="next" href=(filter.with_page(after)) { "After these" } }
            }
        }
        @if *more && after.is_none() {
            p.quiet.small { "These expire first. What waits behind them comes up when some are decided." }
        }
    })
}

/// A row of the queue.
struct Entry {
    task: Task,
    row: Markup,
    /// Question and draft; `None` where the draft is too long for a list.
    texts: Option<String>,
    /// Whether this person may decide about it.
    may: bool,
}

impl Entry {
    async fn read(console: &Console, session: &Session, task: Task, row: Markup) -> Result<Self, Refusal> {
        let (text, asked) =
            futures::try_join!(draft::one(&console.stores, &task, hash(&task)), asked::of(console, &task))?;
        let draft = text.filter(|text| text.len() <= MAX_DRAFT);
        let texts = draft.map(|draft| {
            let pair = html! {
                @if let Some(asked) = &asked { (question(asked)) }
                div.prose { (draft::rendered(&draft)) }
            };
            pair.into_string()
        });
        let may = session.may(Role::Decide) && !task.is_requested_by(&session.name);
        Ok(Self { task, row, texts, may })
    }

    /// The row, its texts to unfold if the page has `room` for them, and the box that chooses the draft that they show.
    fn shown(&self, room: &mut usize) -> Markup {
        let texts = self.texts.as_ref().filter(|texts| texts.len() <= *room);
        *room -= texts.map_or(0, String::len);
        html! {
            li.entry data-id=(self.task.id) {
                @if self.may && texts.is_some() {
                    label.choose {
                        input type="checkbox" name="chosen" value={ (self.task.id) ":" (hash(&self.task)) };
                        span.hidden { "Choose " (title(&self.task.doc)) }
                    }
                } @else { span.choose {} }
                div {
                    (self.row)
                    @match (texts, &self.texts) {
                        (Some(texts), _) => {
                            details.seen {
                                summary { "Question and draft" }
                                div.pair { (PreEscaped(texts)) }
                            }
                        }
                        (None, Some(_)) => { p.quiet.small { "This page is full: open it to decide." } }
                        (None, None) => { p.quiet.small { "Its draft is long: open it to decide." } }
                    }
                }
            }
        }
    }
}

/// The hash of its draft.
fn hash(task: &Task) -> &str {
    task.doc.draft.as_ref().map_or("", |draft| draft.hash.as_str())
}

/// What was asked, beside the draft that answers it: also what the same person asked before.
fn question(asked: &Asked) -> Markup {
    html! {
        @if let Some(opening) = asked.opening.as_ref().filter(|opening| **opening != asked.text) {
            p.quiet.small { "How the thread began" }
            (begun(opening))
            p.quiet.small { "What is asked" }
        }
        @for before in &asked.before { (begun(before)) }
        (begun(&asked.text))
    }
}

/// The beginning of a text.
fn begun(text: &str) -> Markup {
    let begin = domain::clip(text.trim(), ASKED_BYTES);
    html! {
        blockquote.asked { (begin) @if begin.len() < text.trim().len() { "…" } }
    }
}

/// What the form sends.
pub(crate) struct Batch {
    what: String,
    /// When the page was shown, as of the form of one.
    shown: String,
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
            return Err(Failure(Refusal::Forged(
                "The form belongs to another session. Load the page again.",
            )));
        }
        let chosen = all("chosen").filter_map(|value| value.split_once(':'));
        Ok(Self {
            what: all("what").next().cloned().unwrap_or_default(),
            shown: all("shown").next().cloned().unwrap_or_default(),
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
    filter: Filter,
    batch: Batch,
) -> Result<Response, Failure> {
    let input = match batch.what.as_str() {
        "approve" => DecisionInput::Approve { text: None, intent: None },
        "reject" => DecisionInput::Reject { reason: None },
        _ => {
            return Err(Failure(Refusal::Malformed(
                "This page has no such button. Load it again.".to_owned(),
            )));
        }
    };
    if is_unseen(&session, &batch.shown) {
        let said = html! {
            h1 { "Nothing was decided" }
            p { "The page had been shown for less than a second. Look at the drafts, then decide." }
        };
        return Ok(refused(&session, &filter, &said));
    }
    let mut failed = Vec::new();
    for (id, hash) in &batch.chosen {
        let decided = match id.parse::<TaskId>() {
            Ok(id) => decision::settle_once(&console, &id, input.clone(), hash, &caller).await,
            Err(_) => Err(Refusal::NoSuchTask(domain::clip(id, 64).to_owned())),
        };
        if let Err(refusal) = decided {
            failed.push((id, refusal.problem()));
        }
    }
    if failed.is_empty() {
        let done = if batch.chosen.is_empty() { "nothing" } else { batch.what.as_str() };
        return Ok(Redirect::to(&filter.after("/", done, None)).into_response());
    }
    let said = html! {
        h1 { (batch.chosen.len() - failed.len()) " decided, " (failed.len()) " not" }
        ul { @for (id, problem) in &failed {
            li { a href=(filter.task(id)) { (id) } ": " (problem.title) ". " (problem.detail) }
        } }
    };
    Ok(refused(&session, &filter, &said))
}

/// What was not decided, and the way back to the list that it was chosen from.
fn refused(session: &Session, filter: &Filter, said: &Markup) -> Response {
    let body = html! { section.card { (said) p { a.button href=(filter.at("/")) { "To the queue" } } } };
    (http::StatusCode::CONFLICT, layout::page(session, Place::Tasks, "Decided", &body)).into_response()
}
