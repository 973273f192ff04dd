//! `[network]`.

use crate::api::host;
use crate::key::key;
use crate::section::Section;

/// `[network]`: where calls of your own APIs may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Hosts whose addresses may be private, in lower case; none by default. They are compared whole.
    pub internal_hosts: Vec<String>,
}

impl NetworkSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let about = "Hosts that [automations.http] and callbacks may reach at private addresses; every other host \
                     must have a public one. Whole names, or IPv4 addresses.";
        let internal_hosts = section
            .read(key("internal_hosts", about), |entry| entry.each(|item| host(&item)))
            .unwrap_or_default();
        section.finish();
        Self { internal_hosts }
    }
}
