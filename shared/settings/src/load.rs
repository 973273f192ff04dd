//! Reading agent.toml as a whole.

use std::fs;
use std::path::Path;

use toml::de::DeTable;

use crate::known::Known;
use crate::report::Report;
use crate::section::Section;
use crate::{
    AgentSettings, ApiSettings, ApprovalSettings, BudgetSettings, Mistakes, ModelSettings, Settings,
    automations, intents, sources,
};

impl Settings {
    /// Reads the file at `path` and the files that it names.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        Self::read_file(path, None)
    }

    /// Like [`Settings::load`], and checks that every intent's automation is one of `automations`.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn load_for(path: &Path, automations: &[&str]) -> Result<Self, Mistakes> {
        Self::read_file(path, Some(automations))
    }

    /// Reads `text` as an agent.toml that lies in `dir`.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn parse(text: &str, dir: &Path) -> Result<Self, Mistakes> {
        read("agent.toml", text, dir, None)
    }

    fn read_file(path: &Path, automations: Option<&[&str]>) -> Result<Self, Mistakes> {
        let origin = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let suggestion = "name another file with --config or AFTERHOOK_CONFIG";
            Mistakes::whole(&origin, format!("the file cannot be read: {error}"), suggestion)
        })?;
        read(&origin, &text, path.parent().unwrap_or(Path::new("")), automations)
    }
}

fn read(origin: &str, text: &str, dir: &Path, registered: Option<&[&str]>) -> Result<Settings, Mistakes> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let report = Report::new(origin, text, &errors);
    let mut root = Section::new(String::new(), 0..0, document.get_ref(), &report);
    let (automations, places) = automations::read(root.section("automations"));
    let known = Known::new(registered, places);
    let agent = AgentSettings::read(root.section("agent"), dir, &known);
    let models = ModelSettings::read(root.section("models"));
    let budget = BudgetSettings::read(root.section("budget"));
    let sources = sources::read(&mut root);
    let settings = Settings {
        agent,
        api: ApiSettings::read(root.section("api")),
        approvals: ApprovalSettings::read(root.section("approvals"), sources.values()),
        models,
        budget,
        sources,
        intents: intents::read(&mut root, dir, &known),
        automations,
    };
    known.report_unused(&report);
    root.finish();
    report.finish().map(|()| settings)
}
