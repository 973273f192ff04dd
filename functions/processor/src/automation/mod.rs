//! What an automation is given: its context, its registration, its prompt, and calls of other hosts.

pub(crate) mod bulkhead;
pub(crate) mod context;
pub(crate) mod conversation;
pub(crate) mod fetched;
pub(crate) mod media;
pub(crate) mod prompt;
pub(crate) mod reference;
pub(crate) mod registry;
pub(crate) mod shown;
pub(crate) mod stalls;
mod steps;
pub(crate) mod untrusted;
