//! GitHub: issues, pull requests, their comments and reviews, discussions, releases and runs of workflows, as
//! JSON or as a form with JSON in it; and whatever else a `map` describes.
//!
//! The kind is told from the signed body alone. `X-GitHub-Event` is not signed: whoever replays a
//! request may write there what they like, so it only names the kinds that we do not read, and those only
//! where the body holds what they are about.

mod event;
mod kind;
mod other;
mod run;
mod wire;

use crate::form::Form;
use crate::lenient::Object;
use crate::provider::Row;
use crate::reading::{self, JsonView, event_name, hinted, unreadable};
use crate::{ParseError, Parsed, Received, Scheme, Sender};
use kind::Kind;
use wire::Payload;

/// Kinds and actions: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
pub(crate) static ROW: Row = Row {
    forms: &["payload"],
    hint: Some("x-github-event"),
    delivery: Some("x-github-delivery"),
    times: &[
        "/issue/created_at",
        "/issue/updated_at",
        "/comment/created_at",
        "/comment/updated_at",
        "/pull_request/created_at",
        "/pull_request/updated_at",
        "/review/submitted_at",
        "/discussion/created_at",
        "/discussion/updated_at",
        "/release/published_at",
        "/workflow_run/updated_at",
    ],
    kinds: &[
        (
            "issues",
            &[
                "assigned",
                "closed",
                "deleted",
                "demilestoned",
                "edited",
                "labeled",
                "locked",
                "milestoned",
                "opened",
                "pinned",
                "reopened",
                "transferred",
                "typed",
                "unassigned",
                "unlabeled",
                "unlocked",
                "unpinned",
                "untyped",
            ],
        ),
        ("issue_comment", &["created", "deleted", "edited"]),
        (
            "discussion",
            &[
                "answered",
                "category_changed",
                "closed",
                "created",
                "deleted",
                "edited",
                "labeled",
                "locked",
                "pinned",
                "reopened",
                "transferred",
                "unanswered",
                "unlabeled",
                "unlocked",
                "unpinned",
            ],
        ),
        ("discussion_comment", &["created", "deleted", "edited"]),
        (
            "pull_request",
            &[
                "assigned",
                "auto_merge_disabled",
                "auto_merge_enabled",
                "closed",
                "converted_to_draft",
                "demilestoned",
                "dequeued",
                "edited",
                "enqueued",
                "labeled",
                "locked",
                "milestoned",
                "opened",
                "ready_for_review",
                "reopened",
                "review_request_removed",
                "review_requested",
                "synchronize",
                "unassigned",
                "unlabeled",
                "unlocked",
            ],
        ),
        ("pull_request_review", &["dismissed", "edited", "submitted"]),
        ("pull_request_review_comment", &["created", "deleted", "edited"]),
        ("release", &["created", "deleted", "edited", "prereleased", "published", "released", "unpublished"]),
        ("workflow_run", &["completed", "in_progress", "requested"]),
    ],
    endings: &[
        "archived",
        "closed",
        "delete",
        "deleted",
        "dismissed",
        "locked",
        "removed",
        "transferred",
        "unpublished",
    ],
    threadless: &["release", "workflow_run"],
    hooks: Some(&HOOK),
    account: &LOGIN,
    takes_map: true,
    has_html: true,
    kind: Some(kind),
    ..Row::json("github", Scheme::github, read)
};

/// An account: letters, digits, `-` and `_`, at most 39, and `[bot]` behind it for an app.
pub const LOGIN: Form =
    Form { fits: is_login, pattern: r"^[A-Za-z0-9_-]{1,39}(\[bot\])?$", example: "octo-helper" };

fn is_login(name: &str) -> bool {
    let name = name.strip_suffix("[bot]").unwrap_or(name);
    (1..=39).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A repository with its owner, or an organisation: whose hook it is.
const HOOK: Form =
    Form { fits: is_hook, pattern: r"^[A-Za-z0-9_-]{1,39}(/[A-Za-z0-9._-]{1,100})?$", example: "octo/repo" };

/// `octo/repo` or `octo`; no dots alone, which would mean another path.
fn is_hook(name: &str) -> bool {
    let (owner, repo) = name.split_once('/').map_or((name, None), |(owner, repo)| (owner, Some(repo)));
    let is_repo = |repo: &str| {
        (1..=100).contains(&repo.len())
            && repo.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && !matches!(repo, "." | "..")
    };
    is_login(owner) && !owner.ends_with(']') && repo.is_none_or(is_repo)
}

fn kind(received: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    // Whatever its letters, an action says what was not subscribed to.
    let action = body.text("/action").and_then(event_name);
    let has = |key: &str| body.0.get(key).is_some_and(serde_json::Value::is_object);
    // What is not there is what cannot be read.
    let kind = Kind::of(has).map(|kind| kind.name().to_owned()).or_else(|| hinted(received))?;
    Some(named(&kind, action.as_deref()))
}

/// The name of the event: some kinds have no actions.
fn named(kind: &str, action: Option<&str>) -> String {
    action.map_or_else(|| kind.to_owned(), |action| format!("{kind}.{action}"))
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let json = reading::json(received)?;
    let payload: Object<Payload<'_>> = reading::read(&json)?;
    let Some(payload) = payload.get() else { return Err(unreadable("the body is not a JSON object")) };
    match Kind::of(|key| payload.has(key)) {
        Some(Kind::WorkflowRun) => run::of(payload),
        Some(kind) => event::of(payload, kind).map(|event| Parsed::Event(Box::new(event))),
        None if is_ping(payload) => Ok(Parsed::Ping),
        None => other::read(sender, received),
    }
}

/// What only a ping holds; hooks that tools make leave `hook_id` out. No event that has an action is one.
fn is_ping(payload: &Payload<'_>) -> bool {
    payload.zen.text().is_some() && payload.action.text().is_none()
}
