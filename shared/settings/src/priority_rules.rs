//! `[[sources.NAME.priority]]`: how urgent events are.
//!
//! ```toml
//! [[sources.github.priority]]
//! when = { event = "issues.opened", label = "outage" }
//! priority = 5
//! ```

use serde_json::Value;
use webhook::{PriorityRule, PriorityRules, Provider};

use crate::entry::Entry;
use crate::events;
use crate::key::key;

/// Reads the list of rules; a map may describe events of any name where it `is_mapped`.
pub(crate) fn read(entry: &Entry<'_>, provider: Option<Provider>, is_mapped: bool) -> Option<PriorityRules> {
    entry.each(|rule| read_rule(&rule, provider, is_mapped)).map(PriorityRules)
}

fn read_rule(entry: &Entry<'_>, provider: Option<Provider>, is_mapped: bool) -> Option<PriorityRule> {
    let mut section = entry.section()?;
    let mut when = section.section(key("when", "What the event must be; all that is named must hold."));
    let event = when.read(key("event", "The event, or its kind."), |entry| event(entry, provider, is_mapped));
    let label = when.read(key("label", "One of its labels."), Entry::text);
    let sender = when.read(key("sender", "Who caused it."), Entry::text);
    when.finish();
    let priority = section.require(
        key("priority", "The priority then, 1 (bulk) to 5 (urgent)."),
        "add `priority = 5`",
        Entry::priority,
    );
    section.finish();
    Some(PriorityRule { event, label, sender, priority: priority? })
}

/// An event, or a kind of events.
fn event(entry: &Entry<'_>, provider: Option<Provider>, is_mapped: bool) -> Option<String> {
    let name = entry.text();
    entry.also(|| provider.map_or(Value::Null, |provider| events::keywords(provider, true)));
    let name = name?;
    let is_kind = |provider: Provider| provider.row().kinds.iter().any(|(kind, _)| *kind == name);
    match provider.filter(|it| !is_kind(*it)).map_or(Ok(()), |it| events::check(it, is_mapped, &name)) {
        Ok(()) => Some(name),
        Err(suggestion) => entry.refuse(format!("unknown event \"{name}\""), suggestion),
    }
}
