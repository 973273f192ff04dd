//! What GitHub has to allow for the events of agent.toml.

use std::collections::{BTreeMap, BTreeSet};

/// The events of a source that names none.
pub(crate) const USUAL: &[&str] = &["issues.opened", "issue_comment.created"];

/// Kind of event, permission, access, by GitHub's documentation of webhooks and of its API.
const PERMISSIONS: &[(&str, &str, &str)] = &[
    ("issues", "issues", "write"),
    ("issue_comment", "issues", "write"),
    ("issue_comment", "pull_requests", "write"),
    ("pull_request", "pull_requests", "write"),
    ("pull_request_review", "pull_requests", "write"),
    ("pull_request_review_comment", "pull_requests", "write"),
    ("discussion", "discussions", "write"),
    ("discussion_comment", "discussions", "write"),
    ("release", "contents", "read"),
    ("workflow_run", "actions", "read"),
];

/// The kinds of these events: what GitHub calls an event.
pub(crate) fn kinds(events: &[String]) -> BTreeSet<&str> {
    events.iter().filter_map(|event| event.split('.').next()).collect()
}

/// The least that events of these kinds need, by name. Every App may read metadata.
pub(crate) fn needed(kinds: &BTreeSet<&str>) -> BTreeMap<&'static str, &'static str> {
    let needed = PERMISSIONS.iter().filter(|(kind, _, _)| kinds.contains(kind));
    needed.map(|(_, name, access)| (*name, *access)).chain([("metadata", "read")]).collect()
}
