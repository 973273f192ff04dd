//! Comments of an issue: the last ones, a new one, and ours found again by its marker.

use domain::{Comment, Mark, Proof, ServiceError, ThreadState, Timestamp};
use outbound::notes::{self, Note, Page};
use outbound::{Call, Request, marker};
use serde_json::json;

use crate::api::{Api, FIND};
use crate::config::SERVICE;
use crate::issue::Issue;
use crate::problem;
use crate::wire::{Created, WireComment, WireIssue};

/// Comments on a page: the most that Sentry gives.
const PER_PAGE: &str = "100";

/// The last `limit` comments, oldest first.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    limit: usize,
) -> Result<Vec<Comment>, ServiceError> {
    let me = &*api.me(call).await?;
    notes::last(limit, |next| page(api, call, issue, me, next)).await
}

/// Looks for the comment with `mark` by our own account, written not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let me = &*api.me(call).await?;
    notes::find(&api.client, call, mark, since, |next| page(api, call, issue, me, next)).await
}

async fn page(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    me: &str,
    next: Option<String>,
) -> Result<Page, ServiceError> {
    let mut query = vec![("per_page", PER_PAGE)];
    query.extend(next.as_deref().map(|cursor| ("cursor", cursor)));
    let url = issue.url(api.client.base(), &["comments"]);
    let answer = api.client.send(call, &Request::get(url, &query)).await?;
    let next = answer.headers.get("link").and_then(|link| link.to_str().ok()).and_then(next_cursor);
    let read: Vec<WireComment> = api.client.read(call, &answer, problem::of)?;
    let notes = read.into_iter().map(|comment| {
        let (id, name) = comment.user.map(|user| (Some(user.id), user.name)).unwrap_or_default();
        let ours = id.as_deref() == Some(me);
        let author = name.or(id).unwrap_or_else(|| "unknown".to_owned());
        let (text, at) = (comment.data.text, comment.date_created);
        let comment = Comment { id: comment.id, author, ours, text, at };
        Note { comment, is_shown: true, url: Some(issue.link(api.client.base())) }
    });
    Ok(Page { notes: notes.collect(), next })
}

/// The cursor of the next page: `<…>; rel="next"; results="true"; cursor="0:100:0"`.
fn next_cursor(link: &str) -> Option<String> {
    let next =
        link.split(',').find(|part| part.contains("rel=\"next\"") && part.contains("results=\"true\""))?;
    let (_, cursor) = next.split_once("cursor=\"")?;
    cursor.split_once('"').map(|(cursor, _)| cursor.to_owned())
}

/// Adds a comment.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    text: &str,
    mark: &Mark,
) -> Result<Proof, ServiceError> {
    let body = json!({"text": marker::compose(text, mark, SERVICE.longest_text)});
    let url = issue.url(api.client.base(), &["comments"]);
    let request = api.client.checked(call, Request::post(url, &body))?;
    let answer = api.client.send(call, &request).await?;
    if problem::is_repetition(&answer) {
        return made_before(api, call, issue, mark).await;
    }
    let created: Created = api.client.read(call, &answer, problem::of)?;
    Ok(Proof { id: created.id, url: Some(issue.link(api.client.base())) })
}

/// Sentry has this very text already, from an earlier request.
async fn made_before(api: &Api, call: Call, issue: Issue<'_>, mark: &Mark) -> Result<Proof, ServiceError> {
    let found = find(api, Call { operation: FIND, ..call }, issue, mark, Timestamp::UNIX_EPOCH).await;
    let lost = || api.client.lost(call, "Sentry has this comment already, and does not show it");
    found.ok().flatten().ok_or_else(lost)
}

/// The present state of an issue. A resolved one still takes comments.
pub(crate) async fn state(api: &Api, call: Call, issue: Issue<'_>) -> Result<ThreadState, ServiceError> {
    let url = issue.url(api.client.base(), &[]);
    let issue: WireIssue = api.call(call, &Request::get(url, &[])).await?;
    Ok(if issue.status == "resolved" { ThreadState::Closed } else { ThreadState::Open })
}

#[cfg(test)]
mod tests {
    use super::next_cursor;

    #[test]
    fn the_next_page_is_that_of_the_link_that_has_results() {
        let link = "<https://sentry.io/a>; rel=\"previous\"; results=\"true\"; cursor=\"0:0:1\", \
                    <https://sentry.io/b>; rel=\"next\"; results=\"true\"; cursor=\"0:100:0\"";
        assert_eq!(next_cursor(link).as_deref(), Some("0:100:0"));
        assert_eq!(
            next_cursor(
                &link.replace("results=\"true\"; cursor=\"0:100", "results=\"false\"; cursor=\"0:100")
            ),
            None
        );
        assert_eq!(next_cursor("nonsense"), None);
    }
}
