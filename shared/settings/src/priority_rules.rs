//! `[[sources.NAME.priority]]`: how urgent events are.
//!
//! ```toml
//! [[sources.github.priority]]
//! when = { event = "issues.opened", label = "outage" }
//! priority = 5
//! ```

use domain::Priority;
use webhook::{PriorityRule, PriorityRules, Provider};

use crate::entry::Entry;
use crate::events;

/// Reads the list of rules.
pub(crate) fn read(entry: &Entry<'_>, provider: Option<Provider>) -> Option<PriorityRules> {
    entry.each(|rule| read_rule(&rule, provider)).map(PriorityRules)
}

fn read_rule(entry: &Entry<'_>, provider: Option<Provider>) -> Option<PriorityRule> {
    let mut section = entry.section()?;
    let mut when = section.section("when");
    let event = when.read("event", |entry| event(entry, provider));
    let (label, sender) = (when.read("label", Entry::text), when.read("sender", Entry::text));
    when.finish();
    let priority = section.require("priority", "add `priority = 5`", |entry| entry.integer(1..=5));
    section.finish();
    let level = u8::try_from(priority?).ok()?;
    Some(PriorityRule { event, label, sender, priority: Priority::new(level).ok()? })
}

/// An event, or a kind of events.
fn event(entry: &Entry<'_>, provider: Option<Provider>) -> Option<String> {
    let name = entry.text()?;
    let is_kind = |provider: Provider| provider.kinds().iter().any(|(kind, _)| *kind == name);
    match provider.filter(|it| !is_kind(*it)).map_or(Ok(()), |it| events::check(it, &name)) {
        Ok(()) => Some(name),
        Err(suggestion) => entry.refuse(format!("unknown event \"{name}\""), suggestion),
    }
}
