//! Comments of an issue: the last ones, a new one, and ours found again by its id.

use domain::{Comment, Mark, Proof, ServiceError, ServiceFailure, short_sha256};
use outbound::notes::{self, Note, Page};
use outbound::{Call, marker};
use serde_json::json;

use crate::api::{Api, FIND};
use crate::config::SERVICE;
use crate::issue::Issue;
use crate::problem;
use crate::wire::{Created, Found, IssueComments, Made};

const LIST: &str = "query($id: String!, $after: String) { issue(id: $id) { \
                    comments(first: 100, after: $after, orderBy: createdAt) { \
                    nodes { id body createdAt url user { id name } botActor { id name } } \
                    pageInfo { hasNextPage endCursor } } } }";
const CREATE: &str = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) { \
                      success comment { id url } } }";
const LOOK: &str = "query($id: String!) { comment(id: $id) { \
                    id body createdAt url user { id name } botActor { id name } } }";

/// The last `limit` comments, oldest first.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    limit: usize,
) -> Result<Vec<Comment>, ServiceError> {
    let me = &*api.me(call).await?;
    notes::last(limit, |after| page(api, call, issue, me, after)).await
}

async fn page(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    me: &str,
    after: Option<String>,
) -> Result<Page, ServiceError> {
    let variables = json!({"id": issue.0, "after": after});
    let read: IssueComments = api.ask(call, LIST, variables).await?;
    let mut comments = read.issue.comments;
    let next = comments.next();
    let notes = comments.nodes.into_iter().map(|mut wire| {
        let (ours, author) = (wire.is_by(me), wire.author());
        let comment = Comment { id: wire.id, author, ours, text: wire.body, at: wire.created_at };
        Note { comment, is_shown: true, url: wire.url }
    });
    Ok(Page { notes: notes.collect(), next })
}

/// Adds a comment under the id that is its proof.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    issue: Issue<'_>,
    text: &str,
    mark: &Mark,
) -> Result<Proof, ServiceError> {
    let body = marker::shorten(text.to_owned(), SERVICE.longest_text);
    let variables = json!({"input": {"id": id_of(mark), "issueId": issue.0, "body": body}});
    match api.ask::<Created>(call, CREATE, variables).await {
        Ok(Created { comment_create }) => match comment_create.comment.filter(|_| comment_create.success) {
            Some(Made { id, url }) => Ok(Proof { id, url }),
            None => Err(api.client.lost(call, "Linear does not say whether the comment was made")),
        },
        Err(error) if error.failure == ServiceFailure::Refused => refused(api, call, mark, error).await,
        Err(error) => Err(error),
    }
}

/// Linear refuses an id that it has already: then an earlier request has made the comment.
async fn refused(api: &Api, call: Call, mark: &Mark, error: ServiceError) -> Result<Proof, ServiceError> {
    match find(api, Call { operation: FIND, ..call }, mark).await {
        Ok(Some(proof)) => Ok(proof),
        Ok(None) => Err(error),
        Err(_) => Err(api.client.lost(call, error.message)),
    }
}

/// Looks for the comment with `mark` by our own account.
pub(crate) async fn find(api: &Api, call: Call, mark: &Mark) -> Result<Option<Proof>, ServiceError> {
    let me = api.me(call).await?;
    let answer = api.answer(call, LOOK, json!({"id": id_of(mark)})).await?;
    if problem::is_absent(&answer) {
        return Ok(None);
    }
    let found: Found = api.read(call, &answer)?;
    let ours = found.comment.filter(|comment| comment.is_by(&me));
    Ok(ours.map(|comment| Proof { id: comment.id, url: comment.url }))
}

/// The id of the comment with `mark`: a UUID of version 4, by the hash of the mark.
fn id_of(mark: &Mark) -> String {
    let hex = short_sha256(&mark.to_string());
    let variant = match hex.as_bytes()[16] % 4 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    };
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use domain::TaskId;

    use super::*;

    #[test]
    fn each_mark_has_a_uuid_of_its_own_and_always_the_same() {
        let mark = |task: &[u8], effect: &str| Mark {
            task_id: TaskId::derive("linear", task),
            effect: effect.into(),
        };
        let id = id_of(&mark(b"1", "reply"));
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_eq!(id, id_of(&mark(b"1", "reply")));
        assert_ne!(id, id_of(&mark(b"2", "reply")));
        assert_ne!(id, id_of(&mark(b"1", "label")));
    }
}
