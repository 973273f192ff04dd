//! What follows the end of a task: its follow-up, the post to its `callback_url`, and notices to approvers.

pub(crate) mod callback;
pub(crate) mod follow_up;
pub(crate) mod notices;
