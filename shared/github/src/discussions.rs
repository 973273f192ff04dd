//! Comments of a discussion. There are two levels: comments, and answers below each.
//!
//! Source: "Using the GraphQL API for Discussions" in GitHub's documentation. An answer hangs on a comment of the first
//! level alone, and `clientMutationId` keeps nothing from happening twice: the marker in the body is the proof.

use domain::{Comment, Mark, Proof, ServiceError, ThreadState, Timestamp};
use outbound::{Call, is_recent, marker};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{Account, Marked};
use crate::api::Api;
use crate::graphql::ask;
use crate::thread::Thread;

/// Comments on a page: the most that GitHub gives.
const PER_PAGE: usize = 100;
/// Pages that are looked through for a comment of ours.
const MAX_PAGES: usize = 30;

const STATE: &str = "query($id:ID!){node(id:$id){...on Discussion{locked closed repository{isArchived}}}}";
const TOP: &str = "query($id:ID!){node(id:$id){...on DiscussionComment{id replyTo{id}}}}";
const LIST: &str = "query($id:ID!,$before:String){node(id:$id){\
    ...on Discussion{comments(last:100,before:$before){pageInfo{hasPreviousPage startCursor} nodes{...C}}}\
    ...on DiscussionComment{...C replies(last:100,before:$before){pageInfo{hasPreviousPage startCursor} nodes{...C}}}}}\
    fragment C on DiscussionComment{databaseId body createdAt url author{__typename login}}";
const ADD: &str = "mutation($discussion:ID!,$body:String!,$replyTo:ID){\
    addDiscussionComment(input:{discussionId:$discussion,body:$body,replyToId:$replyTo}){comment{databaseId url}}}";

/// A place in a discussion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) thread: Thread<'a>,
    /// Node id of the discussion.
    pub(crate) id: &'a str,
    /// Node id of the comment below which it is, or of an answer there.
    pub(crate) reply_to: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireComment {
    database_id: u64,
    body: String,
    created_at: Timestamp,
    url: Option<String>,
    author: Option<Author>,
}

#[derive(Debug, Deserialize)]
struct Author {
    #[serde(rename = "__typename", default)]
    kind: String,
    login: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_info: PageInfo,
    nodes: Vec<WireComment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_previous_page: bool,
    start_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Created {
    #[serde(rename = "databaseId")]
    id: u64,
    url: Option<String>,
}

impl WireComment {
    /// As the REST API has it: GraphQL leaves the `[bot]` of apps out.
    fn author(&self) -> String {
        match &self.author {
            Some(author) if self.is_by_bot() && !author.login.ends_with("[bot]") => {
                format!("{}[bot]", author.login)
            }
            Some(author) => author.login.clone(),
            None => "ghost".to_owned(),
        }
    }

    fn is_by_bot(&self) -> bool {
        self.author.as_ref().is_some_and(|author| author.kind == "Bot")
    }

    fn seen_by(self, login: &str) -> Comment {
        let ours = self.author().eq_ignore_ascii_case(login);
        Comment {
            id: self.database_id.to_string(),
            author: self.author(),
            ours,
            text: if ours { marker::strip(&self.body) } else { self.body },
            at: self.created_at,
        }
    }
}

/// The present state of a discussion.
pub(crate) async fn state(api: &Api, call: Call, place: Place<'_>) -> Result<ThreadState, ServiceError> {
    let found: Value = ask(api, call, place.thread, STATE, json!({"id": place.id}), "/node").await?;
    let says = |pointer: &str| found.pointer(pointer) == Some(&Value::Bool(true));
    Ok(match (says("/locked") || says("/repository/isArchived"), says("/closed")) {
        (true, _) => ThreadState::Locked,
        (false, true) => ThreadState::Closed,
        (false, false) => ThreadState::Open,
    })
}

/// The last `limit` comments of the discussion, or of the thread below one of them, oldest first.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    place: Place<'_>,
    limit: usize,
    login: &str,
) -> Result<Vec<Comment>, ServiceError> {
    let top = top(api, call, place).await?;
    let node = top.as_deref().unwrap_or(place.id);
    let (mut comments, _, first) = page(api, call, place, node, top.is_some(), None).await?;
    // What its thread began with.
    comments.splice(0..0, first);
    let spare = comments.len().saturating_sub(limit);
    Ok(comments.split_off(spare).into_iter().map(|comment| comment.seen_by(login)).collect())
}

/// Adds a comment.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    place: Place<'_>,
    body: &str,
    top: Option<&str>,
) -> Result<Proof, ServiceError> {
    let variables = json!({"discussion": place.id, "body": body, "replyTo": top});
    let pointer = "/addDiscussionComment/comment";
    let created: Created = ask(api, call, place.thread, ADD, variables, pointer).await?;
    Ok(Proof { id: created.id.to_string(), url: created.url })
}

/// Looks for the comment with `mark` by our `account`, written not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    place: Place<'_>,
    account: &Account,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let top = top(api, call, place).await?;
    let node = top.as_deref().unwrap_or(place.id);
    let mut before: Option<String> = None;
    let mut marked = Marked::by(account);
    for _ in 0..MAX_PAGES {
        let (comments, previous, _) = page(api, call, place, node, top.is_some(), before.as_deref()).await?;
        let is_ours = |it: &&WireComment| {
            marker::carries(&it.body, mark) && marked.is_ours(&it.author(), it.is_by_bot())
        };
        if let Some(comment) = comments.iter().find(is_ours) {
            return Ok(Some(Proof { id: comment.database_id.to_string(), url: comment.url.clone() }));
        }
        let older_are_too_old = comments.first().is_some_and(|oldest| !is_recent(oldest.created_at, since));
        match previous {
            Some(cursor) if !older_are_too_old => before = Some(cursor),
            _ => return marked.none(&api.client, call),
        }
    }
    // "Not found" would have the comment written again.
    let message = format!("our comment is not among the last {MAX_PAGES} pages of {PER_PAGE} comments");
    Err(api.client.lost(call, message))
}

/// Node id of the comment of the first level below which `place` is.
pub(crate) async fn top(api: &Api, call: Call, place: Place<'_>) -> Result<Option<String>, ServiceError> {
    let Some(id) = place.reply_to else { return Ok(None) };
    let found: Value = ask(api, call, place.thread, TOP, json!({"id": id}), "/node").await?;
    let of = |pointer: &str| found.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Ok(of("/replyTo/id").or_else(|| of("/id")).or_else(|| Some(id.to_owned())))
}

/// A page of the comments of `node`, oldest first; where the page before it ends; and the comment that `node` is
/// itself, on the last page.
async fn page(
    api: &Api,
    call: Call,
    place: Place<'_>,
    node: &str,
    is_comment: bool,
    before: Option<&str>,
) -> Result<(Vec<WireComment>, Option<String>, Option<WireComment>), ServiceError> {
    let variables = json!({"id": node, "before": before});
    let mut found: Value = ask(api, call, place.thread, LIST, variables, "/node").await?;
    let list = found[if is_comment { "replies" } else { "comments" }].take();
    let read = |_| api.client.later(call, "GitHub's answer is not what its API documents");
    let Page { page_info, nodes } = Page::deserialize(list).map_err(read)?;
    let first = (is_comment && before.is_none()).then(|| WireComment::deserialize(found)).transpose();
    let previous = page_info.start_cursor.filter(|_| page_info.has_previous_page);
    Ok((nodes, previous, first.map_err(read)?))
}
