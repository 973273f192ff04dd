//! What the code of the functions and of the crates below them never does, whatever it is for: invariants of
//! ARCHITECTURE.md that no type can hold.

use std::fs;
use std::path::{Path, PathBuf};

/// What begins work that its caller does not wait for. An execution environment is frozen after the answer, and
/// such work with it.
const SPAWNS: &[&str] =
    &["tokio::spawn", "task::spawn", "spawn_blocking(", "thread::spawn", "thread::Builder", "JoinSet"];
/// Where that may be done: a scripted service, which tests alone are built with, and the watch on automations, which
/// ends with the batch that it watches.
const SPAWNED_IN: &[&str] =
    &["shared/outbound/src/scripted.rs", "functions/processor/src/automation/stalls.rs"];

/// What reads the clock of the machine, or draws by chance.
const CLOCKS_AND_CHANCE: &[&str] =
    &["Timestamp::now", "SystemTime", "std::time::Instant", "fastrand", "rand::random", "thread_rng"];
/// Where that may be done: the clock that is passed in, the start of every function, and the watch on automations
/// that block the very thread that virtual time runs on.
const DRAWN_IN: &[&str] = &[
    "shared/domain/src/clock.rs",
    "shared/lambda/src/lib.rs",
    "functions/processor/src/automation/stalls.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files of what is deployed, below `folder`: no tests, no examples, and none of the suites that adapters are held to.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "tests" | "contract" | "examples" | "target") {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The lines of `source` with one of `words` in it; its tests and its comments do not count.
fn lines_with<'s>(source: &'s str, words: &[&str]) -> Vec<&'s str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    // `use std::time::{Duration, Instant}` is the same as the long name.
    let names = |line: &str, word: &&str| {
        line.contains(*word)
            || (*word == "std::time::Instant" && line.contains("std::time::{") && line.contains("Instant"))
    };
    lines.filter(|line| words.iter().any(|word| names(line, word))).collect()
}

/// Where what is deployed has one of `words`, but for the files `but`.
fn found(words: &[&str], but: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["functions", "shared"] {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 200, "{} files", files.len());
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        let source = fs::read_to_string(&file).unwrap();
        let lines = lines_with(&source, words);
        if !but.contains(&path.as_str()) {
            found.extend(lines.into_iter().map(|line| format!("{path}: {line}")));
        }
    }
    found
}

#[test]
fn nothing_that_is_deployed_spawns_what_outlives_its_caller() {
    let found = found(SPAWNS, SPAWNED_IN);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn clocks_and_chance_are_drawn_where_functions_start_and_nowhere_else() {
    let found = found(CLOCKS_AND_CHANCE, DRAWN_IN);
    assert!(found.is_empty(), "pass `domain::Clock` or `domain::Jitter` in: {found:#?}");
}

#[test]
fn words_are_found_in_code_alone() {
    let source = "// tokio::spawn\nlet x = tokio::spawn(y);\nuse std::time::{Duration, Instant};\n#[cfg(test)]\ntokio::spawn(z);";
    assert_eq!(lines_with(source, SPAWNS), ["let x = tokio::spawn(y);"]);
    assert_eq!(lines_with(source, CLOCKS_AND_CHANCE), ["use std::time::{Duration, Instant};"]);
}
