//! Comments of an issue: the list in pages, one of them, a new one.

use axum::response::Response;
use domain::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::auth::Caller;
use super::issues::{find, repository_id, unwritten};
use super::respond::{self, Refusal, set};
use super::router::{Call, ok, user};
use super::shared::Shared;
use super::store::{IssueState, StoredComment};
use crate::kit::lock;

/// The longest comment GitHub takes, in characters.
const MAX_LENGTH: usize = 65_536;

/// `GET …/issues/{number}/comments?per_page=&page=&since=`.
pub(super) fn list(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    number: &str,
) -> Result<Response, Refusal> {
    let (number, thread) = find(&lock(&shared.store), owner, repo, number)?;
    let since = match call.query("since") {
        None | Some("") => Timestamp::MIN,
        Some(time) => time.parse().map_err(|_| {
            Refusal::new(
                422,
                "Invalid request.\n\n'since' must be a timestamp in ISO 8601 format: YYYY-MM-DDTHH:MM:SSZ.",
            )
        })?,
    };
    let comments: Vec<&StoredComment> = thread.comments.iter().filter(|c| c.created_at >= since).collect();
    let number_of = |name: &str, otherwise: usize| {
        call.query(name).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0).unwrap_or(otherwise)
    };
    let (size, page) = (number_of("per_page", 30).min(100), number_of("page", 1));
    let shown = comments.iter().skip((page - 1).saturating_mul(size)).take(size);
    let body: Value = shown.map(|comment| describe(call, owner, repo, number, comment)).collect();
    let mut response = ok(&body);
    let path = format!("{}/repositories/{}/issues/{number}/comments", call.base, repository_id(owner, repo));
    let last = comments.len().div_ceil(size).max(1);
    let links = links(&path, &call.query, page, last);
    if !links.is_empty() {
        set(&mut response, "link", &links);
    }
    Ok(response)
}

/// The `Link` header: `prev`, `next`, `last`, `first`, each only where it leads somewhere else.
fn links(path: &str, query: &[(String, String)], page: usize, last: usize) -> String {
    let link = |number: usize, name: &str| {
        let others = query.iter().filter(|(key, _)| key != "page");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("page", &number.to_string())
            .finish();
        format!("<{path}?{query}>; rel=\"{name}\"")
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page.min(last + 1) - 1, "prev"));
    }
    if page < last {
        links.push(link(page + 1, "next"));
        links.push(link(last, "last"));
    }
    if page > 1 {
        links.push(link(1, "first"));
    }
    links.join(", ")
}

/// `GET …/issues/comments/{id}`.
pub(super) fn get(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    id: &str,
) -> Result<Response, Refusal> {
    let id: u64 = id.parse().map_err(|_| Refusal::not_found())?;
    let store = lock(&shared.store);
    let (key, comment) = store.find_comment(id).ok_or_else(Refusal::not_found)?;
    if key.0 != owner.to_lowercase() || key.1 != repo.to_lowercase() {
        return Err(Refusal::not_found());
    }
    Ok(ok(&describe(call, owner, repo, key.2, comment)))
}

/// `POST …/issues/{number}/comments`.
pub(super) fn create(
    shared: &Shared,
    call: &Call,
    owner: &str,
    repo: &str,
    number: &str,
    caller: Caller,
) -> Result<Response, Refusal> {
    let now = shared.now();
    let mut store = lock(&shared.store);
    let (number, thread) = find(&store, owner, repo, number)?;
    let body = call.json()?;
    let object = body.as_object().ok_or_else(|| Refusal::new(400, "Body should be a JSON object"))?;
    let text = object
        .get("body")
        .ok_or_else(|| Refusal::new(422, "Invalid request.\n\n\"body\" wasn't supplied."))?;
    let text = text.as_str().ok_or_else(|| {
        Refusal::new(422, "Invalid request.\n\nFor 'properties/body', the value is not a string.")
    })?;
    if text.trim().is_empty() {
        return Err(Refusal::invalid_comment("Body cannot be blank"));
    }
    if text.chars().count() > MAX_LENGTH {
        return Err(Refusal::invalid_comment(&format!(
            "Body is too long (maximum is {MAX_LENGTH} characters)"
        )));
    }
    if thread.state == IssueState::Locked {
        return Err(Refusal::new(403, "Unable to create comment because issue is locked."));
    }
    let login = shared.login(caller);
    let comment = store.comment(owner, repo, number, &login, text, now).map_err(|e| unwritten(&e))?;
    let described = describe(call, owner, repo, number, &comment);
    let mut response = respond::json(StatusCode::CREATED, &described);
    set(&mut response, "location", described["url"].as_str().unwrap_or_default());
    Ok(response)
}

fn describe(call: &Call, owner: &str, repo: &str, number: u64, comment: &StoredComment) -> Value {
    let (base, origin, id) = (&call.base, &call.origin, comment.id);
    let member = comment.login.eq_ignore_ascii_case(owner) || comment.login.ends_with("[bot]");
    json!({
        "id": id,
        "node_id": format!("IC_{id}"),
        "url": format!("{base}/repos/{owner}/{repo}/issues/comments/{id}"),
        "html_url": format!("{origin}/{owner}/{repo}/issues/{number}#issuecomment-{id}"),
        "issue_url": format!("{base}/repos/{owner}/{repo}/issues/{number}"),
        "user": user(&comment.login, origin),
        "body": comment.body,
        "created_at": comment.created_at,
        "updated_at": comment.created_at,
        "author_association": if member { "MEMBER" } else { "NONE" },
        "performed_via_github_app": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_only_to_other_pages() {
        let query = [("per_page".to_owned(), "2".to_owned()), ("page".to_owned(), "2".to_owned())];
        assert_eq!(
            links("http://h/c", &query, 2, 3),
            "<http://h/c?per_page=2&page=1>; rel=\"prev\", <http://h/c?per_page=2&page=3>; rel=\"next\", \
             <http://h/c?per_page=2&page=3>; rel=\"last\", <http://h/c?per_page=2&page=1>; rel=\"first\""
        );
        assert_eq!(links("http://h/c", &[], 1, 1), "");
        assert!(!links("http://h/c", &query, 3, 3).contains("next"));
    }
}
