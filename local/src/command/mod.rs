//! The commands besides `dev`, one file each.

pub(crate) mod api;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod deliveries;
pub(crate) mod github_permissions;
pub(crate) mod http;
pub(crate) mod init;
pub(crate) mod open;
pub(crate) mod redrive;
pub(crate) mod send;
pub(crate) mod setup;
pub(crate) mod standin;
pub(crate) mod table;
pub(crate) mod task_text;
pub(crate) mod tasks;
pub(crate) mod token;
pub(crate) mod versions;
