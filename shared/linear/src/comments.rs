//! Linear's [`Comments`]: those of an issue, ours found again by its id.

use async_trait::async_trait;
use domain::{
    AccountFacts, Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, Target, ThreadState,
    Timestamp, short_sha256,
};
use outbound::notes::{Note, Page};
use outbound::{Call, Client, Comments, Operation, Operations, marker};
use serde_json::json;

use crate::api::Linear;
use crate::config::SERVICE;
use crate::issue::Issue;
use crate::wire::{Created, Found, IssueComments, Made, Viewer};
use crate::{problem, state};

const VIEWER: &str = "query { viewer { id name } }";
const LIST: &str = "query($id: String!, $after: String) { issue(id: $id) { \
                    comments(first: 100, after: $after, orderBy: createdAt) { \
                    nodes { id body createdAt url user { id name } botActor { id name } parent { id } } \
                    pageInfo { hasNextPage endCursor } } } }";
const CREATE: &str = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) { \
                      success comment { id url } } }";
const LOOK: &str = "query($id: String!) { comment(id: $id) { \
                    id body createdAt url user { id name } botActor { id name } } }";

#[async_trait]
impl Comments for Linear {
    type Place<'t> = Issue<'t>;

    const OPERATIONS: Operations = Operations::on_comments(Operation::reads("read the issue"));

    fn client(&self) -> &Client {
        &self.client
    }

    fn place<'t>(client: &Client, call: Call, target: &'t Target) -> Result<Issue<'t>, ServiceError> {
        Issue::of(client, call, target)
    }

    /// The account's id, which is the author of its comments.
    async fn account(&self, call: Call) -> Result<String, ServiceError> {
        let viewer: Viewer = self.ask(call, VIEWER, json!({})).await?;
        Ok(viewer.viewer.id)
    }

    /// Linear does not tell what a key may do.
    async fn facts(&self, call: Call) -> AccountFacts {
        let viewer = self.ask::<Viewer>(call, VIEWER, json!({})).await;
        let needs =
            "the key has *Read* and *Create comments*, and its user is a member of the teams that it serves";
        let name = viewer.ok().and_then(|viewer| viewer.viewer.name);
        AccountFacts { name, rights: None, needs: Some(needs) }
    }

    async fn page(
        &self,
        call: Call,
        issue: Issue<'_>,
        me: &str,
        _: Option<Audience>,
        after: Option<String>,
    ) -> Result<Page, ServiceError> {
        let variables = json!({"id": issue.id, "after": after});
        let read: IssueComments = self.ask(call, LIST, variables).await?;
        let mut comments = read.issue.comments;
        let next = comments.next();
        let notes = comments.nodes.into_iter().map(|mut wire| {
            let (ours, author) = (wire.is_by(me), wire.author());
            let is_shown = issue.parent.is_none_or(|parent| wire.is_in_thread_of(parent));
            let comment = Comment { id: wire.id, author, ours, text: wire.body, at: wire.created_at };
            Note { comment, is_shown, url: wire.url }
        });
        Ok(Page { notes: notes.collect(), next })
    }

    async fn state(&self, call: Call, issue: Issue<'_>) -> Result<ThreadState, ServiceError> {
        state::of(self, call, issue).await
    }

    /// Adds a comment under the id that is its proof, in the thread that is answered.
    async fn create(
        &self,
        call: Call,
        issue: Issue<'_>,
        text: &str,
        mark: &Mark,
        _: Audience,
    ) -> Result<Proof, ServiceError> {
        let body = marker::shorten(text.to_owned(), SERVICE.longest_text);
        let mut input = json!({"id": id_of(mark), "issueId": issue.id, "body": body});
        if let Some(parent) = issue.parent {
            input["parentId"] = json!(parent);
        }
        match self.ask::<Created>(call, CREATE, json!({"input": input})).await {
            Ok(Created { comment_create }) => match comment_create.comment.filter(|_| comment_create.success)
            {
                Some(Made { id, url }) => Ok(Proof { id, url }),
                None => Err(self.client.lost(call, "Linear does not say whether the comment was made")),
            },
            Err(error) if error.failure == ServiceFailure::Refused => refused(self, call, mark, error).await,
            Err(error) => Err(error),
        }
    }

    /// Linear refuses an id that it has already, and ours is made of the mark.
    fn knows_repetitions(&self) -> bool {
        true
    }

    /// The comment's id says all: when it was written does not matter.
    async fn find(
        &self,
        call: Call,
        _: Issue<'_>,
        mark: &Mark,
        _: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        with_mark(self, call, mark).await
    }
}

/// Linear refuses an id that it has already: then an earlier request has made the comment.
async fn refused(api: &Linear, call: Call, mark: &Mark, error: ServiceError) -> Result<Proof, ServiceError> {
    match with_mark(api, Call { operation: Linear::OPERATIONS.find, ..call }, mark).await {
        Ok(Some(proof)) => Ok(proof),
        Ok(None) => Err(error),
        Err(_) => Err(api.client.lost(call, error.message)),
    }
}

/// The comment with `mark` by our own account.
async fn with_mark(api: &Linear, call: Call, mark: &Mark) -> Result<Option<Proof>, ServiceError> {
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
