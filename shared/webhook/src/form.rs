//! [`Form`]: what names, ids and the like look like, for their reader and for editors.

use serde_json::{Value, json};

/// What a text looks like, as code and as a pattern, which say the same.
#[derive(Debug)]
pub struct Form {
    /// Whether a text is one.
    pub fits: fn(&str) -> bool,
    /// The same as a regular expression, as JSON Schema has them.
    pub pattern: &'static str,
    /// One of them.
    pub example: &'static str,
}

impl Form {
    /// An account: its login or id (Slack's `U…`, Jira's account id).
    pub const ACCOUNT: Self =
        Self { fits: is_account, pattern: "^[A-Za-z0-9_.:-]{1,128}$", example: "U2CERLKJA" };

    /// The form in keywords of JSON Schema.
    #[must_use]
    pub fn keywords(&self) -> Value {
        json!({"pattern": self.pattern})
    }
}

fn is_account(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
}
