//! [`StoredComment`]: a comment with the audit that was written for it.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AGENT;

/// Ids of comments begin here; those of their audits are one more.
const FIRST_ID: u64 = 4_000_000;

/// A comment, and what its audit says besides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredComment {
    /// Its id.
    pub id: u64,
    /// The ticket that it is on.
    pub ticket: u64,
    /// The user who wrote it.
    pub author: i64,
    /// What it says, without markup.
    pub text: String,
    /// The same with markup.
    pub html: String,
    /// Whether customers see it.
    pub public: bool,
    /// What the update carried as `metadata`.
    pub metadata: Value,
    /// When it was written, in seconds since 1970.
    pub at: i64,
}

impl StoredComment {
    /// The `nth` comment of all, by somebody else.
    pub(super) fn theirs(
        nth: usize,
        ticket: u64,
        author: i64,
        text: &str,
        public: bool,
        now: Timestamp,
    ) -> Self {
        Self {
            id: FIRST_ID + 2 * nth as u64,
            ticket,
            author,
            text: text.to_owned(),
            html: crate::kit::escape(text),
            public,
            metadata: json!({}),
            at: now.as_second(),
        }
    }

    /// The `nth` comment of all, by our agent.
    pub(super) fn ours(
        nth: usize,
        ticket: u64,
        html: &str,
        public: bool,
        metadata: Value,
        now: Timestamp,
    ) -> Self {
        let text = plain(html);
        Self { html: html.to_owned(), metadata, ..Self::theirs(nth, ticket, AGENT, &text, public, now) }
    }

    /// Whether our agent wrote it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.author == AGENT
    }

    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id, "type": "Comment", "author_id": self.author, "body": self.text,
            "html_body": self.html, "plain_body": self.text, "public": self.public, "attachments": [],
            "audit_id": self.id + 1, "created_at": time(self.at),
        })
    }

    pub(super) fn audit(&self) -> Value {
        json!({
            "id": self.id + 1, "ticket_id": self.ticket, "created_at": time(self.at),
            "author_id": self.author, "metadata": {"system": {}, "custom": self.metadata},
            "events": [{
                "id": self.id, "type": "Comment", "author_id": self.author, "body": self.text,
                "html_body": self.html, "public": self.public, "audit_id": self.id + 1,
            }],
        })
    }
}

/// As Zendesk writes times.
pub(super) fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// `html` without its tags.
fn plain(html: &str) -> String {
    let (mut text, mut inside) = (String::new(), false);
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
