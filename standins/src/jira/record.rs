//! [`StoredComment`]: a comment with its properties.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ACCOUNT;

/// Ids of comments begin here.
const FIRST_ID: usize = 10_000;

/// A comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredComment {
    /// Its id, a number.
    pub id: String,
    /// The key of the issue that it is on.
    pub issue: String,
    /// Who wrote it.
    pub account: String,
    /// What it says: a document in Atlassian's format.
    pub body: Value,
    /// What apps see of it besides: a list of `{"key", "value"}`.
    pub properties: Vec<Value>,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
}

impl StoredComment {
    /// The `nth` comment of all, by our account.
    pub(super) fn ours(nth: usize, issue: &str, body: Value, properties: Vec<Value>, now: Timestamp) -> Self {
        Self {
            id: (FIRST_ID + nth).to_string(),
            issue: issue.to_owned(),
            account: ACCOUNT.to_owned(),
            body,
            properties,
            at: now.as_millisecond(),
        }
    }

    /// The `nth` comment of all, by somebody else.
    pub(super) fn theirs(nth: usize, issue: &str, account: &str, text: &str, now: Timestamp) -> Self {
        let body = json!({"type": "doc", "version": 1, "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": text}]}
        ]});
        Self { account: account.to_owned(), ..Self::ours(nth, issue, body, Vec::new(), now) }
    }

    /// Whether our account wrote it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.account == ACCOUNT
    }

    /// What it says, without marks.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        read(&self.body, &mut text);
        text.trim_end().to_owned()
    }

    pub(super) fn shown(&self, with_properties: bool) -> Value {
        let author = json!({"accountId": self.account, "displayName": self.name(), "active": true});
        let mut shown = json!({
            "self": format!("/rest/api/3/issue/{}/comment/{}", self.issue, self.id), "id": self.id,
            "author": author, "updateAuthor": author, "body": self.body, "jsdPublic": true,
            "created": self.time(), "updated": self.time(),
        });
        if with_properties {
            shown["properties"] = Value::Array(self.properties.clone());
        }
        shown
    }

    pub(super) fn name(&self) -> &str {
        if self.is_ours() { "Afterhook" } else { &self.account }
    }

    /// As Jira writes times: an offset without a colon.
    pub(super) fn time(&self) -> String {
        let at = Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH);
        format!("{}+0000", at.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
    }
}

/// Every text in a document; blocks end with a line break.
fn read(node: &Value, text: &mut String) {
    if let Some(words) = node["text"].as_str() {
        text.push_str(words);
    }
    for child in node["content"].as_array().into_iter().flatten() {
        read(child, text);
    }
    if matches!(node["type"].as_str(), Some("paragraph" | "heading" | "codeBlock" | "hardBreak")) {
        text.push('\n');
    }
}
