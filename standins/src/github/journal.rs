//! [`Change`]: what the journal holds.

use serde::{Deserialize, Serialize};

use super::store::StoredComment;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(super) enum Change {
    /// A comment was added.
    Comment {
        owner: String,
        repo: String,
        number: u64,
        #[serde(flatten)]
        comment: StoredComment,
    },
    /// An issue has these labels now.
    Labels { owner: String, repo: String, number: u64, labels: Vec<String> },
    /// An issue got its title, text and author.
    Issue { owner: String, repo: String, number: u64, author: String, title: String, body: String },
}

/// The changes of this stand-in, in a file.
pub(super) type Journal = crate::kit::journal::Journal<Change>;
