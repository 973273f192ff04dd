//! Reactions to a comment of ours.
//!
//! Source: "Get an issue comment" and "Get a review comment for a pull request" in GitHub's documentation: a comment
//! carries the sums of its reactions. Those of a discussion are told by GraphQL alone, which finds no comment by its
//! number: the last hundred of the discussion are looked through.

use domain::{Proof, ServiceError};
use outbound::{Call, Request};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Api;
use crate::graphql::ask;
use crate::thread::Thread;

const IN_DISCUSSION: &str = "query($owner:String!,$repo:String!,$number:Int!){repository(owner:$owner,name:$repo){\
    discussion(number:$number){comments(last:100){nodes{...C replies(last:100){nodes{...C}}}}}}}\
    fragment C on DiscussionComment{databaseId reactionGroups{content reactors{totalCount}}}";

#[derive(Debug, Deserialize)]
struct WireComment {
    reactions: Option<Sums>,
}

#[derive(Debug, Deserialize)]
struct Sums {
    #[serde(rename = "+1", default)]
    up: u64,
    #[serde(rename = "-1", default)]
    down: u64,
}

/// How many have reacted with 👍 and with 👎; `None` where nothing is told.
pub(crate) async fn of(
    api: &Api,
    call: Call,
    repository: Thread<'_>,
    proof: &Proof,
) -> Result<Option<(u64, u64)>, ServiceError> {
    let Ok(id) = proof.id.parse::<u64>() else { return Ok(None) };
    let url = proof.url.as_deref().unwrap_or_default();
    if let Some((page, _)) = url.split_once("#discussioncomment-") {
        let number = page.rsplit('/').next().and_then(|number| number.parse::<u32>().ok());
        let Some(number) = number else { return Ok(None) };
        return in_discussion(api, call, repository, number, id).await;
    }
    let list = if url.contains("#discussion_r") { "pulls" } else { "issues" };
    let url = repository.repository(api.client.base(), &[list, "comments", &id.to_string()]);
    let (comment, _): (WireComment, _) = api.call(call, repository, &Request::get(url, &[])).await?;
    Ok(comment.reactions.map(|sums| (sums.up, sums.down)))
}

async fn in_discussion(
    api: &Api,
    call: Call,
    repository: Thread<'_>,
    number: u32,
    id: u64,
) -> Result<Option<(u64, u64)>, ServiceError> {
    let variables = json!({"owner": repository.owner, "repo": repository.repo, "number": number});
    let pointer = "/repository/discussion/comments/nodes";
    let found: Value = ask(api, call, repository, IN_DISCUSSION, variables, pointer).await?;
    let comments = nodes(&found).flat_map(|top| {
        let below = top.pointer("/replies/nodes").into_iter().flat_map(nodes);
        std::iter::once(top).chain(below)
    });
    let mut ours = comments.filter(|comment| comment["databaseId"].as_u64() == Some(id));
    Ok(ours.next().map(|comment| {
        let sum = |content: &str| {
            let mut groups = nodes(&comment["reactionGroups"]).filter(|group| group["content"] == content);
            groups.next().and_then(|group| group.pointer("/reactors/totalCount")?.as_u64()).unwrap_or(0)
        };
        (sum("THUMBS_UP"), sum("THUMBS_DOWN"))
    }))
}

fn nodes(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
