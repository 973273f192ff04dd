//! One task from its message to its last write: claim it, read its event, run its automation, settle it.

pub(crate) mod alone;
pub(crate) mod carried;
mod claim;
pub(crate) mod claimed_task;
pub(crate) mod dispatch;
pub(crate) mod event;
pub(crate) mod first;
mod give_back;
mod hold;
pub(crate) mod interrupt;
mod last_look;
pub(crate) mod lease;
mod lost_costs;
mod own_write;
pub(crate) mod pipeline;
pub(crate) mod refusals;
mod scratch;
mod second;
mod settle;
mod silent_claims;
mod supersede;
mod tries;
mod work;
