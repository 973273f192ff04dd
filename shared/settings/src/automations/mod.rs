//! `[automations]`: what the automations that ship need to know.

mod http;
mod money;
mod parameters;
mod template;

pub use http::{HttpCall, HttpMethod};
#[cfg(test)]
pub(crate) use money::CURRENCY;
pub use money::MaxAmount;
pub use parameters::Parameters;
pub use template::{CallTemplate, PLACES, UrlTemplate, fill_json};

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::json;

use crate::Variables;
use crate::entry::Entry;
use crate::key::{Key, key};
use crate::names::IDENTIFIER;
use crate::section::Section;
use crate::slack_approvals::CHANNEL;

/// Default of the outside calls to one host at once.
const CALLS_PER_HOST: u32 = 10;
/// The most that can be set. A call may have to try as many leases before it finds a free one.
const MAX_CALLS_PER_HOST: i64 = 100;
/// Longest label that GitHub takes, in characters.
const MAX_LABEL: usize = 50;

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

/// Whether `automation` needs a thread. Automations in code are assumed not to.
#[must_use]
pub fn needs_thread(automation: &str) -> bool {
    matches!(automation, "reply" | "label")
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

/// Reads `[automations]`, whose variables must be among `variables` if those are known, and says which
/// automations have a section.
pub(crate) fn read(
    mut section: Section<'_>,
    variables: Option<&Variables>,
) -> (AutomationSettings, Vec<Place>) {
    let mut places = Vec::new();
    let mut settings = AutomationSettings::default();
    let about = "How many calls of one host may be under way at once, all processors together.";
    settings.calls_per_host = section.read_or(key("calls_per_host", about), CALLS_PER_HOST, |entry| {
        entry.integer(1..=MAX_CALLS_PER_HOST).and_then(|calls| u32::try_from(calls).ok())
    });
    let label = key("label", "Gives a GitHub issue labels, of these and no others.");
    settings.labels = configured(&mut section, &label, &mut places).and_then(labels);
    let summarise = key("summarise", "Posts a summary of the event and its thread to a channel of Slack.");
    settings.summary_channel = configured(&mut section, &summarise, &mut places).and_then(summary_channel);
    let refund = key("refund_request", "Refunds a payment of Stripe, after a person has approved it.");
    settings.max_refund = configured(&mut section, &refund, &mut places).and_then(max_refund);
    let calls = section.section(key("http", "Calls of your own APIs, each the automation `http.NAME`."));
    for (name, span, entry) in calls.entries(&IDENTIFIER, "A call of an API of yours.") {
        places.push(Place { automation: format!("{HTTP}{name}"), span });
        if let Some(call) = http::read(name, &entry, variables) {
            settings.http.insert(name.to_owned(), call);
        }
    }
    section.finish();
    (settings, places)
}

fn configured<'t>(section: &mut Section<'t>, key: &Key, places: &mut Vec<Place>) -> Option<Section<'t>> {
    let found = section.get(key)?;
    places.push(Place { automation: key.name.to_owned(), span: found.span() });
    found.section()
}

fn labels(mut section: Section<'_>) -> Option<Vec<String>> {
    let example = "add `allowed = [\"bug\", \"question\"]`";
    let labels = section.require(key("allowed", "The labels that may be given."), example, |entry| {
        entry.also(|| json!({"minItems": 1}));
        let labels = entry.each(|label| {
            let text = label.text();
            label.also(|| json!({"maxLength": MAX_LABEL}));
            let text = text?;
            if text.chars().count() > MAX_LABEL {
                return label
                    .refuse(format!("longer than {MAX_LABEL} characters"), "GitHub takes no longer label");
            }
            Some(text)
        })?;
        if labels.is_empty() { entry.refuse("no label may be given", example) } else { Some(labels) }
    });
    section.finish();
    labels
}

fn summary_channel(mut section: Section<'_>) -> Option<String> {
    let channel =
        section.require(key("channel", "The channel's id."), "add `channel = \"C0123456789\"`", channel);
    section.finish();
    channel
}

fn max_refund(mut section: Section<'_>) -> Option<MaxAmount> {
    let most = section.require(
        key("max_amount", "The most that is refunded, by currency; one that is not named is refused."),
        "add `max_amount = { usd = 50.00 }`",
        money::read,
    );
    section.finish();
    most
}

/// The id of a channel. A name may change, and the search for a posted message takes the id only.
fn channel(entry: &Entry<'_>) -> Option<String> {
    entry.text_like(&CHANNEL, |text| {
        (
            format!("\"{text}\" is not an id of a channel"),
            "copy the id (C…) from the end of the channel's details in Slack",
        )
    })
}
