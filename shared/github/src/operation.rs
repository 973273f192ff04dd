//! What we ask of GitHub, as errors name it.

use outbound::Operation;

/// Asks for the app itself, its installation, and a token for that. A spare token harms nobody: it expires.
pub(crate) const APP: Operation = Operation::reads("act as the app");
pub(crate) const HISTORY: Operation = Operation::reads("read the comments");
pub(crate) const STATE: Operation = Operation::reads("read the issue");
pub(crate) const PUBLISH: Operation = Operation::creates("create a comment");
pub(crate) const FIND: Operation = Operation::reads("look for our comment");
pub(crate) const LABELS: Operation = Operation::reads("read the labels");
pub(crate) const ADD_LABELS: Operation = Operation::creates("add labels");
pub(crate) const FILES: Operation = Operation::reads("read a file that is attached");
pub(crate) const REFERENCE: Operation = Operation::reads("read what the event is about");
pub(crate) const REACTIONS: Operation = Operation::reads("read the reactions to our comment");
pub(crate) const GRANTS: Operation = Operation::reads("ask what we may do");
pub(crate) const HOOKS: Operation = Operation::reads("read the hooks");
pub(crate) const DELIVERIES: Operation = Operation::reads("read the deliveries that failed");
/// A second request delivers the same event a second time, which is known as a duplicate.
pub(crate) const REDELIVER: Operation = Operation::reads("have a delivery made again");
