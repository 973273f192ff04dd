//! The part of the GraphQL API that discussions need: told by what a query names, not parsed.

use domain::Timestamp;
use serde_json::{Value, json};

use super::store::{Change, Github, IssueState, Kind, Place, StoredComment};
use crate::kit::{Call, Kept, Reply};

/// `POST /graphql`. Nodes of discussions are kept under their ids: their repository is in no request.
pub(super) fn answer(
    kept: &mut Kept<Github>,
    call: &Call,
    login: &str,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let (query, variables) = (call.field("query").unwrap_or_default(), &call.body["variables"]);
    let text = |name: &str| variables[name].as_str().unwrap_or_default();
    if query.contains("addDiscussionComment") {
        let at = place(text("discussion"));
        if kept.visible(&at)?.state == IssueState::Locked {
            return Ok(refused("FORBIDDEN", "Unable to create comment because discussion is locked."));
        }
        let in_reply_to = variables["replyTo"].as_str().map(number);
        let comment = StoredComment { in_reply_to, ..kept.comment(login, text("body"), now) };
        let made = json!({"databaseId": comment.id, "url": address(call, &at, comment.id)});
        kept.record(Change::Comment { at, comment })?;
        return Ok(found(json!({"addDiscussionComment": {"comment": made}})));
    }
    if query.contains("reactionGroups") {
        return Ok(found(json!({"repository": {"discussion": {"comments": reactions(kept)}}})));
    }
    let id = text("id");
    let node = if query.contains("isArchived") {
        let state = kept.visible(&place(id))?.state;
        let is = |wanted| state == wanted;
        json!({"locked": is(IssueState::Locked), "closed": is(IssueState::Closed), "repository": {"isArchived": false}})
    } else if query.contains("replyTo{id}") {
        json!({"id": id, "replyTo": null})
    } else if id.starts_with("DC_") {
        json!({"databaseId": number(id), "body": "", "createdAt": now, "url": null, "author": null,
            "replies": list(kept, call, Some(number(id)))})
    } else {
        json!({"comments": list(kept, call, None)})
    };
    Ok(found(json!({"node": node})))
}

/// All comments below the one with this number, or of the first level, on one page.
fn list(kept: &Github, call: &Call, below: Option<u64>) -> Value {
    let nodes = comments(kept).filter(|(_, comment)| comment.in_reply_to == below).map(|(at, comment)| {
        let login = comment.login.strip_suffix("[bot]");
        let kind = if login.is_some() { "Bot" } else { "User" };
        json!({"databaseId": comment.id, "body": comment.body, "createdAt": comment.created_at,
            "url": address(call, at, comment.id),
            "author": {"__typename": kind, "login": login.unwrap_or(&comment.login)}})
    });
    json!({"pageInfo": {"hasPreviousPage": false, "startCursor": null}, "nodes": nodes.collect::<Vec<_>>()})
}

/// The comments of every discussion, with the sums of their reactions.
fn reactions(kept: &Github) -> Value {
    let nodes = comments(kept).map(|(_, comment)| {
        let groups = [("THUMBS_UP", "+1"), ("THUMBS_DOWN", "-1")].map(|(name, content)| {
            let count = comment.reactions.iter().filter(|(_, of)| of == content).count();
            json!({"content": name, "reactors": {"totalCount": count}})
        });
        json!({"databaseId": comment.id, "reactionGroups": groups, "replies": {"nodes": []}})
    });
    json!({"nodes": nodes.collect::<Vec<_>>()})
}

/// The comments of every discussion, and where each is.
fn comments(kept: &Github) -> impl Iterator<Item = (&Place, &StoredComment)> {
    kept.comments().filter(|(at, _)| at.kind == Kind::Discussion)
}

/// Where the comments of the discussion with this node are kept.
fn place(node: &str) -> Place {
    Place::new("discussions", "by-node", number(node)).of_kind(Kind::Discussion)
}

/// A number for a node.
pub(super) fn number(node: &str) -> u64 {
    node.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)) % 1_000_000_007)
}

fn address(call: &Call, at: &Place, comment: u64) -> String {
    format!("{}/discussions/{}#discussioncomment-{comment}", call.origin, at.number)
}

fn found(data: Value) -> Reply {
    Reply::ok(json!({"data": data}))
}

fn refused(kind: &str, message: &str) -> Reply {
    Reply::ok(json!({"data": null, "errors": [{"type": kind, "message": message}]}))
}
