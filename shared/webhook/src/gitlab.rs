//! GitLab: issues, merge requests and notes on them.
//!
//! <https://docs.gitlab.com/user/project/integrations/webhook_events/>. By default it sends its secret
//! as it is, which proves the sender and not the body; with a signing token, set
//! `scheme = "standard-webhooks"`.

use domain::{Event, clip};

use crate::provider::Row;
use crate::reading::{Facts, JsonView, MAX_FACT_BYTES, lacks, object, word};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    // Not signed: the kind is read from the body.
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
    ..Row::json("gitlab", Scheme::gitlab, read)
};

fn read(_: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let kind = body.text("/object_kind").or_else(|| body.text("/event_name")).and_then(word);
    let kind = kind.ok_or_else(|| lacks("object_kind"))?;
    let thread = match kind {
        "issue" | "work_item" => body.object("/object_attributes").map(|issue| (issue, '#')),
        "merge_request" => body.object("/object_attributes").map(|request| (request, '!')),
        "note" => {
            let issue = body.object("/issue").map(|issue| (issue, '#'));
            let request = body.object("/merge_request").map(|request| (request, '!'));
            // Notes on commits and snippets have no thread to answer in.
            return match issue.or(request) {
                Some(thread) => event(body, kind, thread).map(Box::new).map(Parsed::Event),
                None => Ok(Parsed::Other("note.other".to_owned())),
            };
        }
        other => return Ok(Parsed::Other(other.to_owned())),
    };
    let thread = thread.ok_or_else(|| lacks("object_attributes"))?;
    let kind = if kind == "work_item" { "issue" } else { kind };
    event(body, kind, thread).map(Box::new).map(Parsed::Event)
}

fn event(body: JsonView<'_>, kind: &str, (subject, mark): (JsonView<'_>, char)) -> Result<Event, ParseError> {
    let changed = body.object("/object_attributes").ok_or_else(|| lacks("object_attributes"))?;
    let note = (kind == "note").then_some(changed);
    let project =
        body.text("/project/path_with_namespace").ok_or_else(|| lacks("project.path_with_namespace"))?;
    let number = subject.number("/iid").filter(|number| *number > 0).ok_or_else(|| lacks("iid"))?;
    let actor = body.text("/user/username").ok_or_else(|| lacks("user.username"))?;
    // Older versions say no action for a note, and none for a test of the connection.
    let action =
        changed.text("/action").and_then(word).unwrap_or(if note.is_some() { "create" } else { "update" });
    let description = subject.string("/description");
    let date = if matches!(action, "open" | "create") { "/created_at" } else { "/updated_at" };
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
        occurred_at: changed.date(date),
        metadata: Facts::default()
            .text("state", subject.text("/state"))
            .flag("confidential", subject.flag("/confidential"))
            .flag("internal", note.and_then(|note| note.flag("/internal")))
            .text("source_branch", subject.text("/source_branch"))
            .done(),
        ..Event::new(
            format!("{kind}.{action}"),
            project,
            format!("{project}{mark}{number}"),
            clip(actor, MAX_FACT_BYTES),
        )
    })
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
