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

/// The workspace around an agent whose automations are of a crate of its owner's.
const RUST: &[(&str, &str)] = files!(
    "rust": "Cargo.toml", "CargoLambda.toml", "automations/Cargo.toml", "automations/src/lib.rs", "automations/src/ask_version.rs",
    "automations/tests/ask_version.rs", "afterhook/Cargo.toml", "afterhook/src/main.rs", "processor/Cargo.toml",
    "processor/src/main.rs"
);

/// The folder of the agent in it.
const AGENT: &str = "agent";

/// Where this program was built: what the workspace depends on, and the versions that were tested together.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const LOCK: &str = "Cargo.lock";

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
    let agent = if args.rust { folder.join(AGENT) } else { folder.clone() };
    if args.rust {
        write_all(folder, workspace()?.into_iter())?;
    }
    let schema = settings::schema();
    let files = example.files.iter().map(|(path, text)| (*path, text.to_string())).chain([(SCHEMA, schema)]);
    write_all(&agent, files.map(|(path, text)| (path, if args.rust { asking(&text) } else { text })))?;
    tell(&folder.display().to_string(), &agent.display().to_string(), example.sender, args.rust);
    Ok(ExitCode::SUCCESS)
}

/// The workspace, on the sources of this program.
fn workspace() -> Result<Vec<(&'static str, String)>, Failure> {
    let sources = fs::canonicalize(SOURCES).map_err(|_| {
        Failure::new(
            "--rust needs the sources of Afterhook: clone the repository and run `cargo run -- init` in it",
        )
    })?;
    let lock = sources.join(LOCK);
    let lock = fs::read_to_string(&lock).map_err(|error| Failure::at(lock.display(), error))?;
    let sources = sources.display().to_string();
    let files = RUST.iter().map(|(path, text)| (*path, text.replace("{AFTERHOOK}", &sources)));
    Ok(files.chain([(LOCK, lock)]).collect())
}

/// `agent` with its first intent handled by the automation of the workspace.
fn asking(agent: &str) -> String {
    agent.replacen("automation = \"reply\"", "automation = \"ask_version\"", 1)
}

fn write_all<'a>(folder: &Path, files: impl Iterator<Item = (&'a str, String)>) -> Result<(), Failure> {
    for (path, text) in files {
        write(&folder.join(path), &text)?;
        say!("{}", folder.join(path).display());
    }
    Ok(())
}

/// Nothing is ever overwritten.
fn refuse_used(folder: &Path) -> Result<(), Failure> {
    if folder.is_file() {
        return Err(Failure::new(format!("{} is a file: name a folder that is new", folder.display())));
    }
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

fn tell(folder: &str, agent: &str, sender: &str, is_rust: bool) {
    let afterhook = if is_rust { "cargo run --" } else { "afterhook" };
    let agent = if is_rust { AGENT } else { agent };
    say!();
    say!("Say in prompts/ who the agent is, in docs/ what it knows, and in agent.toml what it does. Then:");
    say!();
    if is_rust {
        say!("  cd {folder}");
        say!("  cargo test --workspace                    # of your automations, in automations/");
    }
    say!("  {afterhook} check --config {agent}         # finds every mistake");
    say!("  {afterhook} dev --config {agent}           # tries it on this machine");
    say!("  {afterhook} setup {sender} --config {agent} --url https://…");
    say!();
    say!("In the checkout of Afterhook, `bash .ci/build {folder}` builds what `sam deploy` deploys.");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(folder: &Path, example: &str) -> InitArgs {
        InitArgs { folder: folder.to_owned(), example: example.to_owned(), rust: false }
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
    fn a_workspace_of_ones_own_stands_on_these_sources_and_its_agent_runs_its_automation() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("mine");
        init(&InitArgs { rust: true, ..args(&folder, DEFAULT) }).unwrap();
        let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
        let dependencies = manifest["workspace"]["dependencies"].as_table().unwrap();
        for name in ["afterhook", "domain", "harness", "processor"] {
            let path = Path::new(dependencies[name]["path"].as_str().unwrap());
            assert!(path.is_absolute() && path.join("Cargo.toml").is_file(), "{name}: {}", path.display());
        }
        for member in manifest["workspace"]["members"].as_array().unwrap() {
            assert!(folder.join(member.as_str().unwrap()).join("Cargo.toml").is_file(), "{member}");
        }
        let unknown = crate::dev::load(&folder.join("agent/agent.toml")).unwrap_err().to_string();
        assert!(unknown.contains("ask_version"), "only its own programs know it: {unknown}");
        let ours = fs::read_to_string(Path::new(SOURCES).join("CargoLambda.toml")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("CargoLambda.toml")).unwrap(), ours);
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine"), "mine").unwrap();
        let refused = init(&args(dir.path(), DEFAULT)).unwrap_err().to_string();
        assert!(refused.contains("is not empty"), "{refused}");
        let refused = init(&args(&dir.path().join("mine"), DEFAULT)).unwrap_err().to_string();
        assert!(refused.contains("is a file"), "{refused}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let file = dir.path().join("mine");
        assert!(init(&args(&file, DEFAULT)).is_err());
    }
}
