//! Which services agent.toml makes necessary.

use std::collections::BTreeMap;

use settings::{Settings, SourceSettings};

use crate::OutsideService;

/// The services that `settings` cannot do without, and what in it makes each of them necessary: answers go
/// to the threads of a source, and some automations act at a service of their own.
#[must_use]
pub fn needs(settings: &Settings) -> BTreeMap<OutsideService, String> {
    let mut needs = BTreeMap::new();
    for (name, source) in &settings.sources {
        if let Some(service) = answers_in(source) {
            needs.entry(service).or_insert_with(|| format!("[sources.{name}]"));
        }
    }
    let used = settings.intents.iter().map(|intent| intent.automation.as_str());
    let own = settings.sources.values().filter_map(|source| source.automation.as_deref());
    for automation in used.chain(own).chain([settings.agent.default_automation.as_str()]) {
        if let Some(service) = OutsideService::of_automation(automation) {
            needs.entry(service).or_insert_with(|| format!("the automation `{automation}`"));
        }
    }
    needs
}

/// The service in whose threads the events of `source` are answered. Without the site that its threads live
/// on, its events have no place to answer in.
pub(crate) fn answers_in(source: &SourceSettings) -> Option<OutsideService> {
    let sender = &source.sender;
    let has_place = sender.provider.row().site.is_none() || sender.site.is_some();
    OutsideService::of_threads(sender.provider).filter(|_| has_place)
}
