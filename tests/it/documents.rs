//! The documents: what SECURITY.md claims and ARCHITECTURE.md calls an invariant is held by tests that exist, links lead
//! somewhere, each guide to a sender names the address and the variable that are this sender's, and every command that a
//! page shows is one.

mod commands;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use webhook::{Parsed, Provider, Received, Sender};
use wiring::OutsideService;

/// What a line begins with that names the tests of the claim above it.
const HELD_BY: &str = "- held by ";
/// The pages with such lines, and how many tests each names at the least, or this file has stopped finding them.
const CLAIMS: &[(&str, usize)] = &[("SECURITY.md", 50), ("ARCHITECTURE.md", 60)];
/// What the workspace's tests are written in.
const CODE: &[&str] = &["benches", "functions", "fuzz", "local", "shared", "simulation", "standins", "tests"];
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below `folder` that end in `ending`; what is built is left out.
fn below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" {
            below(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            found.push(path);
        }
    }
}

/// The documents for people: those beside this workspace's manifest, and all below `docs/`.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    below(&root().join("docs"), ".md", &mut found);
    found
}

/// The name of the function that `line` begins, if it begins one.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The tests in `source`: functions with an attribute that makes them one.
fn tests_in(source: &str) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(name) = function(line) {
            if is_test {
                tests.insert(name.to_owned());
            }
            is_test = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            is_test = false;
        }
    }
    tests
}

/// The words of `line` in backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The names in the lines of `page` that begin with [`HELD_BY`].
fn held_by(page: &str) -> Vec<&str> {
    page.lines().map(str::trim).filter(|line| line.starts_with(HELD_BY)).flat_map(quoted).collect()
}

#[test]
fn tests_that_the_pages_name_exist() {
    let mut files = Vec::new();
    for folder in CODE {
        below(&root().join(folder), ".rs", &mut files);
    }
    let mut tests = BTreeSet::new();
    for file in &files {
        tests.extend(tests_in(&fs::read_to_string(file).unwrap()));
    }
    for (name, at_least) in CLAIMS {
        let page = fs::read_to_string(root().join(name)).unwrap();
        let named = held_by(&page);
        assert!(named.len() >= *at_least, "{name} names {} tests", named.len());
        let gone: Vec<&str> = named.into_iter().filter(|name| !tests.contains(*name)).collect();
        assert!(gone.is_empty(), "{name} names {gone:?}, which are no tests");
    }
}

/// The numbered paragraphs of the section `title` of `page`.
fn paragraphs<'p>(page: &'p str, title: &str) -> Vec<&'p str> {
    let section = page.split("\n## ").find_map(|section| section.strip_prefix(title)).unwrap();
    let is_number =
        |line: &str| line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    let mut found = Vec::new();
    let (mut begin, mut at) = (None, 0);
    for line in section.split_inclusive('\n') {
        if is_number(line) {
            found.extend(begin.replace(at).and_then(|begin: usize| section.get(begin..at)));
        }
        at += line.len();
    }
    found.extend(begin.and_then(|begin| section.get(begin..)));
    found
}

#[test]
fn every_invariant_names_a_test() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let invariants = paragraphs(&page, "Invariants\n");
    assert!(invariants.len() >= 25, "{} invariants", invariants.len());
    let bare: Vec<&str> = invariants.into_iter().filter(|text| held_by(text).is_empty()).collect();
    assert!(bare.is_empty(), "no test holds {bare:#?}");
}

#[test]
fn paragraphs_of_a_section_are_told_apart() {
    let page = "# x\n## One\n1. a\n## Two\n\n1. b\n   c\n12. d\n\n## Three\n1. e";
    assert_eq!(paragraphs(page, "Two\n"), ["1. b\n   c\n", "12. d\n"]);
}

#[test]
fn functions_without_the_attribute_are_no_tests() {
    let source = "#[test]\nfn one() {}\nfn two() {}\n#[tokio::test(flavor = \"x\")]\nasync fn three() {}";
    let found: Vec<String> = tests_in(source).into_iter().collect();
    assert_eq!(found, ["one", "three"]);
}

/// The destinations of the links in `page` that lead to files: neither code nor other sites.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            // Code spans are every second part between backticks.
            let prose: String = line.split('`').step_by(2).collect();
            found.extend(destinations(&prose));
        }
    }
    found
}

fn destinations(prose: &str) -> Vec<String> {
    let ends = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths = ends.filter(|to| !to.contains("://") && !to.starts_with("mailto:") && !to.starts_with('#'));
    paths.filter_map(|to| to.split('#').next()).map(str::to_owned).collect()
}

#[test]
fn links_lead_to_files() {
    let mut gone = Vec::new();
    for document in documents() {
        let page = fs::read_to_string(&document).unwrap();
        let folder = document.parent().unwrap();
        let broken = links(&page).into_iter().filter(|to| !folder.join(to).exists());
        gone.extend(broken.map(|to| format!("{}: {to}", document.display())));
    }
    assert!(gone.is_empty(), "links to nothing: {gone:#?}");
}

#[test]
fn links_are_found_outside_of_code_alone() {
    let page =
        "[a](a.md#b) and [`b`](b.md) `[c](c.md)`\n```\n[d](d.md)\n```\n[e](https://e.example/) [f](#f)";
    assert_eq!(links(page), ["a.md", "b.md"]);
}

#[test]
fn each_guide_names_the_route_and_the_secret_of_its_sender() {
    let mut guides = Vec::new();
    below(&root().join("docs/senders"), ".md", &mut guides);
    assert!(guides.len() >= 9, "{guides:?}");
    for guide in guides {
        let sender = guide.file_stem().unwrap().to_str().unwrap();
        let page = fs::read_to_string(&guide).unwrap();
        let (route, variable) = (format!("/webhooks/{sender}"), settings::variable_of(sender));
        assert!(
            page.contains(&route) && page.contains(&variable),
            "{}: {route}, {variable}",
            guide.display()
        );
        assert!(page.contains("You should now see"), "{sender}");
    }
}

/// The cells of the row of `provider` in a table of `page`; the first one has its name.
fn row<'p>(page: &'p str, provider: &str) -> Vec<&'p str> {
    let line = page.lines().find(|line| line.starts_with(&format!("| `{provider}`")));
    let line = line.unwrap_or_else(|| panic!("there is no row of {provider}"));
    line.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// Senders that have a reader of their own.
fn readers() -> impl Iterator<Item = Provider> {
    Provider::ALL.iter().copied().filter(|provider| !provider.is_mapped() && *provider != Provider::Api)
}

#[test]
fn the_readme_says_of_every_sender_what_it_can_do() {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    for provider in readers() {
        let service = OutsideService::of_threads(provider);
        let is_answered = service.is_some();
        let knows_state = service.is_some_and(OutsideService::knows_state);
        let cells = [is_answered, is_answered, knows_state, is_answered && provider.row().answers_internally];
        let said = row(&page, provider.name());
        assert_eq!(said[2..], cells.map(|can| if can { "yes" } else { "–" }), "{}", provider.name());
        // The last word of a kind's name is what it is about.
        for (kind, _) in provider.row().kinds {
            let thing = kind.trim_end_matches('s').rsplit('_').next().unwrap();
            assert!(said[1].contains(thing), "{}: {kind}", provider.name());
        }
    }
    let mapped = Provider::ALL.iter().filter(|provider| provider.is_mapped());
    assert_eq!(mapped.filter_map(|provider| OutsideService::of_threads(*provider)).count(), 0);
    assert!(page.contains("| any other | what its `map` describes | – | – | – | – |"));
}

#[test]
fn whatever_lists_all_senders_names_each() {
    let page = |path: &str| fs::read_to_string(root().join(path)).unwrap().to_lowercase();
    let (agent, security) = (page("agent/agent.toml"), page("SECURITY.md"));
    let replays = security.split("### replay, by provider").nth(1).unwrap().split("### ").next().unwrap();
    for provider in readers() {
        assert!(agent.contains(&format!("\"{}\"", provider.name())), "agent.toml: {}", provider.name());
        assert!(replays.contains(provider.name()), "SECURITY.md: {}", provider.name());
    }
}

/// The facts by which the sample events of `provider` are told to be one happening; those that become no task are left out.
fn happenings(provider: Provider) -> Vec<bool> {
    let mut samples = Vec::new();
    below(&root().join("events/bodies").join(provider.name()), ".json", &mut samples);
    let read = |path: PathBuf| {
        let body = fs::read(path).unwrap();
        match Sender::of(provider).parse(&Received { event_hint: None, body: &body }) {
            Ok(Parsed::Event(event)) => Some(event.happening.is_some()),
            _ => None,
        }
    };
    samples.into_iter().filter_map(read).collect()
}

#[test]
fn the_manual_says_of_every_sender_whether_two_subscriptions_are_one_happening() {
    let page = fs::read_to_string(root().join("docs/senders.md")).unwrap();
    for provider in readers() {
        let said = row(&page, provider.name());
        let told = happenings(provider);
        assert!(!told.is_empty(), "{}", provider.name());
        let is_said = said.last().unwrap().contains("the happening");
        assert_eq!(told.contains(&true), is_said, "{}", provider.name());
        assert!(
            !told.contains(&false) || said.last().unwrap() != &"the body; the happening",
            "{}",
            provider.name()
        );
    }
}

/// The names of the fields between the line that ends in `from` and the brace that closes it.
fn fields<'p>(page: &'p str, from: &str) -> BTreeSet<&'p str> {
    let lines = page.lines().skip_while(|line| !line.ends_with(from)).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('}'));
    let fields =
        lines.filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with([' ', '/', '}']));
    fields.map(|line| line.trim_start_matches("pub(crate) ").split([':', ',']).next().unwrap()).collect()
}

#[test]
fn the_row_that_the_manual_shows_has_the_fields_of_a_service() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (code, manual) = (read("shared/wiring/src/service.rs"), read("docs/extending.md"));
    let manual = manual.split_once("## Adding a service that answers").unwrap().1;
    let wanted = fields(&code, "struct Row {");
    assert!(wanted.len() >= 12, "{wanted:?}");
    assert_eq!(fields(manual, "ROW: Row = Row {"), wanted);
}
