//! `[automations]`: what the automations that ship need to know.

mod http;
mod money;
mod parameters;
mod template;

pub use http::{HttpCall, HttpMethod};
pub use money::{MaxAmount, decimals_of};
pub use parameters::Parameters;
pub use template::{PLACES, Template, UrlTemplate, fill_json};

use std::collections::BTreeMap;
use std::ops::Range;

use crate::entry::Entry;
use crate::section::Section;

/// Outside calls at once to one host, by default.
const CALLS_PER_HOST: u32 = 10;
/// The most that can be set: each is a lease that a call may have to try.
const MOST_CALLS_PER_HOST: i64 = 100;
/// Longest label that GitHub takes, in characters.
const LONGEST_LABEL: usize = 50;

/// Automations that cannot work without a section of their own.
pub(crate) const CONFIGURED: [&str; 3] = ["label", "summarise", "refund_request"];
/// What the names of configured HTTP calls begin with: `http.password_reset`.
pub(crate) const HTTP: &str = "http.";

/// `[automations]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AutomationSettings {
    /// Outside calls at once to one host, all processors together (default 10).
    pub calls_per_host: u32,
    /// `[automations.label]`: the labels that may be given, at least one.
    pub labels: Option<Vec<String>>,
    /// `[automations.summarise]`: the Slack channel that summaries go to.
    pub summary_channel: Option<String>,
    /// `[automations.refund_request]`: the largest refund by currency.
    pub max_refund: Option<MaxAmount>,
    /// `[automations.http.NAME]`, by name.
    pub http: BTreeMap<String, HttpCall>,
}

impl Default for AutomationSettings {
    fn default() -> Self {
        Self {
            calls_per_host: CALLS_PER_HOST,
            labels: None,
            summary_channel: None,
            max_refund: None,
            http: BTreeMap::new(),
        }
    }
}

impl AutomationSettings {
    /// Whether the automation called `name` has the section that it needs; true for those that need none.
    #[must_use]
    pub fn suffices_for(&self, name: &str) -> bool {
        match name {
            "label" => self.labels.is_some(),
            "summarise" => self.summary_channel.is_some(),
            "refund_request" => self.max_refund.is_some(),
            _ => name.strip_prefix(HTTP).is_none_or(|call| self.http.contains_key(call)),
        }
    }
}

/// A section that configures an automation, and where it stands.
pub(crate) struct Place {
    /// The automation, as intents name it.
    pub(crate) automation: String,
    pub(crate) span: Range<usize>,
}

/// Reads `[automations]`, and says which automations have a section.
pub(crate) fn read(mut section: Section<'_>) -> (AutomationSettings, Vec<Place>) {
    let mut places = Vec::new();
    let mut settings = AutomationSettings::default();
    let calls = section.read("calls_per_host", |entry| entry.integer(1..=MOST_CALLS_PER_HOST));
    if let Some(calls) = calls.and_then(|calls| u32::try_from(calls).ok()) {
        settings.calls_per_host = calls;
    }
    settings.labels = configured(&mut section, "label", &mut places).and_then(labels);
    settings.summary_channel = configured(&mut section, "summarise", &mut places).and_then(summary_channel);
    settings.max_refund = configured(&mut section, "refund_request", &mut places).and_then(max_refund);
    let calls = section.section("http");
    for (name, span, entry) in calls.entries() {
        places.push(Place { automation: format!("{HTTP}{name}"), span });
        if let Some(call) = http::read(name, &entry) {
            settings.http.insert(name.to_owned(), call);
        }
    }
    section.finish();
    (settings, places)
}

fn configured<'t>(
    section: &mut Section<'t>,
    name: &'static str,
    places: &mut Vec<Place>,
) -> Option<Section<'t>> {
    let found = section.get(name)?;
    places.push(Place { automation: name.to_owned(), span: found.span() });
    found.section()
}

fn labels(mut section: Section<'_>) -> Option<Vec<String>> {
    let example = "add `allowed = [\"bug\", \"question\"]`";
    let labels = section.require("allowed", example, |entry| {
        let labels = entry.each(|label| {
            let text = label.text()?;
            if text.chars().count() > LONGEST_LABEL {
                return label.refuse(
                    format!("longer than {LONGEST_LABEL} characters"),
                    "GitHub takes no longer label",
                );
            }
            Some(text)
        })?;
        if labels.is_empty() { entry.refuse("no label may be given", example) } else { Some(labels) }
    });
    section.finish();
    labels
}

fn summary_channel(mut section: Section<'_>) -> Option<String> {
    let channel = section.require("channel", "add `channel = \"C0123456789\"`", channel);
    section.finish();
    channel
}

fn max_refund(mut section: Section<'_>) -> Option<MaxAmount> {
    let most = section.require("max_amount", "add `max_amount = { usd = 50.00 }`", money::read);
    section.finish();
    most
}

/// The id of a channel: its name may change, and a search for what was posted takes the id alone.
fn channel(entry: &Entry<'_>) -> Option<String> {
    let text = entry.text()?;
    let is_id = text.starts_with(['C', 'G'])
        && (2..=32).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    if is_id {
        return Some(text);
    }
    entry.refuse(
        format!("\"{text}\" is no id of a channel"),
        "copy the id (C…) from the end of the channel's details in Slack",
    )
}
