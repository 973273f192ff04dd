//! The routes of Jira's REST API, with Jira's errors.

use std::collections::BTreeSet;

use domain::Timestamp;
use serde_json::{Value, json};

use super::ACCOUNT;
use super::record::StoredComment;
use crate::kit::{Call, Kept, Reply, State, article, escape, index};

/// Comments on a page, and the most.
const PER_PAGE: usize = 100;
/// The longest comment, in what Java calls characters: of its text, and of the addresses of its links.
const MAX_TEXT: usize = 32_767;

/// All issues.
#[derive(Debug, Default)]
pub struct Issues {
    /// All comments, oldest first.
    pub(super) comments: Vec<StoredComment>,
    pub(super) hidden: BTreeSet<String>,
    pub(super) done: BTreeSet<String>,
}

impl State for Issues {
    type Change = StoredComment;
    const TITLE: &'static str = "Jira";

    fn apply(&mut self, comment: StoredComment) {
        self.comments.push(comment);
    }

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/rest/")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"errorMessages": [message], "errors": {}}))
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.is_authorised(&["Basic"]) {
            let message = "You are not authenticated. Authentication required to perform this operation.";
            return Err(Self::error(401, message));
        }
        let segments = call.segments();
        let Some(below) = segments.strip_prefix(&["rest", "api", "3"]) else {
            return Err(Self::error(404, "There is no such resource."));
        };
        match (call.method.as_str(), below) {
            ("GET", ["myself"]) => Ok(Reply::ok(myself())),
            ("POST", ["comment", "list"]) => Ok(kept.by_ids(call)),
            (_, ["issue", issue, ..]) if kept.hidden.contains(*issue) => {
                Err(Self::error(404, "Issue does not exist or you do not have permission to see it."))
            }
            ("GET", ["issue", issue]) => Ok(Reply::ok(kept.issue(issue))),
            ("GET", ["issue", issue, "comment"]) => Ok(kept.list(issue, call)),
            ("POST", ["issue", issue, "comment"]) => create(kept, issue, call, now),
            _ => Err(Self::error(404, "There is no such resource.")),
        }
    }

    fn page(&self, segments: &[&str]) -> Option<(String, String)> {
        match segments {
            [] => {
                let issues: BTreeSet<&str> = self.comments.iter().map(|comment| &*comment.issue).collect();
                Some(index(
                    "Issues",
                    issues.into_iter().map(|key| (format!("/browse/{key}"), key.to_owned())),
                ))
            }
            ["browse", issue] => {
                let comments = self.of(issue).map(|comment| {
                    article(&format!("c{}", comment.id), comment.name(), &comment.time(), &comment.text())
                });
                let body = format!("<h1>{}</h1>{}", escape(issue), comments.collect::<String>());
                Some(((*issue).to_owned(), body))
            }
            _ => None,
        }
    }
}

impl Issues {
    /// The comments of an issue, oldest first.
    pub(super) fn of(&self, issue: &str) -> impl Iterator<Item = &StoredComment> {
        self.comments.iter().filter(move |comment| comment.issue == issue)
    }

    /// The issue with its status; other fields are not kept here.
    fn issue(&self, key: &str) -> Value {
        let (id, name, category) =
            if self.done.contains(key) { (3, "Done", "done") } else { (2, "To Do", "new") };
        json!({
            "key": key, "self": format!("/rest/api/3/issue/{key}"),
            "fields": {"status": {"name": name, "statusCategory": {"id": id, "key": category, "name": name}}},
        })
    }

    /// Oldest first, unless asked for otherwise.
    fn list(&self, issue: &str, call: &Call) -> Reply {
        let mut all: Vec<&StoredComment> = self.of(issue).collect();
        if call.query("orderBy") == Some("-created") {
            all.reverse();
        }
        let start = call.number("startAt", 0, usize::MAX);
        let max = call.number("maxResults", PER_PAGE, PER_PAGE);
        let rows = all.iter().skip(start).take(max).copied();
        let rows = shown(call, rows);
        Reply::ok(json!({"startAt": start, "maxResults": max, "total": all.len(), "comments": rows}))
    }

    /// Comments by their ids, wherever they are.
    fn by_ids(&self, call: &Call) -> Reply {
        let ids = call.body["ids"].as_array().into_iter().flatten();
        let ids: Vec<String> = ids.map(ToString::to_string).collect();
        let values = shown(call, self.comments.iter().filter(|comment| ids.contains(&comment.id)));
        let (total, max) = (values.len(), 1_048_576);
        Reply::ok(json!({"startAt": 0, "maxResults": max, "total": total, "isLast": true, "values": values}))
    }
}

fn myself() -> Value {
    json!({
        "accountId": ACCOUNT, "accountType": "atlassian", "displayName": "Afterhook", "active": true,
        "timeZone": "Etc/UTC",
    })
}

fn create(kept: &mut Kept<Issues>, issue: &str, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    let body = &call.body["body"];
    if body["type"] != json!("doc") || body["version"] != json!(1) {
        return Err(invalid("Comment body is not valid!"));
    }
    let properties = call.body["properties"].as_array().cloned().unwrap_or_default();
    if properties.iter().any(|property| !property["key"].is_string()) {
        return Err(Issues::error(400, "A property has no key."));
    }
    let made = StoredComment::ours(kept.comments.len(), issue, body.clone(), properties, now);
    let length = length(body);
    if length == 0 || length > MAX_TEXT {
        let why = "The entered text is empty or too long. It exceeds the allowed limit of 32,767 characters.";
        return Err(invalid(why));
    }
    let shown = made.shown(false);
    kept.record(made)?;
    Ok(Reply::new(201, shown))
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

/// Comments as they are listed, with their properties if those are asked for.
fn shown<'a>(call: &Call, comments: impl Iterator<Item = &'a StoredComment>) -> Vec<Value> {
    let expand = call.query("expand").unwrap_or_default();
    let with_properties = expand.split(',').any(|it| it == "properties");
    comments.map(|comment| comment.shown(with_properties)).collect()
}
