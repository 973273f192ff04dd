//! Automations of our own: a file each, and a line each below.

mod ask_version;

use processor::Registry;

/// Ours, beside those that ship.
#[must_use]
pub fn registered(registry: Registry) -> Registry {
    registry.on("ask_version", ask_version::ask_version)
}
