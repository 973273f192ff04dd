//! Who may depend on whom. The layout promises that a crate can be understood, and replaced, with
//! nothing in mind but what is below it; a dependency in the wrong direction ends that silently.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// The crates below `functions/`: what each may use of this workspace.
const SHARED: &[(&str, &[&str])] = &[
    // The bottom: no crate of ours below them.
    ("domain", &[]),
    ("resilience", &[]),
    // Pure.
    ("webhook", &["domain", "markdown"]),
    ("settings", &["domain", "webhook"]),
    ("telemetry", &["domain"]),
    ("markdown", &[]),
    // What the functions have in common that answer HTTP.
    ("edge", &[]),
    // The network of a simulation: the HTTP clients link it behind a feature, and nothing that is deployed has it on.
    ("simulated", &[]),
    // What the clients below have in common.
    ("outbound", &["domain", "markdown", "simulated"]),
    // Adapters, none of which sees another one.
    ("aws", &["domain"]),
    ("embedded", &["domain"]),
    // What the models cost.
    ("prices", &["domain"]),
    // What the environments of a fleet share.
    ("cells", &["domain"]),
    ("gemini", &["cells", "domain", "prices", "resilience", "simulated"]),
    ("github", &["domain", "outbound"]),
    ("jira", &["domain", "markdown", "outbound", "webhook"]),
    ("linear", &["domain", "outbound"]),
    ("gitlab", &["domain", "outbound"]),
    ("pagerduty", &["domain", "outbound"]),
    ("sentry", &["domain", "outbound"]),
    ("slack", &["domain", "markdown", "outbound", "webhook"]),
    ("stripe", &["domain", "outbound"]),
    ("zendesk", &["domain", "markdown", "outbound"]),
    // Clients as they are configured: one row per service.
    (
        "wiring",
        &[
            "domain",
            "gemini",
            "github",
            "gitlab",
            "jira",
            "linear",
            "outbound",
            "pagerduty",
            "sentry",
            "settings",
            "slack",
            "stripe",
            "webhook",
            "zendesk",
        ],
    ),
    // The system in memory, for tests of automations: nothing that is deployed uses it.
    ("harness", &["domain", "embedded", "processor", "settings", "sweeper", "telemetry", "wiring"]),
    // How every function starts on Lambda: it puts adapters together, and only functions use it.
    ("lambda", &["aws", "domain", "settings", "telemetry"]),
];

/// Crates for which a function must be smaller, quicker to start, or less trusted.
const NEVER_LINKED: &[(&str, &[&str])] = &[
    // What faces the internet holds no client that acts, and starts cold in milliseconds.
    ("ingest", &["gemini", "github", "outbound", "resilience", "embedded"]),
    ("console", &["gemini", "github", "outbound", "resilience", "embedded"]),
    ("processor", &["embedded"]),
    ("sweeper", &["embedded"]),
];

/// Pure crates, and what would make them do I/O or wait.
const PURE: &[&str] = &["domain", "markdown", "resilience", "webhook", "settings"];
const IMPURE: &[&str] =
    &["axum", "http", "hyper", "lambda_http", "lambda_runtime", "reqwest", "rusqlite", "tokio"];

/// Senders that are nobody's: of `POST /tasks`, and those that agent.toml alone describes. And the AWS SDK's word.
const NOBODYS: &[&str] = &["api", "custom", "rustls"];

/// Lists of services outside of the files that are each service's own; and the scripted system of tests, which has two.
const LISTS_OF_SERVICES: &[&str] = &["local/src/stand_ins.rs", "shared/harness/src/lib.rs"];

/// A `main.rs` wires; the library works, and is tested.
const MAX_MAIN: usize = 39;

/// The normal dependencies of every crate of the workspace, as its manifest declares them.
struct Graph {
    root: String,
    crates: BTreeMap<String, Node>,
}

struct Node {
    /// Its directory, relative to the workspace.
    dir: String,
    ours: BTreeSet<String>,
    foreign: BTreeSet<String>,
}

impl Graph {
    fn read() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap();
        let names: BTreeSet<String> =
            metadata.packages.iter().map(|package| package.name.to_string()).collect();
        Self { crates: nodes(&metadata, &names), root: metadata.workspace_root.to_string() }
    }

    fn in_folder(&self, folder: &str) -> impl Iterator<Item = (&str, &Node)> {
        let inside = move |node: &Node| Path::new(&node.dir).parent() == Some(Path::new(folder));
        self.crates.iter().filter(move |(_, node)| inside(node)).map(|(name, node)| (name.as_str(), node))
    }

    /// Everything of ours that is linked with `name`.
    fn reach(&self, name: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(next) = open.pop() {
            for below in &self.crates[&next].ours {
                if reached.insert(below.clone()) {
                    open.push(below.clone());
                }
            }
        }
        reached
    }
}

fn nodes(metadata: &Metadata, names: &BTreeSet<String>) -> BTreeMap<String, Node> {
    let mut nodes = BTreeMap::new();
    for package in &metadata.packages {
        let dir = package.manifest_path.parent().unwrap().strip_prefix(&metadata.workspace_root).unwrap();
        let normal =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let (ours, foreign) =
            normal.map(|dependency| dependency.name.clone()).partition(|name| names.contains(name));
        nodes.insert(package.name.to_string(), Node { dir: dir.to_string(), ours, foreign });
    }
    nodes
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn shared_crates_use_only_what_is_below_them() {
    let graph = Graph::read();
    let rules: BTreeMap<&str, &[&str]> = SHARED.iter().copied().collect();
    for (name, node) in graph.in_folder("shared") {
        let Some(allowed) = rules.get(name) else {
            panic!("shared/{name} is new: say in SHARED of this test what it may depend on");
        };
        let allowed = set(allowed);
        let forbidden: Vec<&String> = node.ours.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "shared/{name} must not depend on {forbidden:?}");
    }
}

#[test]
fn functions_use_shared_crates_and_not_each_other() {
    let graph = Graph::read();
    let shared: BTreeSet<String> = graph.in_folder("shared").map(|(name, _)| name.to_owned()).collect();
    for (name, node) in graph.in_folder("functions") {
        let forbidden: Vec<&String> = node.ours.difference(&shared).collect();
        assert!(forbidden.is_empty(), "functions/{name} must not depend on {forbidden:?}");
    }
}

#[test]
fn nothing_that_is_deployed_depends_on_the_local_runner_or_on_tests() {
    let graph = Graph::read();
    let above = set(&["afterhook", "benches", "e2e", "fuzz", "simulation", "standins"]);
    for (name, _) in graph.in_folder("functions").chain(graph.in_folder("shared")) {
        assert!(graph.reach(name).is_disjoint(&above), "{name} depends on something above it");
    }
    assert!(graph.reach("afterhook").is_disjoint(&set(&["benches", "e2e", "fuzz", "simulation"])));
    assert!(graph.reach("simulation").is_disjoint(&set(&[
        "afterhook",
        "benches",
        "e2e",
        "embedded",
        "standins"
    ])));
}

#[test]
fn stand_ins_know_nothing_of_the_system_that_calls_them() {
    assert_eq!(Graph::read().crates["standins"].ours, set(&["domain"]));
}

#[test]
fn functions_do_not_link_what_they_must_be_free_of() {
    let graph = Graph::read();
    let rules: BTreeMap<&str, &[&str]> = NEVER_LINKED.iter().copied().collect();
    for (name, _) in graph.in_folder("functions") {
        let linked = graph.reach(name);
        let forbidden = set(rules.get(name).expect("every function has its line in NEVER_LINKED"));
        let forbidden: Vec<&String> = forbidden.intersection(&linked).collect();
        assert!(forbidden.is_empty(), "functions/{name} links {forbidden:?}");
    }
}

#[test]
fn pure_crates_have_neither_a_runtime_nor_a_network() {
    let graph = Graph::read();
    for name in PURE {
        let foreign = &graph.crates[*name].foreign;
        let forbidden: Vec<&String> = foreign
            .iter()
            .filter(|used| IMPURE.contains(&used.as_str()) || used.starts_with("aws-"))
            .collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
    }
}

#[test]
fn main_of_a_function_only_wires() {
    let graph = Graph::read();
    for (name, node) in graph.in_folder("functions") {
        let path = Path::new(&graph.root).join(&node.dir).join("src/main.rs");
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_MAIN, "main.rs of {name} has {lines} lines: move work into its library");
    }
}

/// The source files of what is built for users.
fn sources(root: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "tests" | "target") {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// What is wrong with where `source` has its unit tests, if anything is.
fn misplaced(source: &str) -> Option<&str> {
    source.split("#[cfg(test)]\n").skip(1).find_map(|rest| {
        let item = rest.lines().map(str::trim).find(|line| !line.starts_with('#'))?;
        let module = item.trim_start_matches("pub(crate) ").strip_prefix("mod ")?;
        match module {
            "tests;" | "testing;" => None,
            "tests {" => {
                rest.split_once("\n}\n").map(|(_, behind)| behind).filter(|behind| !behind.is_empty())
            }
            _ => Some(item),
        }
    })
}

/// `testing` is what the tests of several files share.
#[test]
fn unit_tests_are_at_the_end_of_their_file_or_in_its_tests_rs() {
    let sound = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n";
    assert_eq!(misplaced(sound), None);
    assert_eq!(misplaced(&format!("{sound}fn c() {{}}\n")), Some("fn c() {}\n"));
    assert_eq!(misplaced("#[cfg(test)]\nmod shipped;\n"), Some("mod shipped;"));
    let (root, mut files) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), Vec::new());
    for folder in ["benches", "functions", "local", "shared", "simulation", "standins"] {
        sources(&root.join(folder), &mut files);
    }
    let read = files.iter().map(|file| (file, fs::read_to_string(file).unwrap()));
    let wrong: Vec<_> =
        read.filter(|(_, source)| misplaced(source).is_some()).map(|(file, _)| file).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The variants of `of` that `source` names, in lower case, before its tests.
fn named(source: &str, of: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let variant = |rest: &str| rest.split(|c: char| !c.is_alphanumeric()).next().map(str::to_owned);
    let variants = code.split(of).skip(1).filter_map(variant);
    variants
        .filter(|name| name.starts_with(char::is_uppercase))
        .filter_map(|name| first_word(&name))
        .collect()
}

/// The first word of a name: the service in `GithubIssue`.
fn first_word(name: &str) -> Option<String> {
    let end = name.char_indices().skip(1).find(|(_, c)| c.is_uppercase()).map_or(name.len(), |(at, _)| at);
    name.get(..end).filter(|word| !word.chars().all(char::is_uppercase)).map(str::to_lowercase)
}

/// A sender, and a service that answers, is added by its own files and one line in each list: nothing else names
/// any.
#[test]
fn services_are_named_in_files_of_their_own() {
    let matched = "match target { Target::AcmeIssue { .. } => 1 }";
    assert_eq!(named(matched, "Target::"), set(&["acme"]), "what this test looks for");
    let root = Graph::read().root;
    let mut files = Vec::new();
    for folder in ["functions", "shared", "local"] {
        sources(&Path::new(&root).join(folder), &mut files);
    }
    let mut named_elsewhere = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if LISTS_OF_SERVICES.contains(&path.as_str()) {
            continue;
        }
        let source = fs::read_to_string(file).unwrap();
        for of in ["OutsideService::", "Target::", "Provider::"] {
            let names = named(&source, of).into_iter().filter(|name| !path.contains(name.as_str()));
            let foreign = names.filter(|name| !NOBODYS.contains(&name.as_str()));
            named_elsewhere.extend(foreign.map(|name| (name, path.clone())));
        }
    }
    assert!(
        named_elsewhere.is_empty(),
        "give the row of the service what these files need: {named_elsewhere:?}"
    );
}

#[test]
fn files_that_the_architecture_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["agent", "benches", "functions", "local", "shared", "simulation", "standins", "tests"] {
        list(&root.join(folder), &mut files);
    }
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let named =
        page.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs") && !word.contains("NAME"));
    let gone: Vec<&str> = named.filter(|name| !files.iter().any(|file| file.ends_with(name))).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names {gone:?}");
}

/// The files below `folder`.
fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}
