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

/// README.md and the manual.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![project().join("README.md")];
    for folder in ["docs", "docs/senders"] {
        let entries = std::fs::read_dir(project().join(folder)).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some()));
    }
    found
}

/// The blocks of TOML in `page`, without the indentation of the list that they may stand in.
fn blocks(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut indentation = None;
    for line in page.lines() {
        match indentation {
            None if line.trim() == "```toml" => {
                indentation = Some(line.len() - line.trim_start().len());
                found.push(String::new());
            }
            Some(_) if line.trim() == "```" => indentation = None,
            Some(depth) => {
                let block = found.last_mut().expect("the block that this line is of");
                block.push_str(line.get(depth..).unwrap_or_default());
                block.push('\n');
            }
            None => {}
        }
    }
    found
}

/// Each block of TOML in the documents is a piece of agent.toml.
#[test]
fn samples_of_the_documents_are_valid() {
    let validator = validator();
    let pages: Vec<String> = documents().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let blocks = pages.iter().flat_map(|page| blocks(page));
    // A case of `evals/` is another file, and has a reader of its own.
    let blocks: Vec<String> = blocks.filter(|block| !block.contains("[[cases]]")).collect();
    assert!(blocks.len() > 10, "{} samples", blocks.len());
    for block in blocks {
        // A piece may leave out what every whole file has.
        let whole =
            if block.contains("[sources.") { block.clone() } else { format!("{block}\n[sources.github]") };
        assert_eq!(refusals(&validator, &whole), Vec::<String>::new(), "{block}");
    }
}
