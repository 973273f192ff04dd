//! [`Known`]: the automations that intents can name, and which of them they do name.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::automations::{CONFIGURED, HTTP, Place};
use crate::entry::Entry;
use crate::report::Report;
use crate::suggest::suggest;

/// The automations that exist, and those that are used.
pub(crate) struct Known<'k> {
    /// Those in code; `None` when the caller runs no automations and so does not know them.
    registered: Option<&'k [&'k str]>,
    /// By sections of their own.
    places: Vec<Place>,
    used: RefCell<BTreeSet<String>>,
}

impl<'k> Known<'k> {
    pub(crate) fn new(registered: Option<&'k [&'k str]>, places: Vec<Place>) -> Self {
        Self { registered, places, used: RefCell::default() }
    }

    /// The name of an automation that exists and has the section that it needs.
    pub(crate) fn read(&self, entry: &Entry<'_>) -> Option<String> {
        let name = entry.text()?;
        self.used.borrow_mut().insert(name.clone());
        let Some(registered) = self.registered else { return Some(name) };
        let has_section = self.places.iter().any(|place| place.automation == name);
        let is_call = name.starts_with(HTTP);
        if is_call && has_section {
            return Some(name);
        }
        if is_call || !registered.contains(&name.as_str()) {
            let calls = self.places.iter().map(|place| place.automation.as_str());
            let calls = calls.filter(|name| name.starts_with(HTTP));
            let known: Vec<&str> = registered.iter().copied().chain(calls).collect();
            return entry.refuse(format!("there is no automation \"{name}\""), suggest(&name, &known));
        }
        if CONFIGURED.contains(&name.as_str()) && !has_section {
            let suggestion = format!("add the section [automations.{name}]");
            return entry.refuse(format!("\"{name}\" has no settings"), suggestion);
        }
        Some(name)
    }

    /// Reports every section whose automation no intent names: its author believes that it is in force.
    pub(crate) fn report_unused(&self, report: &Report<'_>) {
        let used = self.used.borrow();
        for place in self.places.iter().filter(|place| !used.contains(&place.automation)) {
            let Place { automation, span } = place;
            report.missing(
                span,
                &format!("automations.{automation}"),
                "is never used",
                &format!("name it in an intent, `automation = \"{automation}\"`, or remove the section"),
            );
        }
    }
}
