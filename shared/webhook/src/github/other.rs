//! Kinds of events that we do not read: named by the unsigned header, where the signed body agrees; read by
//! the source's `map`, where it has one.
//!
//! The header alone would let whoever replays a request choose what it is taken for. A body is of a kind only
//! if it holds what such an event is about, which leaves little to choose.

use domain::{Event, Happening};
use serde_json::Value;

use super::kind::Kind;
use super::named;
use crate::reading::{JsonView, event_name, happening, hash, object, unreadable, word};
use crate::{FieldMap, ParseError, Parsed, Received, Sender, mapped};

/// What a kind's body holds, where that is not called like the kind itself.
const MARKS: [(&str, &str); 35] = [
    ("branch_protection_rule", "rule"),
    ("code_scanning_alert", "alert"),
    ("commit_comment", "comment"),
    ("create", "ref_type"),
    ("custom_property", "definition"),
    ("custom_property_values", "new_property_values"),
    ("delete", "ref_type"),
    ("dependabot_alert", "alert"),
    ("deploy_key", "key"),
    ("deployment_protection_rule", "deployment_callback_url"),
    ("deployment_review", "since"),
    ("exemption_request_push_ruleset", "exemption_request"),
    ("exemption_request_secret_scanning", "exemption_request"),
    ("fork", "forkee"),
    ("gollum", "pages"),
    ("installation_repositories", "installation"),
    ("installation_target", "target_type"),
    ("issue_dependencies", "blocked_issue"),
    ("membership", "scope"),
    ("org_block", "blocked_user"),
    ("page_build", "build"),
    ("pull_request_review_thread", "thread"),
    ("push", "commits"),
    ("repository_dispatch", "client_payload"),
    ("repository_import", "status"),
    ("repository_ruleset", "repository_ruleset"),
    ("repository_vulnerability_alert", "alert"),
    ("secret_scanning_alert", "alert"),
    ("secret_scanning_alert_location", "location"),
    ("secret_scanning_scan", "completed_at"),
    ("star", "starred_at"),
    ("status", "sha"),
    ("sub_issues", "sub_issue"),
    ("team_add", "team"),
    ("workflow_dispatch", "workflow"),
];
/// Kinds whose bodies hold nothing but where, who and what they did.
const BARE: [&str; 7] = [
    "branch_protection_configuration",
    "github_app_authorization",
    "meta",
    "public",
    "repository",
    "security_and_analysis",
    "watch",
];

/// Whether `body` holds what an event of the kind `hint` is about.
pub(super) fn agrees(hint: &str, body: JsonView<'_>) -> bool {
    let mark = MARKS.iter().find(|(kind, _)| *kind == hint).map_or(hint, |(_, mark)| mark);
    // A kind that is not listed is called after what its body holds, or holds a part of what it is called after.
    let is_part = |key: &String| !is_common(key) && format!("_{hint}_").contains(&format!("_{key}_"));
    let is_listed = || MARKS.iter().any(|(kind, _)| *kind == hint) || BARE.contains(&hint);
    let holds_part = || body.0.as_object().is_some_and(|fields| fields.keys().any(is_part));
    let is_bare = || body.0.as_object().is_some_and(|fields| fields.keys().all(|key| is_common(key)));
    body.0.get(mark).is_some() || (BARE.contains(&hint) && is_bare()) || (!is_listed() && holds_part())
}

/// Whether bodies of every kind may have that field.
fn is_common(key: &str) -> bool {
    matches!(
        key,
        "action"
            | "changes"
            | "enterprise"
            | "hook"
            | "hook_id"
            | "installation"
            | "organization"
            | "repository"
            | "sender"
    )
}

/// A hook of the repository, one of its organisation and an app report the same, but for the fields that say so.
fn reported(name: &str, body: &Value) -> Option<Happening> {
    const WHOSE_HOOK: [&str; 3] = ["enterprise", "installation", "organization"];
    let fields = body.as_object()?.iter().filter(|(key, _)| !WHOSE_HOOK.contains(&key.as_str()));
    let rest: Vec<_> = fields.collect();
    happening([Some(name), Some(&hash(serde_json::to_string(&rest).ok()?.as_bytes()))])
}

/// Reads a body that is none of the kinds that we know.
pub(super) fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let hint = received.event_hint.and_then(word);
    match hint.and_then(Kind::named) {
        Some(kind) => return Err(unreadable(&format!("`{}` is missing or not an object", kind.object()))),
        None if hint == Some("ping") => return Err(unreadable("`zen` is missing")),
        None => {}
    }
    let value = object(received)?;
    let action = JsonView(&value).text("/action").and_then(event_name);
    let name = hint.filter(|hint| agrees(hint, JsonView(&value)));
    let name = name.map(|hint| named(hint, action.as_deref()));
    match name {
        Some(name) if sender.map == FieldMap::default() => Ok(Parsed::Other(name)),
        None if sender.map.event.is_none() => Err(unreadable(
            "it has no `issue`, `pull_request`, `discussion`, `release` or `workflow_run`, and no \
             `X-GitHub-Event` names another kind of event that it could be",
        )),
        name => {
            let unnamed = name.as_deref().unwrap_or("event");
            let event = mapped::event(sender, received, JsonView(&value), unnamed);
            let happening = reported(&event.name, &value);
            Ok(Parsed::Event(Box::new(Event { happening, ..event })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_header_that_the_body_contradicts_names_nothing() {
        let push = json!({ "ref": "refs/heads/main", "commits": [], "repository": {}, "sender": {} });
        let agrees = |hint: &str, body: &Value| agrees(hint, JsonView(body));
        assert!(agrees("push", &push));
        for hint in ["check_run", "deployment", "fork", "watch", "public", "star"] {
            assert!(!agrees(hint, &push), "{hint}");
        }
        assert!(agrees("thing_summary", &json!({ "action": "made", "summary": {}, "repository": {} })));
        assert!(!agrees("repository_thing", &json!({ "action": "made", "summary": {}, "repository": {} })));
        assert!(agrees("check_run", &json!({ "action": "completed", "check_run": {} })));
        assert!(agrees("watch", &json!({ "action": "started", "repository": {}, "sender": {} })));
        assert!(agrees("star", &json!({ "action": "deleted", "starred_at": null })));
    }
}
