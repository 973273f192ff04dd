//! `[budget]`.

use crate::entry::Entry;
use crate::key::key;
use crate::section::Section;

/// `[budget]`; `None` is no bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BudgetSettings {
    /// US dollars a day, above 0.
    pub per_day_usd: Option<f64>,
    /// US dollars a day and tenant, above 0.
    pub per_tenant_day_usd: Option<f64>,
    /// Replies an hour and thread, at least 1.
    pub per_thread_replies_per_hour: Option<u32>,
    /// Whose money it is: empty for the agent's own. No key of agent.toml.
    pub account: &'static str,
}

impl BudgetSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            per_day_usd: section.read(
                key("per_day_usd", "US dollars a day (of UTC). A task over it waits for the next day."),
                Entry::dollars,
            ),
            per_tenant_day_usd: section.read(
                key("per_tenant_day_usd", "US dollars a day (of UTC) and tenant, such as a repository."),
                Entry::dollars,
            ),
            per_thread_replies_per_hour: section.read(
                key("per_thread_replies_per_hour", "Comments an hour in one issue or thread that nobody looks at; a person may approve more."),
                Entry::count,
            ),
            account: "",
        };
        section.finish();
        settings
    }
}
