//! `[agent]`.

use std::path::Path;
use std::time::Duration;

use domain::{Document, MAX_OPEN_DAYS};

use crate::entry::Entry;
use crate::files::{read_documents, read_text};
use crate::hosts::{self, Hosts};
use crate::key::key;
use crate::known::Known;
use crate::section::Section;

/// Where the persona is looked for when the key is absent.
const PERSONA_FILE: &str = "prompts/persona.md";
/// The automation of events that no intent claims.
const DEFAULT_AUTOMATION: &str = "reply";
/// Where GitHub keeps the files that people drop into a comment.
pub const MEDIA_HOSTS: [&str; 2] = ["github.com", "*.githubusercontent.com"];
/// The most comments that one task may send: a page of GitHub's list.
const MAX_HISTORY: i64 = 100;

/// `[agent]`.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// Its name (default `afterhook`).
    pub name: String,
    /// Text of the persona file (default `prompts/persona.md`); never empty.
    pub persona: String,
    /// Reference material (default none), each file once.
    pub documents: Vec<Document>,
    /// Comments of the thread that are sent as conversation, 0 to 100 (default 5).
    pub history: usize,
    /// When a person must look at a draft (default [`ApprovalPolicy::LowConfidence`]).
    pub approval: ApprovalPolicy,
    /// Below it, a draft is parked under the policy `low_confidence`; 0 to 1 (default 0.8).
    pub confidence_threshold: f64,
    /// How long a parked draft waits for a person (default 48 hours).
    pub approval_expires: Duration,
    /// Hosts that drafts may link to, besides those that persona and documents name (default none).
    pub link_hosts: Hosts,
    /// Hosts that drafts may show images of (default none).
    pub image_hosts: Hosts,
    /// Hosts whose images and files the answer model is shown (default [`MEDIA_HOSTS`]).
    pub media_hosts: Hosts,
    /// Automation of events whose intent is unknown (default `reply`).
    pub default_automation: String,
}

/// When a person must look at a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalPolicy {
    /// Always.
    Always,
    /// When the triage was not sure.
    LowConfidence,
    /// Never, unless a safety check trips.
    Never,
}

impl ApprovalPolicy {
    pub(crate) const CHOICES: [(&str, Self); 3] =
        [("always", Self::Always), ("low_confidence", Self::LowConfidence), ("never", Self::Never)];
}

impl AgentSettings {
    /// Reads `[agent]` of the file in `dir`, whose automations are `known`.
    pub(crate) fn read(mut section: Section<'_>, dir: &Path, known: &Known<'_>) -> Self {
        let settings = Self {
            name: section.read_or(
                key("name", "The agent's name, for people."),
                "afterhook".to_owned(),
                Entry::text,
            ),
            persona: persona(&mut section, dir).unwrap_or_default(),
            documents: documents(&mut section, dir),
            history: history(&mut section),
            approval: section.choice_or(
                key(
                    "approval",
                    "When a person must approve a draft: \"always\"; \"low_confidence\", below \
                     confidence_threshold; or \"never\", unless a safety check trips.",
                ),
                ApprovalPolicy::LowConfidence,
                &ApprovalPolicy::CHOICES,
            ),
            confidence_threshold: section.read_or(
                key(
                    "confidence_threshold",
                    "Below this confidence of triage, `approval = \"low_confidence\"` asks a person.",
                ),
                0.8,
                |entry| entry.number(0.0..=1.0),
            ),
            approval_expires: section.read_or(
                key("approval_expires", "How long a draft waits for a person."),
                Duration::from_hours(48),
                |entry| entry.duration(Duration::from_secs(60)..=MAX_WAIT),
            ),
            link_hosts: section
                .read(
                    key(
                        "link_hosts",
                        "Hosts that drafts may link to, besides those that the persona and the documents name: \
                         \"example.com\", \"github.com/octo\" for a part of it, or \"*.example.com\" for all below it.",
                    ),
                    hosts::read,
                )
                .unwrap_or_default(),
            image_hosts: section
                .read(
                    key(
                        "image_hosts",
                        "Hosts that drafts may show images of, written like link_hosts. Images are fetched \
                         without a click.",
                    ),
                    hosts::read,
                )
                .unwrap_or_default(),
            media_hosts: media_hosts(&mut section),
            default_automation: section.read_or(
                key("default_automation", "What handles events that no intent fits."),
                DEFAULT_AUTOMATION.to_owned(),
                |entry| known.read(entry),
            ),
        };
        section.finish();
        settings
    }
}

/// A draft may not wait longer than its task may stay open.
const MAX_WAIT: Duration = Duration::from_hours(24 * MAX_OPEN_DAYS.unsigned_abs());

fn history(section: &mut Section<'_>) -> usize {
    let about = "How many comments of the thread are sent as conversation.";
    section.read_or(key("history", about), 5, |entry| {
        entry.integer(0..=MAX_HISTORY).and_then(|count| usize::try_from(count).ok())
    })
}

fn media_hosts(section: &mut Section<'_>) -> Hosts {
    let about = "Hosts whose images and files the model is shown when an event comes with some.";
    let key = key("media_hosts", about).or(&MEDIA_HOSTS);
    section.read(key, hosts::read).unwrap_or_else(|| Hosts::new(MEDIA_HOSTS))
}

fn persona(section: &mut Section<'_>, dir: &Path) -> Option<String> {
    let about = "System instruction, a file beside agent.toml: who the agent is and how it writes.";
    match section.get(&key("persona", about).or(&PERSONA_FILE)) {
        Some(entry) => entry.file(dir, read_text).map(|(_, text)| text),
        None => read_text(&dir.join(PERSONA_FILE)).map_or_else(
            |problem| {
                let problem = format!("missing, and `{PERSONA_FILE}`: {problem}");
                section.missing("persona", &problem, "write the system instruction into that file");
                None
            },
            Some,
        ),
    }
}

fn documents(section: &mut Section<'_>, dir: &Path) -> Vec<Document> {
    let read = |entry: Entry<'_>| {
        let pattern = entry.text()?;
        read_documents(dir, &pattern).map_or_else(
            |problem| entry.refuse(format!("\"{pattern}\": {problem}"), "paths are relative to agent.toml"),
            Some,
        )
    };
    let about = "Reference material that goes along with every answer: files beside agent.toml, `*` for any \
                 name, `**` for any depth.";
    let found = section.read(key("documents", about), |entry| entry.each(read));
    let mut documents: Vec<Document> = Vec::new();
    for document in found.into_iter().flatten().flatten() {
        if documents.iter().all(|known| known.name != document.name) {
            documents.push(document);
        }
    }
    documents
}
