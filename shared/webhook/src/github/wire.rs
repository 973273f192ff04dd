//! The few fields of GitHub's payloads that we read. Everything else is skipped unread.

use serde::Deserialize;

use crate::lenient::{Flag, List, Object, Scalar};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) action: Scalar<'a>,
    #[serde(borrow)]
    pub(super) issue: Object<Issue<'a>>,
    #[serde(borrow)]
    pub(super) comment: Object<Comment<'a>>,
    #[serde(borrow)]
    pub(super) repository: Object<Repository<'a>>,
    #[serde(borrow)]
    pub(super) sender: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) installation: Object<Installation<'a>>,
    /// With `hook_id` the mark of a ping.
    #[serde(borrow)]
    pub(super) zen: Scalar<'a>,
    #[serde(borrow)]
    pub(super) hook_id: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Issue<'a> {
    #[serde(borrow)]
    pub(super) number: Scalar<'a>,
    #[serde(borrow)]
    pub(super) title: Scalar<'a>,
    #[serde(borrow)]
    pub(super) body: Scalar<'a>,
    #[serde(borrow)]
    pub(super) state: Scalar<'a>,
    pub(super) locked: Flag,
    #[serde(borrow)]
    pub(super) user: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) labels: List<Object<Label<'a>>>,
    #[serde(borrow)]
    pub(super) author_association: Scalar<'a>,
    #[serde(borrow)]
    pub(super) created_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) updated_at: Scalar<'a>,
    /// There when the issue is a pull request.
    pub(super) pull_request: Object<Presence>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Comment<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) body: Scalar<'a>,
    #[serde(borrow)]
    pub(super) user: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) author_association: Scalar<'a>,
    #[serde(borrow)]
    pub(super) created_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) updated_at: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Account<'a> {
    #[serde(borrow)]
    pub(super) login: Scalar<'a>,
    /// `User`, `Bot`, `Organization` …
    #[serde(borrow, rename = "type")]
    pub(super) kind: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Repository<'a> {
    #[serde(borrow)]
    pub(super) full_name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Label<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Installation<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
}

/// An object whose fields do not matter.
#[derive(Debug, Deserialize)]
pub(super) struct Presence {}
