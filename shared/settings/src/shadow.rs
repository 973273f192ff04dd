//! `[shadow]`: a second agent that works on a share of the events beside the first, for show.

use std::path::Path;
use std::sync::Arc;

use crate::entry::Entry;
use crate::files::read_whole;
use crate::key::key;
use crate::load::{Outside, read};
use crate::section::Section;
use crate::{BudgetSettings, Mode, Settings};

/// The second agent's money is kept apart under this name.
const ACCOUNT: &str = "shadow:";

/// `[shadow]`.
#[derive(Debug, Clone)]
pub struct ShadowSettings {
    /// The second agent: its agent.toml, with the sources of the first, all of them in shadow.
    pub agent: Arc<Settings>,
    /// The share of events that it works on, 0 to 1.
    pub share: f64,
    /// What it may spend, US dollars a day, above 0.
    pub per_day_usd: f64,
}

impl ShadowSettings {
    /// Reads the section of the file in `dir`.
    pub(crate) fn read(mut section: Section<'_>, dir: &Path, outside: Outside<'_>) -> Option<Self> {
        if outside.is_second {
            let problem = "a second agent has no third".to_owned();
            return section.wrong(problem, "remove the section from the file that [shadow] names".to_owned());
        }
        let about = "The second agent.toml, a file beside this one: other prompts, models, thresholds.";
        let agent = section.require(key("config", about), "name it: \"next/agent.toml\"", |entry| {
            second(entry, dir, outside)
        });
        let about = "The share of events that the second agent works on, 0 to 1.";
        let share = section
            .require(key("share", about), "write 0.2 for every fifth event", |entry| entry.number(0.0..=1.0));
        let about = "US dollars a day (of UTC) that the second agent may spend, besides [budget].";
        let per_day_usd =
            section.require(key("per_day_usd", about), "write a bound, such as 2", Entry::dollars);
        section.finish();
        Some(Self { agent: agent?, share: share?, per_day_usd: per_day_usd? })
    }

    /// The same with the sources of the first agent: it works on their events, and publishes nothing.
    pub(crate) fn beside(self, first: &Settings) -> Self {
        let mut agent = Arc::unwrap_or_clone(self.agent);
        agent.sources = first.sources.clone();
        for source in agent.sources.values_mut() {
            source.mode = Mode::Shadow;
        }
        agent.api.mode = Mode::Shadow;
        let per_day_usd = Some(self.per_day_usd);
        agent.budget = BudgetSettings { per_day_usd, account: ACCOUNT, ..BudgetSettings::default() };
        Self { agent: Arc::new(agent), ..self }
    }
}

fn second(entry: &Entry<'_>, dir: &Path, outside: Outside<'_>) -> Option<Arc<Settings>> {
    let (file, text) = entry.file(dir, read_whole)?;
    let path = dir.join(&file);
    let dir = path.parent().unwrap_or(dir);
    match read(&path.display().to_string(), &text, dir, outside.of_second()) {
        Ok(settings) => Some(Arc::new(settings)),
        Err(mistakes) => entry.refuse(format!("`{file}` cannot be used:\n{mistakes}"), "mend that file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: &str = "[agent]\npersona = \"../p.md\"\nconfidence_threshold = 0.9\n[sources.slack]\n";

    fn load(shadow: &str, second: &str) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("next")).unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        std::fs::write(dir.path().join("next/agent.toml"), second).unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n[sources.github]\n{shadow}");
        Settings::parse(&text, dir.path()).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn the_second_agent_works_on_the_events_of_the_first_for_show_within_its_bound() {
        let shadow = "[shadow]\nconfig = \"next/agent.toml\"\nshare = 0.2\nper_day_usd = 2\n";
        let settings = load(shadow, SECOND).unwrap();
        let shadow = settings.shadow.unwrap();
        assert_eq!((shadow.share, shadow.agent.budget.per_day_usd), (0.2, Some(2.0)));
        assert_ne!(shadow.agent.budget.account, settings.budget.account, "its money is its own");
        assert_eq!(shadow.agent.agent.confidence_threshold, 0.9);
        assert_eq!(shadow.agent.sources.keys().collect::<Vec<_>>(), ["github"]);
        assert!(shadow.agent.is_shadow("github") && shadow.agent.is_shadow("api"));
        assert!(!settings.sources["github"].mode.eq(&Mode::Shadow));
        assert!(load("", SECOND).unwrap().shadow.is_none());
    }

    #[test]
    fn every_mistake_is_told_those_of_the_second_file_too() {
        let all = "[shadow]\nconfig = \"next/agent.toml\"\nshare = 1.5\nper_day_usd = 0\n";
        let told = load(all, &format!("{SECOND}[agnet]\n")).unwrap_err();
        for part in ["agnet", "next/agent.toml", "shadow.share", "shadow.per_day_usd"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let told = load("[shadow]\n", SECOND).unwrap_err();
        assert!(["config", "share", "per_day_usd"].iter().all(|key| told.contains(key)), "{told}");
        let third = "[shadow]\nconfig = \"agent.toml\"\nshare = 1\nper_day_usd = 1\n";
        let told =
            load(&third.replace("agent.toml", "next/agent.toml"), &format!("{SECOND}{third}")).unwrap_err();
        assert!(told.contains("a second agent has no third"), "{told}");
    }
}
