//! Reading agent.toml as a whole.

use std::fs;
use std::path::Path;

use toml::de::DeTable;

use crate::entry::Entry;
use crate::key::key;
use crate::known::Known;
use crate::report::Report;
use crate::section::Section;
use crate::{
    AgentSettings, ApiSettings, ApprovalSettings, BudgetSettings, Mistakes, ModelSettings, NetworkSettings,
    Settings, ShadowSettings, Variables, automations, intents, sources,
};

impl Settings {
    /// Reads the file at `path` and the files that it names.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        Self::read_file(path, None, None)
    }

    /// Like [`Settings::load`], and checks that every intent's automation is one of `automations`.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn load_for(path: &Path, automations: &[&str]) -> Result<Self, Mistakes> {
        Self::read_file(path, Some(automations), None)
    }

    /// Like [`Settings::load_for`], and checks that `variables` has what the automations are told to use.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn load_in(path: &Path, automations: &[&str], variables: &Variables) -> Result<Self, Mistakes> {
        Self::read_file(path, Some(automations), Some(variables))
    }

    /// Reads `text` as an agent.toml that lies in `dir`.
    ///
    /// # Errors
    /// [`Mistakes`]: all of them.
    pub fn parse(text: &str, dir: &Path) -> Result<Self, Mistakes> {
        read("agent.toml", text, dir, Outside::default())
    }

    fn read_file(
        path: &Path,
        registered: Option<&[&str]>,
        variables: Option<&Variables>,
    ) -> Result<Self, Mistakes> {
        let origin = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let here = Path::new(HERE);
            let suggestion = if path != here && here.is_file() {
                "there is one in this folder: name it with `--config agent.toml` or AFTERHOOK_CONFIG"
            } else {
                "make one with `afterhook init DIR`, or name another file with --config or AFTERHOOK_CONFIG"
            };
            Mistakes::whole(&origin, format!("the file cannot be read: {error}"), suggestion)
        })?;
        read(
            &origin,
            &text,
            path.parent().unwrap_or(Path::new("")),
            Outside { registered, variables, is_second: false },
        )
    }
}

/// Where people look for the file who stand in the folder of their agent.
const HERE: &str = "agent.toml";

/// What agent.toml is checked against; `None` where the caller does not know it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outside<'o> {
    registered: Option<&'o [&'o str]>,
    variables: Option<&'o Variables>,
    /// Whether it is the file of a second agent.
    pub(crate) is_second: bool,
}

impl Outside<'_> {
    /// The same for the file of a second agent.
    pub(crate) fn of_second(self) -> Self {
        Self { is_second: true, ..self }
    }
}

pub(crate) fn read(origin: &str, text: &str, dir: &Path, outside: Outside<'_>) -> Result<Settings, Mistakes> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let report = Report::new(origin, text, &errors);
    let root = Section::new(String::new(), 0..0, document.get_ref(), &report);
    let settings = read_root(root, dir, outside);
    report.finish().map(|()| settings)
}

/// Reads all sections; mistakes go to the report.
pub(crate) fn read_root(mut root: Section<'_>, dir: &Path, outside: Outside<'_>) -> Settings {
    let report = root.report;
    let about = "What the automations that ship need to know. A section that no intent uses is a mistake.";
    let (automations, places) = automations::read(root.section(key("automations", about)), outside.variables);
    let known = Known::new(outside.registered, places);
    let agent = AgentSettings::read(root.section(key("agent", "The agent.")), dir, &known);
    let models =
        ModelSettings::read(root.section(key("models", "The models, and how they are called.")), dir);
    let budget = BudgetSettings::read(root.section(key("budget", "No bound where a key is absent.")));
    let sources = sources::read(&mut root, &known);
    let about =
        "A second agent that works on a share of the events, for show: what would the next prompts do?";
    let shadow = root.read(key("shadow", about), Entry::section);
    let shadow = shadow.and_then(|section| ShadowSettings::read(section, dir, outside));
    let mut settings = Settings {
        agent,
        api: ApiSettings::read(root.section(key("api", "Tasks without a webhook: `POST /tasks`."))),
        network: NetworkSettings::read(root.section(key("network", "Where calls of your own APIs may go."))),
        approvals: ApprovalSettings::read(
            root.section(key("approvals", "Where people are asked about drafts, besides the console.")),
            sources.values(),
        ),
        models,
        budget,
        sources,
        intents: intents::read(&mut root, dir, &known),
        automations,
        shadow: None,
    };
    settings.shadow = shadow.map(|shadow| shadow.beside(&settings));
    known.report_unused(report);
    root.finish();
    settings
}
