//! The routes of Jira's REST API, with Jira's errors.

use std::collections::BTreeSet;

use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::ACCOUNT;
use super::record::StoredComment;
use crate::kit::page::{article, escape};
use crate::kit::rest::{Call, Records, Reply, Service};

/// Comments on a page, and the most.
const PER_PAGE: usize = 100;
/// The longest comment, in characters of its text.
const MAX_TEXT: usize = 32_767;

/// What is known of issues besides their comments.
#[derive(Debug, Default)]
pub struct Issues {
    hidden: BTreeSet<String>,
    done: BTreeSet<String>,
}

impl Issues {
    pub(super) fn hide(&mut self, issue: &str) {
        self.hidden.insert(issue.to_owned());
    }

    pub(super) fn resolve(&mut self, issue: &str) {
        self.done.insert(issue.to_owned());
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
}

impl Service for Issues {
    type Record = StoredComment;
    const TITLE: &'static str = "Jira";

    fn is_api(path: &str) -> bool {
        path.starts_with("/rest/")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"errorMessages": [message], "errors": {}}))
    }

    fn answer(&mut self, call: &Call, records: &mut Records<StoredComment>, now: Timestamp) -> Reply {
        if !call.is_authorised(&["Basic"]) {
            return Self::error(
                401,
                "You are not authenticated. Authentication required to perform this operation.",
            );
        }
        match (call.method.clone(), call.segments().as_slice()) {
            (Method::GET, ["rest", "api", "3", "myself"]) => Reply::new(200, myself()),
            (Method::POST, ["rest", "api", "3", "comment", "list"]) => by_ids(call, records.all()),
            (_, ["rest", "api", "3", "issue", issue, ..]) if self.hidden.contains(*issue) => {
                Self::error(404, "Issue does not exist or you do not have permission to see it.")
            }
            (Method::GET, ["rest", "api", "3", "issue", issue]) => Reply::new(200, self.issue(issue)),
            (Method::GET, ["rest", "api", "3", "issue", issue, "comment"]) => {
                comments(issue, call, records.all())
            }
            (Method::POST, ["rest", "api", "3", "issue", issue, "comment"]) => {
                create(issue, call, records, now)
            }
            _ => Self::error(404, "There is no such resource."),
        }
    }

    fn page(&self, segments: &[&str], records: &[StoredComment]) -> Option<(String, String)> {
        match segments {
            [] => {
                let issues: BTreeSet<&str> = records.iter().map(|comment| comment.issue.as_str()).collect();
                let rows: String = issues
                    .iter()
                    .map(|key| escape(key))
                    .map(|key| format!("<li><a href=\"/browse/{key}\">{key}</a></li>"))
                    .collect();
                Some(("Issues".to_owned(), format!("<h1>Issues</h1><ul>{rows}</ul>")))
            }
            ["browse", issue] => {
                let comments = records.iter().filter(|comment| comment.issue == *issue).map(|comment| {
                    article(&format!("c{}", comment.id), comment.name(), &comment.time(), &comment.text())
                });
                let body = format!("<h1>{}</h1>{}", escape(issue), comments.collect::<String>());
                Some(((*issue).to_owned(), body))
            }
            _ => None,
        }
    }
}

fn myself() -> Value {
    json!({
        "accountId": ACCOUNT, "accountType": "atlassian", "displayName": "Afterhook", "active": true,
        "timeZone": "Etc/UTC",
    })
}

fn create(issue: &str, call: &Call, records: &mut Records<StoredComment>, now: Timestamp) -> Reply {
    let body = &call.body["body"];
    if body["type"] != json!("doc") || body["version"] != json!(1) {
        return Reply::new(
            400,
            json!({"errorMessages": [], "errors": {"comment": "Comment body is not valid!"}}),
        );
    }
    let properties = call.body["properties"].as_array().cloned().unwrap_or_default();
    if properties.iter().any(|property| !property["key"].is_string()) {
        return Issues::error(400, "A property has no key.");
    }
    let made = StoredComment::ours(records.all().len(), issue, body.clone(), properties, now);
    let length = made.text().chars().count();
    if length == 0 || length > MAX_TEXT {
        let why = "The entered text is empty or too long. It exceeds the allowed limit of 32,767 characters.";
        return Reply::new(400, json!({"errorMessages": [], "errors": {"comment": why}}));
    }
    let shown = made.shown(false);
    match records.add(made) {
        Ok(()) => Reply::new(201, shown),
        Err(error) => {
            tracing::error!(%error, "the stand-in's journal");
            Issues::error(500, "the journal")
        }
    }
}

fn expands_properties(call: &Call) -> bool {
    call.query("expand").is_some_and(|what| what.split(',').any(|it| it == "properties"))
}

/// Oldest first, unless asked for otherwise.
fn comments(issue: &str, call: &Call, records: &[StoredComment]) -> Reply {
    let mut all: Vec<&StoredComment> = records.iter().filter(|comment| comment.issue == issue).collect();
    if call.query("orderBy").as_deref() == Some("-created") {
        all.reverse();
    }
    let (start, most) =
        (call.number("startAt", 0, usize::MAX), call.number("maxResults", PER_PAGE, PER_PAGE));
    let with_properties = expands_properties(call);
    let rows: Vec<Value> =
        all.iter().skip(start).take(most).map(|comment| comment.shown(with_properties)).collect();
    Reply::new(200, json!({"startAt": start, "maxResults": most, "total": all.len(), "comments": rows}))
}

/// Comments by their ids, wherever they are.
fn by_ids(call: &Call, records: &[StoredComment]) -> Reply {
    let ids: Vec<String> =
        call.body["ids"].as_array().into_iter().flatten().map(ToString::to_string).collect();
    let with_properties = expands_properties(call);
    let values: Vec<Value> = records
        .iter()
        .filter(|comment| ids.contains(&comment.id))
        .map(|comment| comment.shown(with_properties))
        .collect();
    let total = values.len();
    Reply::new(
        200,
        json!({"startAt": 0, "maxResults": 1_048_576, "total": total, "isLast": true, "values": values}),
    )
}
