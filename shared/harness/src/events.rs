//! Events of GitHub.

use serde_json::{Value, json};

/// An opened issue with this number.
pub fn issue(number: u64) -> Value {
    json!({
        "action": "opened",
        "issue": {
            "number": number, "title": "It crashes", "body": "On start, see https://logs.example.com/1",
            "user": {"login": "mona"}, "labels": [], "created_at": "2026-11-20T10:00:00Z",
            "updated_at": "2026-11-20T10:00:00Z", "state": "open", "author_association": "NONE"
        },
        "repository": {"full_name": "octo/repo"},
        "sender": {"login": "mona", "type": "User"}
    })
}

/// A comment with this text on issue 7.
pub fn comment(author: &str, text: &str) -> Value {
    let mut event = issue(7);
    event["action"] = json!("created");
    event["comment"] = json!({
        "id": 99, "body": text, "user": {"login": author}, "created_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z", "author_association": "NONE"
    });
    event["sender"] = json!({"login": author, "type": "User"});
    event
}
