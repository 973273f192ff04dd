//! Comments of an issue: the last ones, a new one, and ours found again by its property.

use domain::{Audience, Comment, Mark, Proof, ServiceError, Timestamp};
use markdown::to_adf;
use outbound::{Call, Request, is_recent};
use serde_json::json;
use webhook::adf_text;

use crate::api::Api;
use crate::config::SERVICE;
use crate::issue::Issue;
use crate::wire::{ByIds, CommentsPage, Created, NewComment, WireComment};

/// Comments on a page: the most that Jira gives.
const PER_PAGE: &str = "100";
/// Pages that are looked through.
const MAX_PAGES: usize = 30;

/// The last `limit` comments that all of `audience` can read, oldest first.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    limit: usize,
    audience: Audience,
) -> Result<Vec<Comment>, ServiceError> {
    let me = api.myself(call).await?;
    let (mut found, mut start) = (Vec::new(), 0);
    for _ in 0..MAX_PAGES {
        let page = page(api, call, issue, start).await?;
        let next = page.next();
        let properties = known_properties(api, call, &page.comments).await?;
        let page = page.comments.into_iter().map(|comment| comment.with(&properties));
        found.extend(page.filter(|comment| audience >= comment.audience()));
        match next {
            Some(next) if found.len() < limit => start = next,
            _ => break,
        }
    }
    found.truncate(limit);
    Ok(found.into_iter().rev().map(|comment| seen_by(comment, &me)).collect())
}

fn seen_by(mut comment: WireComment, me: &str) -> Comment {
    let ours = comment.is_by(me);
    let (author, text) = (comment.author(), adf_text(&comment.body));
    Comment { id: comment.id, author, ours, text, at: comment.created }
}

/// Who can read the comment `id`; `None` if there is none any more.
pub(crate) async fn audience(api: &Api, call: Call, id: &str) -> Result<Option<Audience>, ServiceError> {
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(by_ids(api, call, &[id]).await?.first().map(WireComment::audience))
}

/// Adds a comment for `audience`.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    text: &str,
    mark: &Mark,
    audience: Audience,
) -> Result<Proof, ServiceError> {
    let comment = NewComment::new(to_adf(text, SERVICE.longest_text), mark, audience);
    let request = api.client.request(call, Request::post, &issue.comments(), &comment)?;
    let created: Created = api.call(call, &request).await?;
    Ok(proof(api, issue, created.id))
}

/// Looks for the comment with `mark` by our own account, written not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let me = api.myself(call).await?;
    let is_recent = |comment: &WireComment| is_recent(comment.created, since);
    let mut start = 0;
    for _ in 0..MAX_PAGES {
        let page = page(api, call, issue, start).await?;
        // The page is sorted newest first, as asked: all comments behind the first one that is too old are too old.
        let ordered = page.comments.is_sorted_by(|one, next| one.created >= next.created);
        let next = page.next().filter(|_| !ordered || page.comments.iter().all(is_recent));
        // Whoever may edit a comment may set its properties: only our own account's counts.
        let ours = page.comments.into_iter().filter(|comment| comment.is_by(&me) && is_recent(comment));
        if let Some(comment) = marked(api, call, ours.collect(), mark).await? {
            return Ok(Some(proof(api, issue, comment.id)));
        }
        match next {
            Some(next) => start = next,
            None => return Ok(None),
        }
    }
    // "Not found" would have the comment written again.
    Err(api.client.lost(call, format!("our comment is not among the last {MAX_PAGES} pages of comments")))
}

/// The one of `comments` that carries `mark`.
async fn marked(
    api: &Api,
    call: Call,
    comments: Vec<WireComment>,
    mark: &Mark,
) -> Result<Option<WireComment>, ServiceError> {
    let properties = known_properties(api, call, &comments).await?;
    Ok(comments.into_iter().map(|comment| comment.with(&properties)).find(|comment| comment.carries(mark)))
}

/// Those of `comments` that came without their properties, with them. The list of an issue's comments has the
/// properties when asked to, but Atlassian documents that for the list by ids only. A comment that comes without
/// properties may have some, so it is asked for by its id.
async fn known_properties(
    api: &Api,
    call: Call,
    comments: &[WireComment],
) -> Result<Vec<WireComment>, ServiceError> {
    let silent: Vec<u64> = comments
        .iter()
        .filter(|comment| !comment.tells_properties())
        .filter_map(|comment| comment.id.parse().ok())
        .collect();
    if silent.is_empty() { Ok(Vec::new()) } else { by_ids(api, call, &silent).await }
}

/// Comments by their ids. In this list, a comment without properties has none.
async fn by_ids(api: &Api, call: Call, ids: &[u64]) -> Result<Vec<WireComment>, ServiceError> {
    let list = ["rest", "api", "3", "comment", "list"];
    let request = api.client.request(call, with_properties, &list, &json!({"ids": ids}))?;
    let by_ids: ByIds = api.call(call, &request).await?;
    Ok(by_ids.values)
}

fn with_properties(mut url: outbound::Url, ids: &serde_json::Value) -> Result<Request, serde_json::Error> {
    url.query_pairs_mut().append_pair("expand", "properties");
    Request::post(url, ids)
}

/// A page of the comments, newest first.
async fn page(api: &Api, call: Call, issue: Issue<'_>, start: usize) -> Result<CommentsPage, ServiceError> {
    let start = start.to_string();
    let query = [
        ("startAt", start.as_str()),
        ("maxResults", PER_PAGE),
        ("orderBy", "-created"),
        ("expand", "properties"),
    ];
    let url = api.client.base().join(&issue.comments());
    api.call(call, &Request::get(url, &query)).await
}

fn proof(api: &Api, issue: Issue<'_>, id: String) -> Proof {
    let url = issue.page(api.client.base(), &id);
    Proof { id, url }
}
