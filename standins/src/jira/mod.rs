//! The stand-in for Jira Cloud: issues of one site with their comments and the properties of those, and a plain page
//! for every issue. A locked issue is hidden from our account.

#[cfg(test)]
mod tests;

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Call, Handler, Note, Notes, Reply, Resource, Rest, Route, Standin, Voice, Words, rest};

/// The account behind every credential, which the sample comments mention.
pub const ACCOUNT: &str = "712020:0c1e8f5a-0001-4f6e-b8ab-afterhook0001";
/// Comments on a page, and the most.
const PER_PAGE: usize = 100;
/// The longest comment, in what Java calls characters: of its text, and of the addresses of its links.
const MAX_TEXT: usize = 32_767;

/// The stand-in for Jira. Its threads are the keys of issues; a note has a document (`body`) and `properties` besides.
pub type JiraStandin = Standin<Notes<Jira>>;

/// Jira's words.
#[derive(Debug)]
pub struct Jira;

impl Voice for Jira {
    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"errorMessages": [message], "errors": {}}))
    }
}

impl Words for Jira {
    const TITLE: &'static str = "Jira";
    const PAGE: &'static str = "/browse/";
    const API: &'static [&'static str] = &["/rest/"];
    const HANDLER: Handler<Self> = rest;
}

impl Rest for Jira {
    const SCHEMES: &'static [&'static str] = &["Basic"];
    const ROUTES: &'static [Route] = &[
        ("GET", "/rest/api/3/myself", Resource::Me),
        ("POST", "/rest/api/3/comment/list", Resource::Other),
        ("GET", "/rest/api/3/issue/*", Resource::Thread),
        ("GET", "/rest/api/3/issue/*/comment", Resource::List),
        ("POST", "/rest/api/3/issue/*/comment", Resource::New),
    ];
    const UNAUTHORIZED: &'static str =
        "You are not authenticated. Authentication required to perform this operation.";
    const NOT_FOUND: &'static str = "Issue does not exist or you do not have permission to see it.";
    const HIDES_LOCKED: bool = true;

    fn me(_: &Call) -> Value {
        json!({"accountId": ACCOUNT, "accountType": "atlassian", "displayName": "Afterhook", "active": true})
    }

    /// The issue with its status; other fields are not kept here.
    fn thread(notes: &Notes<Self>, name: &str) -> Value {
        let done = notes.state(name) != ThreadState::Open;
        let (id, status, category) = if done { (3, "Done", "done") } else { (2, "To Do", "new") };
        let category = json!({"id": id, "key": category, "name": status});
        json!({"key": name, "fields": {"status": {"name": status, "statusCategory": category}}})
    }

    fn shown(call: &Call, note: &Note) -> Value {
        let account = if note.is_ours() { ACCOUNT } else { &note.author };
        let author = json!({"accountId": account, "displayName": note.author, "active": true});
        let body = if note.extra.is_null() { document(&note.text) } else { note.extra["body"].clone() };
        let created = format!("{}+0000", note.written().strftime("%Y-%m-%dT%H:%M:%S.%3f"));
        let mut shown = json!({
            "id": note.id, "author": author, "body": body, "jsdPublic": true, "created": created, "updated": created,
        });
        if call.query("expand").unwrap_or_default().split(',').any(|it| it == "properties") {
            shown["properties"] = json!(note.extra["properties"].as_array().map_or(&[][..], Vec::as_slice));
        }
        shown
    }

    /// Oldest first, unless asked for otherwise.
    fn list(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        let (start, max) = (call.number("startAt", 0, 10_000), call.number("maxResults", PER_PAGE, PER_PAGE));
        let (rows, _) = notes.page(thread, call.query("orderBy") == Some("-created"), start, max);
        let rows: Value = rows.into_iter().map(|note| Self::shown(call, note)).collect();
        let total = notes.of(thread).count();
        Reply::ok(json!({"startAt": start, "maxResults": max, "total": total, "comments": rows}))
    }

    fn note(notes: &Notes<Self>, call: &Call, thread: &str, now: Timestamp) -> Result<Note, Reply> {
        let body = &call.body["body"];
        if body["type"] != json!("doc") || body["version"] != json!(1) {
            return Err(invalid("Comment body is not valid!"));
        }
        let properties = call.body["properties"].as_array().cloned().unwrap_or_default();
        if properties.iter().any(|property| !property["key"].is_string()) {
            return Err(Self::error(400, "A property has no key."));
        }
        let mut text = String::new();
        read(body, &mut text);
        if text.trim().is_empty() || length(body) > MAX_TEXT {
            let why =
                "The entered text is empty or too long. It exceeds the allowed limit of 32,767 characters.";
            return Err(invalid(why));
        }
        let extra = json!({"body": body, "properties": properties});
        Ok(Note { extra, ..notes.ours(thread, text.trim_end(), now) })
    }

    /// Comments by their ids, wherever they are.
    fn other(notes: &Notes<Self>, call: &Call, _: &str) -> Reply {
        let ids = call.body["ids"].as_array().into_iter().flatten();
        let found = ids.filter_map(|id| notes.with_id(&id.to_string()));
        let values: Vec<Value> = found.map(|note| Self::shown(call, note)).collect();
        let (total, max) = (values.len(), 1_048_576);
        Reply::ok(json!({"startAt": 0, "maxResults": max, "total": total, "isLast": true, "values": values}))
    }
}

fn length(node: &Value) -> usize {
    let units = |text: &Value| text.as_str().map_or(0, |text| text.encode_utf16().count());
    let list = |name: &str| node[name].as_array().into_iter().flatten();
    let links: usize = list("marks").map(|mark| units(&mark["attrs"]["href"])).sum();
    units(&node["text"]) + links + list("content").map(length).sum::<usize>()
}

fn invalid(comment: &str) -> Reply {
    Reply::new(400, json!({"errorMessages": [], "errors": {"comment": comment}}))
}

/// A document in Atlassian's format that says this.
fn document(text: &str) -> Value {
    let words = json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
    json!({"type": "doc", "version": 1, "content": [words]})
}

/// Every text in a document; blocks end with a line break.
fn read(node: &Value, text: &mut String) {
    text.push_str(node["text"].as_str().unwrap_or_default());
    for child in node["content"].as_array().into_iter().flatten() {
        read(child, text);
    }
    if matches!(node["type"].as_str(), Some("paragraph" | "heading" | "codeBlock" | "hardBreak")) {
        text.push('\n');
    }
}
