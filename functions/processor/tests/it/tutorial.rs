//! "Add an automation" of docs/automations.md, followed to the letter.

mod ask_version;
mod asks;

use std::fs;
use std::path::Path;

use domain::TaskStatus;
use serde_json::{Value, json};

use harness::{Bench, found, issue};

/// The code as it is compiled above.
const CODE: &str = include_str!("tutorial/ask_version.rs");

/// The test that the page shows, as it is compiled above.
const TEST: &str = include_str!("tutorial/asks.rs");

#[test]
fn test_of_the_tutorial_is_the_test_that_is_run_here() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/automations.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("## Test an automation\n").unwrap();
    let (_, rest) = rest.split_once("```rust\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    // The reader's automation is registered already.
    let (run, _) = TEST.split_once("\n/// The reader has registered it").unwrap();
    assert_eq!(shown.trim_end(), run.replace("registry());", "None);").trim_end());
}

/// That chapter.
fn chapter() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/automations.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("## Add an automation\n").unwrap();
    let end = rest.find("\n## ").into_iter().chain(rest.find("\n### ")).min().unwrap_or(rest.len());
    rest[..end].to_owned()
}

/// The blocks of `language` in it.
fn blocks(language: &str) -> Vec<String> {
    let (chapter, fence) = (chapter(), format!("```{language}\n"));
    let blocks = chapter.split(&fence).skip(1);
    blocks.map(|rest| rest.split_once("```").unwrap().0.to_owned()).collect()
}

#[test]
fn code_of_the_tutorial_is_the_code_that_is_compiled_here() {
    let blocks = blocks("rust");
    assert_eq!(blocks[0], CODE);
    assert_eq!(blocks[1].trim(), r#".on("ask_version", ask_version::ask_version)"#);
    let lines: usize = blocks.iter().chain(&self::blocks("toml")).map(|block| block.lines().count()).sum();
    assert!(lines < 30, "{lines} lines");
}

async fn run(parameters: Value) -> (Bench, TaskStatus) {
    let intent = blocks("toml").remove(0);
    assert!(intent.contains("name = \"bug_report\""), "{intent}");
    let settings = format!("[agent]\nname = \"test\"\npersona = \"persona.md\"\n[sources.github]\n{intent}");
    let registry = processor::registry().on("ask_version", ask_version::ask_version);
    let bench = Bench::with(&settings, Some(registry));
    bench.script([found(0.9, parameters)]);
    let id = bench.accept(&issue(7)).await;
    let status = bench.until_settled(&id).await.control.status;
    (bench, status)
}

#[tokio::test(start_paused = true)]
async fn automation_of_the_tutorial_works() {
    let (bench, status) = run(json!({"version": null})).await;
    assert_eq!(status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["Which version do you use? `tool --version` prints it."]);
    assert_eq!(bench.steps(), ["triage"]);

    let (bench, status) = run(json!({"version": "1.4.2"})).await;
    assert_eq!(status, TaskStatus::Completed);
    assert_eq!(bench.steps(), ["triage", "answer"]);
    let calls = bench.model.calls.lock().unwrap();
    let asked = format!("{:?}", calls[1].turns);
    assert!(asked.contains("Help with version 1.4.2."), "{asked}");
}

/// The names of the public functions of `Context`, wherever they are written.
fn functions_of_context() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/automation");
    let name = |line: &str| {
        let line = line.trim().strip_prefix("pub ")?;
        let line = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
        line.split(['(', '<']).next().map(str::to_owned)
    };
    let mut names = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for block in source.split("\nimpl Context {\n").skip(1) {
            let body = block.split("\n}\n").next().unwrap();
            names.extend(body.lines().filter_map(name));
        }
    }
    names
}

#[test]
fn the_table_of_context_is_whole() {
    let chapter = chapter();
    let rows = chapter.lines().filter_map(|line| line.strip_prefix("| `")?.split('(').next());
    let mut told: Vec<String> = rows.filter(|name| !name.contains('`')).map(str::to_owned).collect();
    let mut there = functions_of_context();
    told.sort_unstable();
    there.sort_unstable();
    assert_eq!(told, there);
}
