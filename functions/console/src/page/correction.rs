//! What people say would have been right about a task, and the forms in which they say it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Correction, CorrectionKind, Labelled, Task, Thumb, has_published, is_called_spam};
use maud::{Markup, html};
use settings::Role;

use super::failure::Failure;
use super::filter::{Filter, View};
use super::guard::{Fields, Member, Signed};
use super::layout;
use super::task::{self, Notice};
use super::words::{ahead, count};
use crate::Console;
use crate::auth::Caller;
use crate::correction::{CorrectionInput, record};
use crate::refusal::Refusal;

/// Keeps what the form says.
pub(crate) async fn correct(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    filter: Filter,
    Signed(fields): Signed,
) -> Result<Response, Failure> {
    let task = task::find(&console, &id).await?;
    let refusal = match record(&console, &task.id, &said(&fields), &caller).await {
        Ok(task) => {
            let to = filter.after(&format!("/ui/tasks/{}", task.id), "corrected", None);
            return Ok(Redirect::to(&to).into_response());
        }
        Err(refusal @ (Refusal::Conflict { .. } | Refusal::Malformed(_))) => refusal.problem(),
        Err(refusal) => return Err(Failure(refusal)),
    };
    let view = View { console: &console, session: &session, filter: &filter };
    let text = format!("{}: {}", refusal.title, refusal.detail);
    let notice = Notice { good: false, text: &text, of: None };
    let page = task::show(view, &task, Some(&notice), None).await?;
    Ok((refusal.status, page).into_response())
}

/// What the pressed button says; the intent is only read if it was that button.
fn said(fields: &Fields) -> CorrectionInput {
    let spam = match fields.spam.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let thumb = match fields.thumb.as_str() {
        "up" => Some(Thumb::Up),
        "down" => Some(Thumb::Down),
        _ => None,
    };
    let intent = fields.intent().filter(|_| spam.is_none() && thumb.is_none());
    CorrectionInput { intent, spam, thumb }
}

/// What was said so far, and the form to say more.
pub(super) fn section(view: View<'_>, task: &Task, labelled: &Labelled) -> Markup {
    let is_sorted = task.doc.classification.is_some() || is_called_spam(task);
    let may = view.session.may(Role::Decide) && is_sorted;
    if !may && labelled.corrections.is_empty() && labelled.reactions.is_none() {
        return html! {};
    }
    html! {
        section.card #correction {
            h2 { "Was it right?" }
            @if let Some(reactions) = &labelled.reactions {
                p { "👍 " (count(reactions.up)) " · 👎 " (count(reactions.down)) " where it was published" }
            }
            @if !labelled.corrections.is_empty() {
                ul { @for it in &labelled.corrections { li { (line(it)) } } }
            }
            @if may { (form(view, task)) }
        }
    }
}

fn line(it: &Correction) -> Markup {
    let said = match (it.kind, it.said.as_str()) {
        (CorrectionKind::Thumb, "up") => "👍 a good answer",
        (CorrectionKind::Thumb, _) => "👎 not a good answer",
        (CorrectionKind::Spam, domain::NOT_SPAM) => "not spam",
        (_, said) => said,
    };
    html! {
        strong { (said) } ", said by " (it.by) " · " (ahead(it.at))
        @if let Some(model_said) = &it.model_said {
            div.quiet.small {
                "the model said " (model_said)
                @if let Some(confidence) = it.confidence { " (" (format!("{confidence:.2}")) ")" }
            }
        }
    }
}

fn form(View { console, session, filter }: View<'_>, task: &Task) -> Markup {
    let intents = &console.intents;
    html! {
        form.decide method="post" action=(filter.at(&format!("/ui/tasks/{}/correct", task.id))) {
            (layout::csrf(session))
            @if !intents.is_empty() {
                label for="right-intent" { "The right intent" }
                (choice("right-intent", task, intents, ""))
            }
            div.buttons {
                @if !intents.is_empty() { button type="submit" { "Save the intent" } }
                @if is_called_spam(task) {
                    button type="submit" name="spam" value="false" { "It is not spam" }
                } @else {
                    button type="submit" name="spam" value="true" { "It is spam" }
                }
                @if has_published(task) {
                    button type="submit" name="thumb" value="up" { "👍 Good answer" }
                    button type="submit" name="thumb" value="down" { "👎 Bad answer" }
                }
            }
            p.quiet.small { "A label for the next evaluation: it publishes nothing and changes nothing else." }
        }
    }
}

/// A choice of the intents; the first one says nothing.
pub(super) fn choice(id: &str, task: &Task, intents: &[String], chosen: &str) -> Markup {
    let known = task.doc.classification.as_ref().map(|known| known.intent.as_str());
    html! {
        select id=(id) name="intent" {
            option value="" {
                @match known { Some(known) => { "Sorted as " (known) }, None => "Choose one" }
            }
            @for intent in intents { option value=(intent) selected[intent == chosen] { (intent) } }
        }
    }
}
