//! Repositories, issues and labels.

use axum::response::Response;
use serde_json::{Value, json};

use super::respond::Refusal;
use super::router::{Call, ok, user};
use super::shared::Shared;
use super::store::{IssueState, Store, Thread};
use crate::kit::lock;

/// Refuses names that no account or repository can have.
pub(super) fn check_names(owner: &str, repo: &str) -> Result<(), Refusal> {
    let legal = |name: &str| {
        !name.is_empty()
            && name.len() <= 100
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if legal(owner) && legal(repo) && repo != ".." && repo != "." {
        Ok(())
    } else {
        Err(Refusal::not_found())
    }
}

/// The number of an issue that can be seen, and the issue if something happened to it.
pub(super) fn find(store: &Store, owner: &str, repo: &str, number: &str) -> Result<(u64, Thread), Refusal> {
    check_names(owner, repo)?;
    let number = number.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(Refusal::not_found)?;
    let fresh = || Thread { owner: owner.to_owned(), repo: repo.to_owned(), ..Thread::default() };
    let thread = store.thread(owner, repo, number).cloned().unwrap_or_else(fresh);
    match thread.state {
        IssueState::Missing => Err(Refusal::not_found()),
        IssueState::Gone => Err(Refusal::of_status(410)),
        IssueState::Open | IssueState::Closed | IssueState::Locked => Ok((number, thread)),
    }
}

/// The number under which pages of a repository's lists are linked.
pub(super) fn repository_id(owner: &str, repo: &str) -> u64 {
    let name = format!("{owner}/{repo}").to_lowercase();
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        % 1_000_000_000
}

/// Owner and name of a repository by its number, if something happened to one of its issues.
pub(super) fn by_id(store: &Store, id: &str) -> Option<(String, String)> {
    let id: u64 = id.parse().ok()?;
    let mut threads = store.threads().map(|(_, thread)| thread);
    threads.find(|t| repository_id(&t.owner, &t.repo) == id).map(|t| (t.owner.clone(), t.repo.clone()))
}

/// `GET /repos/{owner}/{repo}`.
pub(super) fn repository(call: &Call, owner: &str, repo: &str) -> Result<Value, Refusal> {
    check_names(owner, repo)?;
    Ok(json!({
        "id": repository_id(owner, repo),
        "name": repo,
        "full_name": format!("{owner}/{repo}"),
        "private": false,
        "owner": user(owner, &call.origin),
        "html_url": format!("{}/{owner}/{repo}", call.origin),
        "url": format!("{}/repos/{owner}/{repo}", call.base),
        "has_issues": true,
    }))
}

/// `GET /repos/{owner}/{repo}/issues/{number}`.
pub(super) fn get(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    number: &str,
) -> Result<Response, Refusal> {
    let (number, thread) = find(&lock(&shared.store), owner, repo, number)?;
    let author = if thread.author.is_empty() { owner } else { &thread.author };
    Ok(ok(&json!({
        "number": number,
        "title": thread.title,
        "body": thread.body,
        "state": if thread.state == IssueState::Closed { "closed" } else { "open" },
        "locked": thread.state == IssueState::Locked,
        "active_lock_reason": null,
        "user": user(author, &call.origin),
        "labels": describe_labels(call, owner, repo, &thread.labels),
        "comments": thread.comments.len(),
        "url": format!("{}/repos/{owner}/{repo}/issues/{number}", call.base),
        "html_url": format!("{}/{owner}/{repo}/issues/{number}", call.origin),
        "comments_url": format!("{}/repos/{owner}/{repo}/issues/{number}/comments", call.base),
    })))
}

/// `GET …/labels`.
pub(super) fn labels(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    number: &str,
) -> Result<Response, Refusal> {
    let (_, thread) = find(&lock(&shared.store), owner, repo, number)?;
    Ok(ok(&describe_labels(call, owner, repo, &thread.labels)))
}

/// `POST …/labels`, with `{"labels":[…]}` or a bare list of names.
pub(super) fn add_labels(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    number: &str,
) -> Result<Response, Refusal> {
    let body = call.json()?;
    let names = body.get("labels").unwrap_or(&body).as_array().ok_or_else(|| invalid_labels(&body))?;
    let mut store = lock(&shared.store);
    let (number, mut thread) = find(&store, owner, repo, number)?;
    for name in names {
        let name = name
            .as_str()
            .or_else(|| name["name"].as_str())
            .filter(|n| !n.is_empty() && n.chars().count() <= 50);
        let name = name.ok_or_else(|| invalid_labels(&body))?;
        if !thread.labels.iter().any(|label| label.eq_ignore_ascii_case(name)) {
            thread.labels.push(name.to_owned());
        }
    }
    store.set_labels(owner, repo, number, thread.labels.clone()).map_err(|e| unwritten(&e))?;
    Ok(ok(&describe_labels(call, owner, repo, &thread.labels)))
}

/// `DELETE …/labels/{name}`.
pub(super) fn remove_label(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    number: &str,
    name: &str,
) -> Result<Response, Refusal> {
    // A path segment is decoded like a form, in which `+` would be a space.
    let pair = name.replace('+', "%2B");
    let name =
        form_urlencoded::parse(pair.as_bytes()).next().map(|(key, _)| key.into_owned()).unwrap_or_default();
    let mut store = lock(&shared.store);
    let (number, mut thread) = find(&store, owner, repo, number)?;
    let at = thread.labels.iter().position(|label| label.eq_ignore_ascii_case(&name));
    thread.labels.remove(at.ok_or_else(|| Refusal::new(404, "Label does not exist"))?);
    store.set_labels(owner, repo, number, thread.labels.clone()).map_err(|e| unwritten(&e))?;
    Ok(ok(&describe_labels(call, owner, repo, &thread.labels)))
}

/// The refusal when the journal cannot be written.
pub(super) fn unwritten(error: &std::io::Error) -> Refusal {
    Refusal::new(500, format!("The stand-in cannot write its journal: {error}"))
}

fn invalid_labels(body: &Value) -> Refusal {
    let given: String = body.to_string().chars().take(80).collect();
    Refusal::new(
        422,
        format!("Invalid request.\n\nFor 'links/1/schema', {given} is not a list of label names."),
    )
}

fn describe_labels(call: &Call, owner: &str, repo: &str, labels: &[String]) -> Value {
    labels
        .iter()
        .map(|name| {
            json!({
                "id": repository_id(owner, name),
                "name": name,
                "color": "ededed",
                "default": false,
                "description": null,
                "url": format!("{}/repos/{owner}/{repo}/labels/{name}", call.base),
            })
        })
        .collect()
}
