//! The agent.toml of each benchmark, and where the project's files are.

use std::path::{Path, PathBuf};

use settings::Settings;

use crate::Outcome;

/// The root of the working copy that this was built from.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The path of the one that holds nothing back.
pub(crate) fn path() -> PathBuf {
    of("agent.toml")
}

/// The path of the one called `name`.
pub(crate) fn of(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/agent")).join(name)
}

/// What the one says that holds nothing back.
pub(crate) fn settings() -> Outcome<Settings> {
    load(&path())
}

/// What the file at `path` says.
pub(crate) fn load(path: &Path) -> Outcome<Settings> {
    let registry = ::processor::registry();
    let automations: Vec<&str> = registry.names().collect();
    Ok(Settings::load_for(path, &automations)?)
}

#[cfg(test)]
mod tests {
    use settings::ApprovalPolicy;

    #[test]
    fn nothing_of_ours_holds_the_agent_of_the_benchmarks_back() {
        let settings = super::settings().unwrap();
        assert_eq!(settings.agent.approval, ApprovalPolicy::Never);
        assert_eq!(settings.budget, settings::BudgetSettings::default());
        for model in settings.models.in_use() {
            let limits = settings.models.limits_for(model, settings::Start::AtOnce);
            assert_eq!(
                (
                    limits.requests_per_minute,
                    limits.tokens_per_minute,
                    limits.requests_per_day,
                    limits.concurrency
                ),
                (None, None, None, 200)
            );
        }
    }
}
