//! Block Kit messages about drafts. Limits are those of "Block Kit reference" in Slack's documentation.
//!
//! Everything that comes from outside (names, drafts, reasons) is escaped, so that no draft mentions
//! anybody or dresses a link up. Only our own code writes `<…>`.

use domain::{Ask, Button, Closed, Origin, Outcome, Thumb, Timestamp, UNWRITTEN, clip};
use markdown::{Limit, to_mrkdwn};
use serde_json::{Value, json};

/// Characters of a section's text: Slack takes 3,000.
const MAX_SECTION: usize = 2_900;
/// Sections that a draft may take. Slack bounds all blocks together too, at about 13,000 characters.
const MAX_SECTIONS: usize = 3;
/// Choices of a menu, which Slack bounds, and characters of one of them.
const MAX_CHOICES: usize = 100;
const MAX_CHOICE: usize = 75;
/// Bytes of a field: Slack takes 2,000 characters.
const MAX_FIELD: usize = 500;

/// What a draft is that does not fit.
const LONGER: &str = "The draft is longer than what this message shows. Approving publishes all of it.";

/// What notifications show.
pub(crate) fn notification(ask: &Ask<'_>) -> String {
    format!("A draft for {} waits for a decision", escape(clip(&ask.task.doc.thread_name(), MAX_FIELD)))
}

/// The message that asks. A draft can be approved as another one of `intents`.
pub(crate) fn request(ask: &Ask<'_>, console_url: Option<&str>, intents: &[String]) -> Value {
    let draft = Draft::of(ask.draft);
    let mut blocks = vec![header("A draft waits for a decision"), about(ask)];
    blocks.extend(asked(ask));
    blocks.extend(draft.sections.iter().map(|text| section(text)));
    if draft.cut {
        let end = "the console shows it whole, and Approve publishes all of it";
        blocks.push(context(&format!(":scissors: *The draft is longer than this message* – {end}.")));
    }
    if let Some(expires) = ask.task.doc.expires_at {
        blocks.push(context(&format!("Expires {}  ·  {}", date(expires), ask.task.id)));
    }
    blocks.push(actions(ask, draft.cut, console_url, intents));
    Value::Array(blocks)
}

/// The message once it has ended: what was asked stays, the buttons are gone. The answer that goes out can be judged.
pub(crate) fn closed(ask: &Ask<'_>, closed: &Closed, console_url: Option<&str>) -> Value {
    let draft = Draft::of(ask.draft);
    let mut blocks = vec![section(&format!("*{}*", outcome(closed))), about(ask)];
    blocks.extend(asked(ask));
    blocks.extend(draft.sections.iter().map(|text| section(text)));
    if draft.cut {
        blocks.push(context(":scissors: The draft is longer than this message."));
    }
    if matches!(closed.outcome, Some(Outcome::Approved | Outcome::Edited)) {
        blocks.push(thumbs(ask));
    }
    let id = &ask.task.id;
    let link = page(ask, console_url).map_or_else(|| id.to_string(), |url| format!("<{url}|{id}>"));
    blocks.push(context(&link));
    Value::Array(blocks)
}

/// Who decided what and when, in a sentence.
pub(crate) fn outcome(closed: &Closed) -> String {
    let who = match &closed.from {
        Some(Origin::Slack { user, .. }) => format!("<@{}>", escape(user)),
        _ => escape(clip(&closed.by, MAX_FIELD)),
    };
    let at = date(closed.at);
    match closed.outcome {
        Some(Outcome::Approved) => format!(":white_check_mark: Approved by {who} {at}"),
        Some(Outcome::Edited) => format!(":pencil2: Edited and approved by {who} {at}"),
        Some(Outcome::Rejected) => format!(":no_entry: Rejected by {who} {at}"),
        Some(Outcome::Expired) => format!(":hourglass: Expired {at}: nobody decided in time"),
        None => format!(":arrows_counterclockwise: A new draft was asked for by {who} {at}"),
    }
}

/// A draft as it is shown.
struct Draft {
    sections: Vec<String>,
    /// Whether that is not all of it.
    cut: bool,
}

impl Draft {
    /// Cuts between lines, or where a line is too long between words, so that most marks stay whole.
    fn of(markdown: &str) -> Self {
        let shown = to_mrkdwn(markdown, Limit::chars(usize::MAX));
        let mut rest = shown.trim();
        let mut sections = Vec::new();
        while !rest.is_empty() && sections.len() < MAX_SECTIONS {
            let (head, tail) = split(rest, MAX_SECTION);
            sections.push(head.to_owned());
            rest = tail.trim_start_matches('\n');
        }
        if sections.is_empty() {
            sections.push("_(empty)_".to_owned());
        }
        Self { sections, cut: !rest.is_empty() }
    }
}

/// The beginning of `text` of at most `most` characters, and what is left.
fn split(text: &str, most: usize) -> (&str, &str) {
    let Some((end, _)) = text.char_indices().nth(most) else { return (text, "") };
    let head = &text[..end];
    // Not within an entity or a link: their marks would show.
    let whole = head.rfind(['&', '<']).filter(|at| !head[*at..].contains([';', '>'])).unwrap_or(end);
    let head = &head[..whole];
    let at = head.rfind('\n').or_else(|| head.rfind(' ')).filter(|at| *at > most / 2).unwrap_or(whole);
    text.split_at(at)
}

fn about(ask: &Ask<'_>) -> Value {
    let doc = &ask.task.doc;
    let thread = escape(clip(&doc.thread_name(), MAX_FIELD));
    let thread = match doc.thread_url.as_deref().filter(|url| is_link(url)) {
        Some(url) => format!("<{}|{thread}>", escape(url)),
        None => thread,
    };
    let (intent, confidence) = doc.classification.as_ref().map_or_else(
        || ("unknown".to_owned(), "–".to_owned()),
        |known| (escape(clip(&known.intent, MAX_FIELD)), format!("{:.0} %", known.confidence * 100.0)),
    );
    let parked = doc.draft.as_ref().and_then(|draft| draft.parked_because.as_deref());
    let source = format!("{}, {} by {}", doc.source, doc.event, doc.actor);
    let fields = [
        ("Source", escape(clip(&source, MAX_FIELD))),
        ("Thread", thread),
        ("Intent", intent),
        ("Confidence", confidence),
        ("Parked because", escape(clip(parked.unwrap_or("a person must decide"), MAX_FIELD))),
    ];
    let fields: Vec<Value> =
        fields.iter().map(|(name, value)| mrkdwn(&format!("*{name}*\n{value}"))).collect();
    json!({"type": "section", "fields": fields})
}

/// What the draft answers: the title, and the beginning of the question. Nothing of a closed conversation, which keeps none:
/// what is said there is told in no other.
fn asked(ask: &Ask<'_>) -> Option<Value> {
    let doc = &ask.task.doc;
    let asked = doc.asked.as_deref()?;
    let title = doc.title.as_deref().map(|title| format!("*{}*", escape(title)));
    let lines = asked.lines().map(|line| format!("> {}", escape(line)));
    let lines: Vec<String> = title.into_iter().chain(lines).collect();
    (!lines.is_empty()).then(|| section(split(&lines.join("\n"), MAX_SECTION).0))
}

fn actions(ask: &Ask<'_>, cut: bool, console_url: Option<&str>, intents: &[String]) -> Value {
    let mut buttons = Vec::new();
    if !is_unwritten(ask) {
        let mut approve = button_of(Button::Approve, ask, "Approve");
        approve["style"] = json!("primary");
        if cut {
            // Nobody approves by accident what they have not seen.
            approve["confirm"] = confirm("Publish all of it?", LONGER, "Publish");
        }
        buttons.push(approve);
    }
    let mut reject = button_of(Button::Reject, ask, "Reject");
    reject["style"] = json!("danger");
    buttons.push(reject);
    if let Some(url) = page(ask, console_url) {
        let mut edit = button("afterhook_edit", if is_unwritten(ask) { "Write it" } else { "Edit" });
        edit["url"] = json!(url);
        buttons.push(edit);
    }
    buttons.push(menu(ask, cut, intents));
    json!({"type": "actions", "elements": buttons})
}

/// What else would have been right: another intent, or that it is spam. What is chosen decides, so it is asked again.
fn menu(ask: &Ask<'_>, cut: bool, intents: &[String]) -> Value {
    let known = ask.task.doc.classification.as_ref().map(|known| known.intent.as_str());
    let others = intents.iter().filter(|intent| Some(intent.as_str()) != known && !is_unwritten(ask));
    let option = |choice: Button<'_>, label: &str| {
        let value = choice.value(&ask.task.id, &ask.notice.draft_hash);
        json!({"text": plain(clip(label, MAX_CHOICE)), "value": value})
    };
    let mut options = vec![option(Button::RejectSpam, "Reject, it is spam")];
    let others = others.map(|intent| option(Button::ApproveAs(intent), &format!("Approve as {intent}")));
    options.extend(others.take(MAX_CHOICES - options.len()));
    let about =
        "What was wrong is kept for the next evaluation. The draft is published as it is, or not at all.";
    let about = if cut { format!("{about} {LONGER}") } else { about.to_owned() };
    json!({
        "type": "static_select", "action_id": Button::RejectSpam.id(), "placeholder": plain("It is something else"),
        "options": options, "confirm": confirm("Decide so?", &about, "Decide"),
    })
}

fn confirm(title: &str, text: &str, yes: &str) -> Value {
    json!({"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain("Back")})
}

fn thumbs(ask: &Ask<'_>) -> Value {
    let labelled = [(Thumb::Up, ":+1: Good answer"), (Thumb::Down, ":-1: Bad answer")];
    let buttons = labelled.map(|(thumb, label)| {
        let mut button = button_of(Button::Thumb(thumb), ask, label);
        button["text"]["emoji"] = json!(true);
        button
    });
    json!({"type": "actions", "elements": buttons})
}

/// Whether a person has to write what is to be published: no button here can do that.
fn is_unwritten(ask: &Ask<'_>) -> bool {
    ask.draft == UNWRITTEN
}

/// The console's page of the task.
fn page(ask: &Ask<'_>, console_url: Option<&str>) -> Option<String> {
    console_url.map(|base| format!("{}/ui/tasks/{}", base.trim_end_matches('/'), ask.task.id))
}

/// Whether `url` can stand in `<url|label>`.
fn is_link(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.len() <= 2_000
        && !url.contains(['<', '>', '|'])
        && !url.contains(char::is_whitespace)
}

/// A time in the reader's own zone and language.
fn date(at: Timestamp) -> String {
    format!("<!date^{}^{{date_short_pretty}} {{time}}|{at}>", at.as_second())
}

fn header(text: &str) -> Value {
    json!({"type": "header", "text": plain(text)})
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

fn context(text: &str) -> Value {
    json!({"type": "context", "elements": [mrkdwn(text)]})
}

fn button_of(is: Button<'_>, ask: &Ask<'_>, label: &str) -> Value {
    let mut button = button(is.id(), label);
    button["value"] = is.value(&ask.task.id, &ask.notice.draft_hash).into();
    button
}

fn button(id: &str, label: &str) -> Value {
    json!({"type": "button", "action_id": id, "text": plain(label)})
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// `text` as mrkdwn that shows it as it is.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
