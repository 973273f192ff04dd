//! The automations: one file each. A new one is a function in a file here and a line below.

mod reply;

use crate::Registry;

/// Everything that agent.toml can name as `automation`.
#[must_use]
pub fn registry() -> Registry {
    Registry::new().on("reply", reply::reply)
}
