//! `mode`: whether what a source brings is published.

use domain::API_SOURCE;

use crate::Settings;
use crate::key::key;
use crate::section::Section;

/// What becomes of drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// They are published, through the gate.
    #[default]
    Live,
    /// They are kept and never published, and nothing else outside is changed: no label, no call, no refund, no
    /// message to those who approve.
    Shadow,
}

const MODES: [(&str, Mode); 2] = [("live", Mode::Live), ("shadow", Mode::Shadow)];

/// Reads `mode` of a source or of `[api]`.
pub(crate) fn read(section: &mut Section<'_>) -> Mode {
    let about =
        "Whether drafts are published: \"live\"; or \"shadow\", which drafts, and changes nothing outside.";
    section.choice_or(key("mode", about), Mode::default(), &MODES)
}

impl Settings {
    /// Whether tasks of `source` are drafted for show alone. What agent.toml does not name has no mode.
    #[must_use]
    pub fn is_shadow(&self, source: &str) -> bool {
        let mode = match source {
            API_SOURCE => self.api.mode,
            source => self.sources.get(source).map_or_else(Mode::default, |source| source.mode),
        };
        mode == Mode::Shadow
    }
}
