//! GitLab: issues, merge requests and notes on them.
//!
//! <https://docs.gitlab.com/user/project/integrations/webhook_events/>. By default it sends its secret
//! as it is, which proves the sender and not the body; with a signing token, set
//! `scheme = "standard-webhooks"`. The header with the name of the hook is not signed: it can only keep an
//! event among the staff, never make one public.

use domain::{Audience, Event, Happening, Target, ThreadState, clip};

use crate::provider::Row;
use crate::reading::{
    Facts, JsonView, MAX_FACT_BYTES, at_once, event_name, happening, hash, kind_name, lacks, object, word,
};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

const ACTION: &str = "/object_attributes/action";
/// Bytes of a discussion's id that tell it from the others of its issue.
const DISCUSSION_BYTES: usize = 12;

pub(crate) static ROW: Row = Row {
    hint: Some("x-gitlab-event"),
    hint_of,
    delivery: Some("x-gitlab-event-uuid"),
    kinds: &[
        ("issue", &["close", "open", "reopen", "update"]),
        (
            "merge_request",
            &[
                "approval",
                "approved",
                "close",
                "merge",
                "open",
                "reopen",
                "unapproval",
                "unapproved",
                "update",
            ],
        ),
        ("note", &["create", "update"]),
    ],
    endings: &["close", "merge"],
    times: &["/object_attributes/created_at", "/object_attributes/updated_at"],
    answers_internally: true,
    has_html: true,
    kind: Some(kind),
    ..Row::json("gitlab", Scheme::gitlab, read)
};

/// What the header says of the event called `name`: the sender's side, for sample events.
fn hint_of(name: &str) -> String {
    match name.split('.').next() {
        Some("merge_request") => "Merge Request Hook",
        Some("note") => "Note Hook",
        _ => "Issue Hook",
    }
    .to_owned()
}

fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    let kind = kind_name(body.text("/object_kind").or_else(|| body.text("/event_name"))?);
    Some(match kind.as_str() {
        // An epic is a work item of a group: it belongs to no project, and no issue has its number.
        "work_item" if body.object("/project").is_none() => "work_item.other".to_owned(),
        "issue" | "work_item" => format!("issue.{}", action(body, &kind)),
        "merge_request" => format!("merge_request.{}", action(body, &kind)),
        // What GitLab writes itself, such as a changed label, is nobody's comment.
        "note" if body.flag("/object_attributes/system") == Some(true) => "note.system".to_owned(),
        // Notes on commits and snippets have no thread to answer in.
        "note" if body.object("/issue").or(body.object("/merge_request")).is_none() => {
            "note.other".to_owned()
        }
        "note" => format!("note.{}", action(body, &kind)),
        other => other.to_owned(),
    })
}

/// Older versions say no action for a note, and none for a test of the connection. One that is said is what was not
/// subscribed to, whatever its letters.
fn action(body: JsonView<'_>, kind: &str) -> String {
    let unsaid = if kind == "note" { "create" } else { "update" };
    match body.text(ACTION) {
        Some(action) => event_name(action).unwrap_or_else(|| "unknown".to_owned()),
        None => unsaid.to_owned(),
    }
}

fn read(_: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let name = kind(received, body).ok_or_else(|| lacks("object_kind"))?;
    let subject = match name.split_once('.') {
        Some(("issue", _)) => body.object("/object_attributes").map(|issue| (issue, '#')),
        Some(("merge_request", _)) => body.object("/object_attributes").map(|request| (request, '!')),
        Some(("note", "system" | "other") | ("work_item", _)) | None => return Ok(Parsed::Other(name)),
        Some(_) => {
            let issue = body.object("/issue").map(|issue| (issue, '#'));
            issue.or(body.object("/merge_request").map(|request| (request, '!')))
        }
    };
    let subject = subject.ok_or_else(|| lacks("object_attributes"))?;
    if body.text(ACTION).is_some_and(|action| word(action).is_none()) {
        return Err(lacks("object_attributes.action"));
    }
    event(received, body, name, subject).map(Box::new).map(Parsed::Event)
}

fn event(
    received: &Received<'_>,
    body: JsonView<'_>,
    name: String,
    (subject, mark): (JsonView<'_>, char),
) -> Result<Event, ParseError> {
    let changed = body.object("/object_attributes").ok_or_else(|| lacks("object_attributes"))?;
    let note = name.starts_with("note.").then_some(changed);
    let project =
        body.text("/project/path_with_namespace").ok_or_else(|| lacks("project.path_with_namespace"))?;
    let number = subject.number("/iid").filter(|number| *number > 0).ok_or_else(|| lacks("iid"))?;
    let actor = body.text("/user/username").ok_or_else(|| lacks("user.username"))?;
    let description = subject.string("/description");
    let is_new = name.ends_with(".open") || name.ends_with(".create");
    Ok(Event {
        actor_id: body.id("/user/id"),
        actor_is_bot: is_bot(actor),
        title: subject.string("/title"),
        opening: note.and(description.clone()),
        text: note.map_or(description, |note| note.string("/note")).unwrap_or_default(),
        labels: labels(body, subject),
        comment_id: note
            .map(|note| note.id("/id").ok_or_else(|| lacks("object_attributes.id")))
            .transpose()?,
        audience: audience(received, body),
        occurred_at: changed.date(if is_new { "/created_at" } else { "/updated_at" }),
        happening: reported(body, changed, &name),
        link: changed.string("/url"),
        thread_state: thread_state(subject),
        target: target(body, note, &name, project, number, mark),
        metadata: Facts::default()
            .text("state", subject.text("/state"))
            .flag("confidential", subject.flag("/confidential"))
            .flag("internal", note.and_then(|note| note.flag("/internal")))
            .text("source_branch", subject.text("/source_branch"))
            .done(),
        ..Event::new(name, project, thread(note, project, number, mark), clip(actor, MAX_FACT_BYTES))
    })
}

/// The conversation: an issue or merge request, or one of the discussions on it.
fn thread(note: Option<JsonView<'_>>, project: &str, number: u64, mark: char) -> String {
    let whole = format!("{project}{mark}{number}");
    note.and_then(discussion).map_or(whole.clone(), |id| format!("{whole}/d{}", clip(id, DISCUSSION_BYTES)))
}

/// The discussion that `note` stands in. A note that nobody has replied to has an id of one as well, and is none.
fn discussion<'v>(note: JsonView<'v>) -> Option<&'v str> {
    note.text("/type").filter(|kind| matches!(*kind, "DiscussionNote" | "DiffNote"))?;
    let id = note.text("/discussion_id")?;
    ((1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Where the answer goes. What is said in an internal note is answered by another one, and so is a change of a confidential
/// issue in which nobody writes: its author, who may be a customer of the service desk, gets mails of notes alone.
fn target(
    body: JsonView<'_>,
    note: Option<JsonView<'_>>,
    name: &str,
    path: &str,
    number: u64,
    mark: char,
) -> Option<Target> {
    let project = body.number("/project/id").or_else(|| body.number("/project_id"))?;
    let path =
        if path.split('/').all(is_name) { path.split('/').map(str::to_owned).collect() } else { Vec::new() };
    let discussion = note.and_then(discussion).map(str::to_owned);
    if mark == '!' {
        return Some(Target::GitlabMergeRequest { project, path, number, discussion });
    }
    // `confidential` is what `internal` was called before GitLab 15.5.
    let says = |flag: &str| note.and_then(|note| note.flag(flag)) == Some(true);
    let is_quiet = name == "issue.update" && !body.object("/changes").is_some_and(has_word);
    let is_quiet = is_quiet && body.flag("/object_attributes/confidential") == Some(true);
    let internal = says("/internal") || says("/confidential") || is_quiet;
    Some(Target::GitlabIssue { project, path, number, internal, discussion })
}

/// Whether `part` is what GitLab takes for the name of a group or a project.
fn is_name(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=255).contains(&part.len()) && part.bytes().all(plain) && !matches!(part, "." | "..")
}

/// What is closed or merged still takes notes; a locked discussion takes those of members alone.
fn thread_state(subject: JsonView<'_>) -> ThreadState {
    match subject.text("/state") {
        _ if subject.flag("/discussion_locked") == Some(true) => ThreadState::Locked,
        Some("closed" | "merged") => ThreadState::Closed,
        _ => ThreadState::Open,
    }
}

/// Each of GitLab's four signs suffices: a field may be missing where another one speaks.
fn audience(received: &Received<'_>, body: JsonView<'_>) -> Audience {
    let named = received.event_hint.is_some_and(|hook| hook.trim_start().starts_with("Confidential "));
    let typed = body.text("/event_type").is_some_and(|kind| kind.starts_with("confidential_"));
    let flagged = ["/object_attributes/internal", "/object_attributes/confidential", "/issue/confidential"]
        .iter()
        .any(|flag| body.flag(flag) == Some(true));
    if named || typed || flagged { Audience::Internal } else { Audience::Public }
}

/// A hook of the project, one of its group and one of the system report the same in bodies of their own.
/// What an update changed or pushed tells two updates of one second apart, and who did it two approvals. What the
/// author sets in the moment of the opening is a part of that.
fn reported(body: JsonView<'_>, changed: JsonView<'_>, name: &str) -> Option<Happening> {
    let (kind, action) = name.split_once('.').unwrap_or((name, ""));
    if action == "open" || (action == "update" && kind != "note" && is_opened_with(body, changed)) {
        let (id, author) = (changed.id("/id"), changed.id("/author_id"));
        let created = changed.date("/created_at")?.to_string();
        return happening([Some(kind), Some("open"), id.as_deref(), author.as_deref(), Some(&created)]);
    }
    let time = changed.date("/updated_at").or_else(|| changed.date("/created_at"))?.to_string();
    let changes = body.object("/changes").map(|changes| hash(changes.0.to_string().as_bytes()));
    let object = changed.id("/id");
    let actor = body.id("/user/id").or_else(|| body.id("/user/username"));
    happening([
        Some(name),
        object.as_deref(),
        Some(&time),
        Some(changes.as_deref().unwrap_or_default()),
        Some(actor.as_deref().unwrap_or_default()),
        Some(changed.text("/oldrev").unwrap_or_default()),
    ])
}

/// Whether an update sets nothing but what the opening shows as well: no words, no commits.
fn is_opened_with(body: JsonView<'_>, changed: JsonView<'_>) -> bool {
    let author = changed.id("/author_id");
    body.object("/changes").is_some_and(|changes| !has_word(changes))
        && changed.text("/oldrev").is_none()
        && author.is_some()
        && author == body.id("/user/id")
        && at_once(changed.date("/created_at"), changed.date("/updated_at"))
}

/// Whether words are among these changes.
fn has_word(changes: JsonView<'_>) -> bool {
    ["title", "description"].iter().any(|it| changes.0.get(it).is_some())
}

fn labels(body: JsonView<'_>, subject: JsonView<'_>) -> Vec<String> {
    let own = subject.names("/labels", "/title");
    if own.is_empty() { body.names("/labels", "/title") } else { own }
}

/// Accounts of access tokens are called `project_<id>_bot_…` and `group_<id>_bot_…`; nobody else can
/// be.
fn is_bot(username: &str) -> bool {
    let rest = username.strip_prefix("project_").or_else(|| username.strip_prefix("group_"));
    rest.and_then(|rest| rest.split_once("_bot")).is_some_and(|(id, after)| {
        !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && (after.is_empty() || after.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_bot;

    #[test]
    fn accounts_of_tokens_are_bots() {
        assert!(is_bot("project_42_bot_5ab1") && is_bot("group_7_bot"));
        assert!(!is_bot("mona_bot") && !is_bot("project_x_bot_1") && !is_bot("project__bot"));
    }
}
