//! `afterhook init`: the folder of an agent outside this repository, small and strict: every draft waits for a person, and
//! money is bounded. An upgrade of this repository touches nothing in it.

use std::fs;
use std::path::{self, Path, PathBuf};
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
    "rust": "Cargo.toml", ".gitignore", "CargoLambda.toml", "automations/Cargo.toml", "automations/src/lib.rs", "automations/src/ask_version.rs",
    "automations/tests/ask_version.rs", "afterhook/Cargo.toml", "afterhook/src/main.rs", "processor/Cargo.toml",
    "processor/src/main.rs"
);

/// The folder of the agent in it.
const AGENT: &str = "agent";

/// Where this program was built.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The versions that were tested together.
const LOCK: (&str, &str) = ("Cargo.lock", include_str!("../../../Cargo.lock"));
/// The tag of this version.
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

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
    let sources = args.rust.then(|| Sources::of(args)).transpose()?;
    if let Some(sources) = &sources {
        write_all(folder, workspace(sources))?;
    }
    let schema = settings::schema();
    let files = example.files.iter().map(|(path, text)| (*path, text.to_string())).chain([(SCHEMA, schema)]);
    write_all(&agent, files.map(|(path, text)| (path, if args.rust { asking(&text) } else { text })))?;
    tell(&folder.display().to_string(), &agent.display().to_string(), example.sender, args.rust);
    if let Some(sources) = &sources {
        say!();
        say!("{}", sources.told());
    }
    Ok(ExitCode::SUCCESS)
}

/// What a workspace is built on.
enum Sources {
    /// A repository, at the tag of this version.
    Git(String),
    /// A checkout inside which or beside which the workspace lies: its path from there.
    Near(String),
    /// A checkout elsewhere on this machine: its whole path.
    Here(String),
}

impl Sources {
    fn of(args: &InitArgs) -> Result<Self, Failure> {
        if let Some(url) = &args.git {
            return Ok(Self::Git(url.clone()));
        }
        let checkout = fs::canonicalize(SOURCES).map_err(|_| {
            Failure::misspelt("--rust needs the sources of Afterhook: name its repository with --git URL, or run it in a checkout")
        })?;
        let folder =
            path::absolute(&args.folder).map_err(|error| Failure::at(args.folder.display(), error))?;
        Ok(Self::seen_from(&resolved(&folder), &checkout))
    }

    /// The checkout as `folder` names it.
    fn seen_from(folder: &Path, checkout: &Path) -> Self {
        let within = |root: &Path| folder.strip_prefix(root).ok().map(|rest| rest.components().count());
        let up = |levels: usize| vec![".."; levels].join("/");
        match (within(checkout), checkout.parent().zip(checkout.file_name())) {
            (Some(levels), _) => Self::Near(up(levels)),
            (None, Some((parent, name))) if folder.parent() == Some(parent) => {
                Self::Near(format!("../{}", name.display()))
            }
            _ => Self::Here(checkout.display().to_string()),
        }
    }

    /// How the workspace names its part at `path`.
    fn dependency(&self, path: &str) -> String {
        match self {
            Self::Git(url) => format!("git = {url:?}, tag = \"{TAG}\""),
            Self::Near(checkout) | Self::Here(checkout) => {
                let path = format!("{checkout}/{path}");
                format!("path = {path:?}")
            }
        }
    }

    /// How it is upgraded, for the head of its manifest.
    fn upgrade(&self) -> &'static str {
        match self {
            Self::Git(_) => {
                "An upgrade of Afterhook is a newer `tag` in each line below, and `cargo update`."
            }
            Self::Near(_) => {
                "The checkout of Afterhook is where the paths below say, on every machine that builds this. An upgrade of it is a newer \
                 checkout in its place, and `cargo update`."
            }
            Self::Here(_) => {
                "The paths below are those of one machine. Who builds this elsewhere puts a checkout of Afterhook beside this folder and \
                 writes `../afterhook/…`, or names its repository: `git = \"URL\", tag = \"…\"` in place of `path`."
            }
        }
    }

    /// What whoever commits the workspace has to know.
    fn told(&self) -> String {
        match self {
            Self::Git(url) => format!("It builds on any machine, on {TAG} of {url}."),
            Self::Near(checkout) => {
                format!(
                    "It is built on the checkout of Afterhook at {checkout}: others need one in the same place, or --git URL."
                )
            }
            Self::Here(checkout) => format!(
                "It is built on {checkout}, which no other machine has: before you share it, make it beside that checkout, or with \
                 --git URL."
            ),
        }
    }
}

/// `folder` with the links resolved of whatever of it is there.
fn resolved(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find_map(|part| Some((part, fs::canonicalize(part).ok()?)));
    there.map_or_else(
        || folder.to_owned(),
        |(part, real)| folder.strip_prefix(part).map_or_else(|_| real.clone(), |rest| real.join(rest)),
    )
}

/// The workspace on `sources`.
fn workspace(sources: &Sources) -> impl Iterator<Item = (&'static str, String)> {
    let files = RUST.iter().map(|(path, text)| (*path, on(sources, text)));
    files.chain([(LOCK.0, LOCK.1.to_owned())])
}

/// `text` with the places filled in: `{UPGRADE}`, and `{AFTERHOOK:PATH}`.
fn on(sources: &Sources, text: &str) -> String {
    let mut parts = text.split("{AFTERHOOK:");
    let mut filled = parts.next().unwrap_or_default().replace("{UPGRADE}", sources.upgrade());
    for part in parts {
        let (path, rest) = part.split_once('}').unwrap_or((part, ""));
        filled.push_str(&sources.dependency(path));
        filled.push_str(rest);
    }
    filled
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
        InitArgs { folder: folder.to_owned(), example: example.to_owned(), rust: false, git: None }
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

    /// Where the manifest of a workspace says that Afterhook is.
    fn dependencies(manifest: &str) -> toml::Table {
        let manifest: toml::Table = manifest.parse().unwrap();
        let mut all = manifest["workspace"]["dependencies"].as_table().unwrap().clone();
        all.retain(|name, _| ["afterhook", "domain", "harness", "processor"].contains(&name));
        assert_eq!(all.len(), 4, "{manifest}");
        all
    }

    fn manifest(sources: &Sources) -> String {
        workspace(sources).find(|(path, _)| *path == "Cargo.toml").unwrap().1
    }

    #[test]
    fn a_workspace_of_ones_own_stands_on_these_sources_and_its_agent_runs_its_automation() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("mine");
        init(&InitArgs { rust: true, ..args(&folder, DEFAULT) }).unwrap();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for (name, dependency) in dependencies(&manifest) {
            let path = Path::new(dependency["path"].as_str().unwrap());
            assert!(path.is_absolute() && path.join("Cargo.toml").is_file(), "{name}: {}", path.display());
        }
        assert!(manifest.contains("# The paths below are those of one machine."), "{manifest}");
        let manifest: toml::Table = manifest.parse().unwrap();
        for member in manifest["workspace"]["members"].as_array().unwrap() {
            assert!(folder.join(member.as_str().unwrap()).join("Cargo.toml").is_file(), "{member}");
        }
        let unknown = crate::dev::load(&folder.join("agent/agent.toml")).unwrap_err().to_string();
        assert!(unknown.contains("ask_version"), "only its own programs know it: {unknown}");
        let ours = fs::read_to_string(Path::new(SOURCES).join("CargoLambda.toml")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("CargoLambda.toml")).unwrap(), ours);
        let left_out = fs::read_to_string(folder.join(".gitignore")).unwrap();
        assert_eq!(left_out.lines().collect::<Vec<_>>(), ["/target/", "/.afterhook/"]);
    }

    #[test]
    fn a_workspace_inside_a_checkout_or_beside_it_names_no_path_of_the_machine() {
        let checkout = Path::new("/home/mona/afterhook");
        for (folder, near) in [
            ("/home/mona/my-agent", "../afterhook"),
            ("/home/mona/afterhook/my-agent", ".."),
            ("/home/mona/afterhook/mine/agent", "../.."),
        ] {
            let sources = Sources::seen_from(Path::new(folder), checkout);
            for (name, dependency) in dependencies(&manifest(&sources)) {
                let path = dependency["path"].as_str().unwrap();
                assert!(path.starts_with(&format!("{near}/")), "{folder}: {name}: {path}");
            }
            assert!(sources.told().contains(near) && !sources.told().contains("/home"), "{}", sources.told());
        }
        let far = Sources::seen_from(Path::new("/srv/my-agent"), checkout);
        assert_eq!(far.dependency("local"), "path = \"/home/mona/afterhook/local\"");
        assert!(far.told().contains("no other machine has"), "{}", far.told());
    }

    #[test]
    fn a_workspace_on_a_repository_names_the_tag_of_this_version_and_no_path() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("mine");
        let git = Some("https://git.example.com/ada/afterhook".to_owned());
        init(&InitArgs { rust: true, git: git.clone(), ..args(&folder, DEFAULT) }).unwrap();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for (name, dependency) in dependencies(&manifest) {
            assert_eq!(dependency["git"].as_str(), git.as_deref(), "{name}");
            assert_eq!(dependency["tag"].as_str(), Some(TAG), "{name}");
            assert!(dependency.get("path").is_none(), "{name}");
        }
        let sources = fs::canonicalize(SOURCES).unwrap();
        for file in ["Cargo.toml", LOCK.0] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            assert!(!text.contains(&sources.display().to_string()), "{file}");
        }
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
