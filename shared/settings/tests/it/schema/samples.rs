//! Every agent.toml of the project is one by the schema, too.

use std::path::{Path, PathBuf};

use super::{refusals, validator};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    let path = project().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file called agent.toml, build products apart.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            files(&path, found);
        } else if name == "agent.toml" {
            found.push(path);
        }
    }
}

#[test]
fn every_agent_toml_of_the_project_is_valid() {
    let (mut found, validator) = (Vec::new(), validator());
    files(&project(), &mut found);
    for wanted in ["agent/agent.toml", "benches/agent/agent.toml", "tests/fixtures/senders/agent.toml"] {
        assert!(found.iter().any(|path| path.ends_with(wanted)), "{wanted}: {found:?}");
    }
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(refusals(&validator, &text), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn the_shipped_file_names_its_schema_to_editors() {
    assert!(read("agent/agent.toml").starts_with("#:schema ./agent.schema.json\n"));
}

/// With the `#` before each optional key gone, every example is valid as well.
#[test]
fn the_shipped_file_is_valid_with_all_its_examples() {
    let text: Vec<String> = read("agent/agent.toml").lines().map(without_comment_sign).collect();
    let text = text.join("\n");
    assert!(text.contains("\n[automations.http.password_reset]\n") && text.contains("\n[sources.jira]\n"));
    assert_eq!(refusals(&validator(), &text), Vec::<String>::new());
}

/// `# key = value` as `key = value`, and `# [section]` as `[section]`; other comments stay.
fn without_comment_sign(line: &str) -> String {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    let is_section = bare.starts_with('[') && bare.ends_with(']');
    let key = bare.split_once(" = ").map(|(key, _)| key);
    let is_key = key.is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    if is_section || is_key { bare.to_owned() } else { line.to_owned() }
}

/// Each block of TOML in the README is a piece of agent.toml.
#[test]
fn samples_of_the_readme_are_valid() {
    let (readme, validator) = (read("README.md"), validator());
    let blocks: Vec<&str> = readme
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split_once("```").expect("the end of the block").0)
        .collect();
    assert!(!blocks.is_empty(), "no sample");
    for block in blocks {
        // A piece may leave out what every whole file has.
        let whole =
            if block.contains("[sources.") { block.to_owned() } else { format!("{block}\n[sources.github]") };
        assert_eq!(refusals(&validator, &whole), Vec::<String>::new(), "{block}");
    }
}
