//! The draft of a task: as it will look, in a form to edit and decide, and compared with others.

use domain::{Blob, DraftOrigin, PartKey, StoreError, Stores, Task, TaskStatus, UNWRITTEN, short_sha256};
use markdown::Limit;
use maud::{Markup, PreEscaped, html};
use settings::Role;

use super::correction;
use super::decide::EDIT;
use super::diff::diff;
use super::filter::View;
use super::layout;
use super::session::Session;

/// What parts with the text of a draft begin with.
const DRAFTS: &str = "draft:";
/// Bytes of HTML that a draft may become.
const MAX_HTML: Limit = Limit::bytes(512 << 10);

/// The texts of a task's drafts, by their hashes.
pub(crate) struct Drafts(Vec<(String, String)>);

/// What a person has typed, when their form is shown again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    /// Their version. `None` while they have changed nothing: what a form carries was the draft then, and may be an old one.
    pub(crate) text: Option<String>,
    pub(crate) note: String,
    pub(crate) intent: String,
}

impl Drafts {
    /// Reads them.
    pub(crate) async fn of(stores: &Stores, task: &Task) -> Result<Self, StoreError> {
        if task.doc.draft.is_none() && task.doc.decision.is_none() {
            return Ok(Self(Vec::new()));
        }
        let parts = stores.payloads.list(&task.id, DRAFTS).await?;
        let texts = parts.iter().filter_map(|(part, blob)| match text(blob) {
            Ok(text) => Some((part.as_str().strip_prefix(DRAFTS)?.to_owned(), text)),
            Err(error) => {
                tracing::error!(task_id = %task.id, %part, %error, "a draft cannot be read");
                None
            }
        });
        Ok(Self(texts.collect()))
    }

    /// The text with this hash.
    pub(crate) fn get(&self, hash: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == hash).map(|(_, text)| text.as_str())
    }
}

/// The text of the draft with this hash alone.
pub(crate) async fn one(stores: &Stores, task: &Task, hash: &str) -> Result<Option<String>, StoreError> {
    let blob = stores.payloads.get(&task.id, &PartKey::draft(hash)).await?;
    blob.map(|blob| text(&blob)).transpose()
}

fn text(blob: &Blob) -> Result<String, StoreError> {
    blob.text().map_err(|error| StoreError::broken("read a draft", error))
}

/// Everything about the draft.
pub(crate) fn section(view: View<'_>, task: &Task, drafts: &Drafts, typed: Option<&Typed>) -> Markup {
    let session = view.session;
    let Some(draft) = &task.doc.draft else { return html! {} };
    let Some(text) = drafts.get(&draft.hash) else {
        return html! { section.card { h2 { "Draft" } p.notice.bad { "Its text cannot be read; the log says why." } } };
    };
    let parked = task.control.status == TaskStatus::AwaitingApproval;
    let by = match draft.from {
        DraftOrigin::Model => "written by the model",
        DraftOrigin::Fallback if draft.is_unwritten() => "not written yet",
        DraftOrigin::Fallback => "a stand-in for a model's answer",
        DraftOrigin::Person => "edited by a person",
    };
    // Of a parked draft alone: what was decided is no longer edited.
    let edit = typed.and_then(|typed| typed.text.as_deref()).filter(|edit| parked && *edit != text);
    html! {
        section.card #draft {
            div.split {
                h2 { @if task.control.status == TaskStatus::Completed { "Published" } @else { "Draft" } }
                span.quiet { (by) }
            }
            (shown(text, edit))
            @if parked {
                @if !session.may(Role::Decide) {
                    p.quiet { "Your token may not decide." }
                } @else if task.is_requested_by(&session.name) {
                    p.quiet { "You requested this task: somebody else has to decide about it." }
                } @else {
                    (form(view, task, (&draft.hash, text), typed, edit))
                }
            }
            (compared(task, drafts, &draft.hash, text))
        }
    }
}

/// What a person has typed where no form takes it any more, since the task was decided or moved on: it is nowhere else.
pub(crate) fn unsent(session: &Session, task: &Task, typed: &Typed) -> Markup {
    if is_decided_by(session, task) {
        return html! {};
    }
    let is_draft = |text: &str| task.doc.draft.as_ref().is_some_and(|draft| draft.hash == short_sha256(text));
    let text = typed.text.as_deref().filter(|text| !is_draft(text));
    let note = Some(typed.note.trim()).filter(|note| !note.is_empty());
    html! {
        @if text.is_some() || note.is_some() {
            section.card #unsent {
                h2 { "What you typed" }
                p.notice { "It was not used, and it is kept on this page alone: copy what you want to keep." }
                @if let Some(text) = text {
                    label for="unsent-text" { "Your version" }
                    textarea #unsent-text readonly data-copy="your version" rows=(rows(text)) { "\n" (text) }
                }
                @if let Some(note) = note {
                    label for="unsent-note" { "Your note" }
                    input #unsent-note readonly value=(note);
                }
            }
        }
    }
}

/// Whether this person decides about the draft of `task`.
pub(crate) fn is_decided_by(session: &Session, task: &Task) -> bool {
    task.control.status == TaskStatus::AwaitingApproval
        && session.may(Role::Decide)
        && !task.is_requested_by(&session.name)
}

/// The draft as a reader will see it; as it was written, where that is too much for a page: whoever publishes it has
/// seen all of it.
pub(crate) fn rendered(text: &str) -> Markup {
    let Some(html) = markdown::to_html(text, MAX_HTML) else {
        return html! {
            p.quiet { "Too much for this page as it will look: this is how it is written." }
            pre tabindex="0" { (text) }
        };
    };
    // In what `to_html` returns, `<` begins a tag and nothing else: text has it escaped.
    let link = "<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"";
    // Long code and wide tables scroll, also for who has keys alone.
    let table = "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>";
    let html = html.replace("<a href=\"", link).replace("<pre>", "<pre tabindex=\"0\">");
    PreEscaped(html.replace("<table>", table).replace("</table>", "</table></div>"))
}

/// What the first button publishes: the draft, or the edit in its place, with what it changes.
fn shown(text: &str, edit: Option<&str>) -> Markup {
    html! {
        div.shown {
            @if let Some(edit) = edit {
                p.notice { "Your version. It is not published yet." }
                div.prose { (rendered(edit)) }
                h3 { "Your changes" }
                (diff(text, edit))
            } @else {
                div.prose { (rendered(text)) }
            }
        }
    }
}

/// One form, several buttons: what was typed goes along with each.
fn form(
    View { console, session, filter }: View<'_>,
    task: &Task,
    (hash, text): (&str, &str),
    typed: Option<&Typed>,
    edit: Option<&str>,
) -> Markup {
    let intents = &console.intents;
    let action = |what: &str| filter.at(&format!("/ui/tasks/{}/{what}", task.id));
    let note = typed.map_or("", |typed| typed.note.as_str());
    // Whoever writes it begins with nothing.
    let unwritten = text == UNWRITTEN;
    let shown = edit.unwrap_or(if unwritten { "" } else { text });
    html! {
        form.decide method="post" action=(action("approve")) data-preview=(action("preview")) {
            (layout::csrf(session))
            (layout::shown(session, None))
            input type="hidden" name="draft_hash" value=(hash) autocomplete="off";
            details.edit open[edit.is_some() || unwritten] {
                summary { @if unwritten { "Write the text" } @else { "Edit the text" } }
                label.hidden for="text" { "Text to publish" }
                // A browser drops the first line end in a text area.
                textarea #text name="text" data-copy="the text" rows=(rows(shown)) spellcheck="true" autocomplete="off" { "\n" (shown) }
                button type="submit" formaction=(action("preview")) { "Show changes" }
            }
            label for="note" { "Note" }
            input #note name="note" value=(note) maxlength="500" autocomplete="off"
                placeholder="Why you reject it, or what the new draft should do differently";
            @if task.doc.classification.is_some() && !intents.is_empty() {
                label for="intent" { "Intent" }
                (correction::choice("intent", task, intents, typed.map_or("", |typed| &typed.intent)))
            }
            div.buttons {
                @if edit.is_some() {
                    button.primary type="submit" name="publish" value=(EDIT) { "Publish your version" }
                    a.button href=(filter.task(&task.id)) { "Discard my changes" }
                } @else {
                    button.primary type="submit" name="publish" value="draft" {
                        @if unwritten { "Publish your version" } @else { "Approve and publish" }
                    }
                }
                button type="submit" formaction=(action("retry")) { "Ask for a new draft" }
                button.danger type="submit" formaction=(action("reject")) { "Reject" }
            }
            p.quiet.small { "Your decision is about draft " code { (domain::clip(hash, 8)) } "." }
        }
    }
}

/// Lines of the text area for `text`.
fn rows(text: &str) -> usize {
    text.lines().count().clamp(4, 24) + 2
}

/// The present draft beside the one that the person saw, and beside those of former rounds.
fn compared(task: &Task, drafts: &Drafts, hash: &str, text: &str) -> Markup {
    let seen = task.doc.decision.as_ref().map(|decision| decision.draft_hash.as_str());
    let others = drafts.0.iter().filter(|(other, _)| other != hash);
    html! {
        @for (other, old) in others {
            details {
                summary {
                    @if Some(other.as_str()) == seen { "What was edited" }
                    @else { "Compared with another draft, " code { (domain::clip(other, 8)) } }
                }
                (diff(old, text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_a_draft_scrolls_within_itself() {
        let out = rendered("| a | `<table>` |\n|-|-|\n| b | c |\n\n<table>").into_string();
        let whole = out
            .split_once("aria-label=\"Table\"><table>")
            .and_then(|(_, rest)| rest.split_once("</table></div>"));
        assert!(
            whole.is_some_and(|(table, rest)| !table.contains("<table>") && !rest.contains("<div")),
            "{out}"
        );
    }

    #[test]
    fn links_of_a_draft_open_elsewhere_and_tell_nobody_where_from() {
        let out = rendered("[a](https://x.example) `<a href=\"b\">`").into_string();
        assert!(out.contains(
            "<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"https://x.example\">"
        ));
        assert_eq!(out.matches("<a ").count(), 1, "{out}");
    }
}
