//! `afterhook init`: the folder of an agent outside this repository, small and strict: every draft waits for a person, and
//! money is bounded. An upgrade of this repository touches nothing in it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::Failure;
use crate::cli::InitArgs;
use crate::terminal::say;

/// What an agent may be for.
struct Example {
    name: &'static str,
    /// The sender that its first source is of.
    sender: &'static str,
    /// Paths in the folder, and what the files say.
    files: &'static [(&'static str, &'static str)],
}

/// The example of whoever names none.
pub(crate) const DEFAULT: &str = "maintainer";

/// A file of a template, by its path.
macro_rules! files {
    ($example:literal: $($path:literal),*) => {
        &[$(($path, include_str!(concat!("../../templates/", $example, "/", $path)))),*]
    };
}

const EXAMPLES: &[Example] = &[
    Example {
        name: DEFAULT,
        sender: "github",
        files: files!("maintainer": "agent.toml", "prompts/persona.md", "docs/project.md"),
    },
    Example {
        name: "support",
        sender: "zendesk",
        files: files!("support": "agent.toml", "prompts/persona.md", "prompts/complaint.md", "docs/answers.md"),
    },
    Example {
        name: "incidents",
        sender: "pagerduty",
        files: files!("incidents": "agent.toml", "prompts/persona.md", "prompts/incident.md", "docs/runbooks.md"),
    },
];

/// By what editors complete agent.toml.
const SCHEMA: &str = "agent.schema.json";

/// The names of the examples.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().map(|example| example.name)
}

/// Makes the folder, and says what to do next.
pub(crate) fn init(args: &InitArgs) -> Result<ExitCode, Failure> {
    let folder = &args.folder;
    let example = EXAMPLES.iter().find(|example| example.name == args.example);
    let example = example.ok_or_else(|| Failure::new(format!("there is no example {}", args.example)))?;
    refuse_used(folder)?;
    let schema = settings::schema();
    for (path, text) in example.files.iter().copied().chain([(SCHEMA, schema.as_str())]) {
        write(&folder.join(path), text)?;
        say!("{}", folder.join(path).display());
    }
    tell(&folder.display().to_string(), example.sender);
    Ok(ExitCode::SUCCESS)
}

/// Nothing is ever overwritten.
fn refuse_used(folder: &Path) -> Result<(), Failure> {
    let is_used = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.exists(),
    };
    if is_used {
        return Err(Failure::new(format!("{} is not empty: name a folder that is new", folder.display())));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::at(path.display(), error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

fn tell(folder: &str, sender: &str) {
    say!();
    say!("Say in prompts/ who the agent is, in docs/ what it knows, and in agent.toml what it does. Then:");
    say!();
    say!("  afterhook check --config {folder}         # finds every mistake");
    say!("  afterhook dev --config {folder}           # tries it on this machine");
    say!("  afterhook setup {sender} --config {folder} --url https://…");
    say!("  bash .ci/build {folder}                   # builds what `sam deploy` deploys");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(folder: &Path, example: &str) -> InitArgs {
        InitArgs { folder: folder.to_owned(), example: example.to_owned() }
    }

    #[test]
    fn every_example_is_an_agent_without_mistakes_whose_drafts_wait_for_a_person() {
        for example in EXAMPLES {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join("agent");
            init(&args(&folder, example.name)).unwrap();
            let settings = crate::dev::load(&folder.join("agent.toml")).unwrap();
            assert_eq!(settings.agent.approval, settings::ApprovalPolicy::Always, "{}", example.name);
            assert!(settings.sources.contains_key(example.sender), "{}", example.name);
            assert_eq!(settings.warnings(), Vec::<String>::new(), "{}", example.name);
            assert!(!settings.agent.documents.is_empty(), "{}", example.name);
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine"), "mine").unwrap();
        let refused = init(&args(dir.path(), DEFAULT)).unwrap_err().to_string();
        assert!(refused.contains("is not empty"), "{refused}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let file = dir.path().join("mine");
        assert!(init(&args(&file, DEFAULT)).is_err());
    }
}
