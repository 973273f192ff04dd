//! One task from its message to its last write: claim it, read its event, run its automation, settle it.

pub(crate) mod claim;
pub(crate) mod claimed_task;
pub(crate) mod interrupt;
pub(crate) mod settle;
pub(crate) mod supersede;
pub(crate) mod work;
