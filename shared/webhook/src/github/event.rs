//! From GitHub's payload to [`Event`].

use domain::{Event, Target, ThreadState, Timestamp, clip};
use serde_json::{Map, Value};

use super::wire::{Account, Comment, Issue, Payload};
use crate::ParseError;
use crate::lenient::{Object, Scalar};
use crate::reading::{MAX_FACT_BYTES, unreadable, word};

/// Owner and repository are at most so long each, so that the thread stays below 256 bytes.
const MAX_NAME_BYTES: usize = 100;

/// The event of a payload that has an issue, and perhaps a comment on it.
pub(super) fn of(payload: &Payload<'_>, issue: &Issue<'_>) -> Result<Event, ParseError> {
    let action = payload.action.text().and_then(word).ok_or_else(|| lacks("action"))?;
    let (owner, repo) = repository(payload).ok_or_else(|| lacks("repository.full_name"))?;
    let number = issue.number.number().filter(|number| *number > 0).ok_or_else(|| lacks("issue.number"))?;
    let sender = payload.sender.get().and_then(|sender| Some((sender, login(sender)?)));
    let (sender, actor) = sender.ok_or_else(|| lacks("sender.login"))?;
    let comment = payload.comment.get();
    let comment_id = comment.map(|comment| comment.id.number().ok_or_else(|| lacks("comment.id")));
    let kind = if comment.is_some() { "issue_comment" } else { "issues" };
    let text = comment.map_or(&issue.body, |comment| &comment.body);
    let (tenant, thread) = (format!("{owner}/{repo}"), format!("{owner}/{repo}#{number}"));
    Ok(Event {
        actor_is_bot: is_bot(sender, actor),
        title: issue.title.text().map(str::to_owned),
        text: text.text().unwrap_or_default().to_owned(),
        opening: comment.and_then(|_| issue.body.text()).map(str::to_owned),
        labels: labels(issue),
        comment_id: comment_id.transpose()?.map(|id| id.to_string()),
        thread_state: state(issue),
        occurred_at: occurred_at(action, issue, comment),
        target: Some(Target::GithubIssue { owner: owner.to_owned(), repo: repo.to_owned(), number }),
        metadata: metadata(payload, issue, comment),
        ..Event::new(format!("{kind}.{action}"), tenant, thread, clip(actor, MAX_FACT_BYTES))
    })
}

/// Owner and repository. They become part of a URL that our credentials are sent to, so nothing
/// passes that could mean another path there: no further slash, no dots alone, no escapes.
fn repository<'p>(payload: &'p Payload<'_>) -> Option<(&'p str, &'p str)> {
    let (owner, repo) = payload.repository.get()?.full_name.text()?.split_once('/')?;
    let fits = |name: &str| (1..=MAX_NAME_BYTES).contains(&name.len());
    let owner_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let repo_byte = |byte: u8| owner_byte(byte) || byte == b'.';
    let sound = fits(owner)
        && fits(repo)
        && owner.bytes().all(owner_byte)
        && repo.bytes().all(repo_byte)
        && repo != "."
        && repo != "..";
    sound.then_some((owner, repo))
}

fn login<'p>(account: &'p Account<'_>) -> Option<&'p str> {
    account.login.text().filter(|login| !login.is_empty())
}

/// Apps have the type `Bot` and a login that nobody can register, since it ends in `[bot]`.
fn is_bot(sender: &Account<'_>, login: &str) -> bool {
    sender.kind.text() == Some("Bot") || login.ends_with("[bot]")
}

fn labels(issue: &Issue<'_>) -> Vec<String> {
    let names = issue.labels.0.iter().filter_map(|label| label.get()?.name.text());
    names.map(str::to_owned).collect()
}

fn state(issue: &Issue<'_>) -> ThreadState {
    match (issue.locked.0, issue.state.text()) {
        (true, _) => ThreadState::Locked,
        (false, Some("closed")) => ThreadState::Closed,
        (false, _) => ThreadState::Open,
    }
}

/// When it happened: the creation for what was just created; for everything else the latest change
/// that the payload knows of, since no payload dates the action itself.
fn occurred_at(action: &str, issue: &Issue<'_>, comment: Option<&Comment<'_>>) -> Option<Timestamp> {
    let created = comment.map_or(&issue.created_at, |comment| &comment.created_at);
    if matches!(action, "opened" | "created") {
        return date(created);
    }
    let changed = comment.map(|comment| &comment.updated_at);
    [Some(created), changed, Some(&issue.updated_at)].into_iter().flatten().filter_map(date).max()
}

fn date(field: &Scalar<'_>) -> Option<Timestamp> {
    field.text()?.parse().ok()
}

fn metadata(payload: &Payload<'_>, issue: &Issue<'_>, comment: Option<&Comment<'_>>) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), clip(value, MAX_FACT_BYTES).into());
        }
    };
    let author = |user: &Object<Account<'_>>| user.get().and_then(login).map(str::to_owned);
    let association = comment.map_or(&issue.author_association, |comment| &comment.author_association);
    add("author_association", association.text());
    add("comment_author", comment.and_then(|comment| author(&comment.user)).as_deref());
    add("issue_author", author(&issue.user).as_deref());
    add("state", issue.state.text());
    facts.insert("is_pull_request".to_owned(), issue.pull_request.is_there().into());
    if let Some(id) = payload.installation.get().and_then(|installation| installation.id.number()) {
        facts.insert("installation_id".to_owned(), id.into());
    }
    facts
}

fn lacks(field: &str) -> ParseError {
    unreadable(&format!("`{field}` is missing or not what GitHub documents"))
}
