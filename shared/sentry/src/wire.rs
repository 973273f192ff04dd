//! Comments and issues as the API has them.

use domain::Timestamp;
use serde::Deserialize;

/// The root of the API.
#[derive(Debug, Deserialize)]
pub(crate) struct Root {
    pub(crate) user: Option<Account>,
    pub(crate) auth: Option<Auth>,
}

/// What the token may do.
#[derive(Debug, Deserialize)]
pub(crate) struct Auth {
    pub(crate) scopes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
}

/// A comment: an activity of the type `note`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireComment {
    pub(crate) id: String,
    pub(crate) user: Option<Account>,
    #[serde(default)]
    pub(crate) data: Words,
    pub(crate) date_created: Timestamp,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Words {
    #[serde(default)]
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireIssue {
    /// `unresolved`, `resolved` or `ignored`.
    pub(crate) status: String,
}
