//! Who reads the page by ear, by keys, or over a bad line: axe-core finds nothing in any view, and no view is heavy.

use std::path::Path;
use std::process::Command;

use e2e::venv::Venv;
use serde_json::{Value, json};

use super::browser::{a_look, log_in, start, start_with_banner};
use super::chromium::Chromium;
use crate::dev::System;

const VENV: Venv = Venv {
    name: "axe",
    what: "axe-core",
    file: "tests/requirements/axe.txt",
    requirements: include_str!("../../requirements/axe.txt"),
};
/// Prints the script that the wheel carries, and imports none of its Python.
const SCRIPT: &str = "import importlib.util, pathlib, sys; \
    where = importlib.util.find_spec('axe_playwright_python').submodule_search_locations[0]; \
    sys.stdout.write((pathlib.Path(where) / 'axe.min.js').read_text('utf-8'))";
/// What WCAG 2.2 at level AA asks and a program can see, and what axe-core calls good practice.
const RUN: &str = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(one => \
    `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 160)).join(' | ')}`))";
/// What a view may weigh, bytes: the page and all that it loads, as sent.
const MAX_WEIGHT: u64 = 60_000;
const WEIGHT: &str = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
    .filter(entry => entry.initiatorType !== 'fetch').reduce((sum, entry) => sum + entry.encodedBodySize, 0)";

async fn axe() -> String {
    let python = tokio::task::spawn_blocking(|| VENV.python()).await.unwrap();
    let python = python.unwrap_or_else(|why| panic!("{why}"));
    printed_by(&python)
}

fn printed_by(python: &Path) -> String {
    let output = Command::new(python).args(["-I", "-c", SCRIPT]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What axe-core finds in the view that is open.
async fn violations(browser: &mut Chromium, axe: &str) -> Value {
    browser.eval(axe).await;
    browser.eval(RUN).await
}

/// Every view, with a draft that waits, one that was published, and one that was rejected.
pub(super) async fn views(system: &System) -> Vec<String> {
    let mut ids = Vec::new();
    for issue in 1..=3 {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "awaiting_approval").await;
        ids.push(id);
    }
    for (id, what, end) in [(&ids[1], "approve", "completed"), (&ids[2], "reject", "rejected")] {
        let hash = system.api.task(id).await["draft"]["hash"].clone();
        let answer = system.api.post(&format!("/tasks/{id}/{what}"), &json!({"draft_hash": hash})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        system.api.until(id, end).await;
    }
    let mut paths: Vec<String> =
        ["/", "/?status=all", "/ui/overview", "/ui/deliveries", "/ui/no-such-page"].map(str::to_owned).into();
    for id in ids {
        paths.extend([format!("/ui/tasks/{id}"), format!("/ui/tasks/{id}/transcript")]);
    }
    paths
}

#[tokio::test]
async fn axe_finds_no_violation_in_any_view_on_a_desk_on_a_phone_and_in_the_dark() {
    let Some((system, mut browser)) = start_with_banner().await else { return };
    let axe = axe().await;
    let url = system.api.url().to_owned();
    browser.open(&format!("{url}/ui/login")).await;
    let mut found = vec![(String::from("/ui/login"), violations(&mut browser, &axe).await)];
    log_in(&mut browser).await;
    let paths = views(&system).await;
    for (width, scheme) in [(1_280, "light"), (1_280, "dark"), (375, "light"), (375, "dark")] {
        browser.size(width, 900, width < 700).await;
        browser.scheme(scheme).await;
        for path in &paths {
            browser.open(&format!("{url}{path}")).await;
            assert_eq!(
                browser.eval("document.querySelector('.standins')?.checkVisibility()").await == true,
                !path.contains("no-such"),
                "{path} says what is a stand-in"
            );
            found.push((format!("{path} {scheme}"), violations(&mut browser, &axe).await));
        }
        browser.open(&url).await;
        browser.until("!document.querySelector('.keys').hidden").await;
        browser.key("?").await;
        browser.until("document.querySelector('dialog.help[open]')").await;
        found.push((format!("the keys {scheme}"), violations(&mut browser, &axe).await));
    }
    browser.open(&format!("{url}{}", paths[5])).await;
    browser.click("#draft form details summary").await;
    browser.fill("#text", &format!("```\n{}```", "a line of code\n".repeat(60))).await;
    browser.until("document.querySelector('.shown:not([hidden]) .prose pre')").await;
    found.push(("an edit".to_owned(), violations(&mut browser, &axe).await));
    browser
        .eval("document.querySelector('#text').value = document.querySelector('#text').defaultValue")
        .await;
    browser.size(1_280, 1_600, false).await;
    browser.open(&format!("{url}{}", paths[5])).await;
    a_look(&mut browser).await;
    browser.key("r").await;
    browser.until("document.querySelector('.undo')").await;
    found.push(("a rejection that can be taken back".to_owned(), violations(&mut browser, &axe).await));
    browser.scheme("light").await;
    browser.open(&format!("{url}/?status=awaiting_approval")).await;
    browser.eval("document.querySelector('li.entry').classList.add('leaving')").await;
    found.push(("a row that leaves".to_owned(), violations(&mut browser, &axe).await));
    found.retain(|(_, violations)| *violations != json!([]));
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn no_view_weighs_more_than_sixty_kilobytes_and_all_paint_without_scripts() {
    let Some((system, mut browser)) = start().await else { return };
    let url = system.api.url().to_owned();
    browser.open(&url).await;
    log_in(&mut browser).await;
    for path in views(&system).await {
        browser.open(&format!("{url}{path}")).await;
        let weight = browser.eval(WEIGHT).await.as_u64().unwrap();
        assert!((1_000..=MAX_WEIGHT).contains(&weight), "{path} weighs {weight} bytes");
        assert_eq!(
            browser
                .eval("[...document.scripts].every(script => script.defer || script.type === 'module')")
                .await,
            true,
            "{path} waits for a script before it is painted"
        );
    }
}
