//! The stand-in for Linear: issues with their comments, and a plain page for every issue.

#[cfg(test)]
mod tests;

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{ACCOUNT, Call, Handler, Kept, Note, Notes, Reply, Standin, Voice, Words};

/// The stand-in for Linear. Its threads are the ids of issues.
pub type LinearStandin = Standin<Notes<Linear>>;

/// Linear's words.
#[derive(Debug)]
pub struct Linear;

impl Voice for Linear {
    fn error(status: u16, message: &str) -> Reply {
        failed(status, message, "INTERNAL_SERVER_ERROR")
    }
}

impl Words for Linear {
    const TITLE: &'static str = "Linear";
    const PAGE: &'static str = "/issue/";
    const API: &'static [&'static str] = &["/graphql"];
    const HANDLER: Handler<Self> = answer;

    fn writes(call: &Call) -> bool {
        query(call).starts_with("mutation")
    }
}

fn answer(kept: &mut Kept<Notes<Linear>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    if matches!(call.header("authorization").trim_start_matches("Bearer ").trim(), "" | "INVALID") {
        return Err(failed(401, "Authentication required, not authenticated", "AUTHENTICATION_ERROR"));
    }
    let (query, id) = (query(call), variable(call, "/id"));
    if query.contains("commentCreate(") {
        return create(kept, call, now);
    }
    let data = if query.contains("viewer {") {
        json!({"viewer": {"id": ACCOUNT, "name": ACCOUNT}})
    } else if query.contains("comment(") {
        let note = kept.with_id(id).ok_or_else(|| absent("Comment"))?;
        json!({"comment": shown(call, note)})
    } else if query.contains("comments(") {
        json!({"issue": {"comments": page(kept, call, id)}})
    } else if query.contains("issue(") {
        json!({"issue": issue(kept.state(id))})
    } else {
        return Err(failed(400, "Cannot query that field", "GRAPHQL_VALIDATION_FAILED"));
    };
    Ok(Reply::ok(json!({"data": data})))
}

fn query(call: &Call) -> &str {
    call.field("query").unwrap_or_default()
}

fn variable<'c>(call: &'c Call, pointer: &str) -> &'c str {
    call.body["variables"].pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn create(kept: &mut Kept<Notes<Linear>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    let [id, issue, body] = ["/input/id", "/input/issueId", "/input/body"].map(|place| variable(call, place));
    if kept.state(issue) == ThreadState::Locked {
        return Err(absent("Issue"));
    }
    if body.trim().is_empty() || issue.is_empty() {
        return Err(failed(400, "Argument Validation Error", "INVALID_INPUT"));
    }
    if kept.with_id(id).is_some() {
        return Err(failed(400, "conflict on insert of Comment", "INPUT_ERROR"));
    }
    let parent = Some(variable(call, "/input/parentId")).filter(|parent| !parent.is_empty());
    // One that is not known may have come by a sample event.
    if parent.and_then(|parent| kept.with_id(parent)).is_some_and(|parent| parent.discussion.is_some()) {
        return Err(failed(400, "Parent comment must be a top level comment", "INPUT_ERROR"));
    }
    let mut note = Note { discussion: parent.map(str::to_owned), ..kept.ours(issue, body, now) };
    if !id.is_empty() {
        id.clone_into(&mut note.id);
    }
    let made = json!({"id": note.id, "url": url(call, &note)});
    kept.record(note)?;
    Ok(Reply::ok(json!({"data": {"commentCreate": {"success": true, "comment": made}}})))
}

/// A page, newest first; its cursor is the number of comments before the next one.
fn page(kept: &Notes<Linear>, call: &Call, id: &str) -> Value {
    const PER_PAGE: usize = 100;
    let start: usize = variable(call, "/after").parse().unwrap_or(0);
    let (rows, more) = kept.page(id, true, start, PER_PAGE);
    let nodes: Value = rows.into_iter().map(|note| shown(call, note)).collect();
    json!({"nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": (start + PER_PAGE).to_string()}})
}

fn issue(state: ThreadState) -> Value {
    let kind = if state == ThreadState::Closed { "completed" } else { "started" };
    let archived = (state == ThreadState::Locked).then_some("2026-01-01T00:00:00.000Z");
    json!({"archivedAt": archived, "trashed": null, "state": {"type": kind}})
}

fn shown(call: &Call, note: &Note) -> Value {
    json!({
        "id": note.id, "body": note.text, "createdAt": note.time(), "url": url(call, note),
        "user": note.account(), "botActor": null, "parent": note.discussion.as_ref().map(|id| json!({"id": id})),
    })
}

fn url(call: &Call, note: &Note) -> String {
    format!("{}{}{}#{}", call.origin, Linear::PAGE, note.thread, note.id)
}

fn absent(kind: &str) -> Reply {
    failed(400, &format!("Entity not found: {kind}"), "INPUT_ERROR")
}

fn failed(status: u16, message: &str, code: &str) -> Reply {
    Reply::new(status, json!({"errors": [{"message": message, "extensions": {"code": code}}]}))
}
