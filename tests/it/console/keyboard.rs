//! The flows of people who approve, by the keyboard alone: nothing is clicked, and nothing is put into a field.

use super::browser::{a_look, start};
use super::chromium::Chromium;
use crate::dev::System;
use e2e::world::TOKEN;
use serde_json::Value;

/// More elements than a page has that take the focus.
const STEPS: usize = 150;
const LIST: &str = "location.pathname === '/' && document.readyState === 'complete'";

impl Chromium {
    async fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.key(&c.to_string()).await;
        }
    }

    async fn is(&mut self, expression: &str) -> bool {
        self.eval(&format!("Boolean({expression})")).await == true
    }

    /// Presses Tab until an element that `selector` describes has the focus.
    async fn tab_to(&mut self, selector: &str) {
        let has_it = format!("document.activeElement?.matches({})", Value::from(selector));
        for _ in 0..STEPS {
            self.key("Tab").await;
            if self.is(&has_it).await {
                return;
            }
        }
        panic!("no way to {selector} by Tab");
    }
}

async fn shows(browser: &mut Chromium, id: &str) {
    let page = format!("location.pathname === '/ui/tasks/{id}' && document.readyState === 'complete'");
    browser.until(&format!("{page} && document.querySelector('#draft')")).await;
}

async fn lists(browser: &mut Chromium, rows: usize) {
    browser.until(&format!("{LIST} && document.querySelectorAll('.list a.row').length === {rows}")).await;
    browser.until("!document.querySelector('.keys')?.hidden").await;
}

async fn status(system: &System, id: &str) -> Value {
    system.api.task(id).await["status"].clone()
}

#[tokio::test]
async fn a_day_of_decisions_needs_no_mouse() {
    let Some((system, mut browser)) = start().await else { return };
    let mut ids = Vec::new();
    for issue in 1..=3 {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "awaiting_approval").await;
        ids.push(id);
    }
    browser.open(system.api.url()).await;
    browser.until("location.pathname === '/ui/login' && document.activeElement?.id === 'token'").await;
    browser.types(TOKEN).await;
    browser.key("Enter").await;
    lists(&mut browser, 3).await;
    finds(&mut browser).await;
    edits_and_publishes(&system, &mut browser, &ids).await;
    rejects_and_takes_back(&system, &mut browser, &ids).await;
    rejects_several(&system, &mut browser, &ids).await;
    compares_and_copies(&mut browser, &ids[0]).await;
}

/// Help, search and filters of the queue.
async fn finds(browser: &mut Chromium) {
    browser.key("?").await;
    browser.until("document.querySelector('dialog.help[open]')").await;
    browser.key("Escape").await;
    browser.until("!document.querySelector('dialog.help')").await;
    browser.key("/").await;
    assert!(browser.is("document.activeElement.type === 'search'").await);
    browser.types("#2").await;
    browser.key("Enter").await;
    lists(browser, 1).await;
    browser.tab_to("input[type=search]").await;
    browser.key("Backspace").await;
    browser.key("Enter").await;
    lists(browser, 3).await;
    browser.tab_to(".filters select[name=source]").await;
    browser.types("g").await;
    browser.tab_to(".filters button[type=submit]").await;
    browser.key("Enter").await;
    browser.until(&format!("{LIST} && location.search.includes('source=github')")).await;
    lists(browser, 3).await;
}

async fn edits_and_publishes(system: &System, browser: &mut Chromium, ids: &[String]) {
    browser.key("j").await;
    browser.key("Enter").await;
    shows(browser, &ids[0]).await;
    browser.key("e").await;
    assert!(browser.is("document.activeElement.id === 'text'").await);
    browser.types("By keys alone. ").await;
    browser
        .until("document.querySelector('.shown:not([hidden]) .prose')?.innerText.includes('By keys alone.')")
        .await;
    browser.key("Escape").await;
    a_look(browser).await;
    browser.key("a").await;
    shows(browser, &ids[1]).await;
    system.api.until(&ids[0], "completed").await;
    assert!(system.world.comments(1)[0].body.contains("By keys alone."));
}

async fn rejects_and_takes_back(system: &System, browser: &mut Chromium, ids: &[String]) {
    a_look(browser).await;
    browser.key("r").await;
    shows(browser, &ids[2]).await;
    browser.until("document.querySelector('.undo button')").await;
    browser.key("u").await;
    shows(browser, &ids[1]).await;
    assert!(!browser.is("document.querySelector('.undo')").await);
    browser.tab_to(".back a").await;
    browser.key("Enter").await;
    lists(browser, 2).await;
    assert_eq!(status(system, &ids[1]).await, "awaiting_approval", "it was taken back");
}

async fn rejects_several(system: &System, browser: &mut Chromium, ids: &[String]) {
    for _ in 0..2 {
        browser.key("j").await;
        browser.key("x").await;
    }
    a_look(browser).await;
    browser.key("R").await;
    browser.until("document.querySelector('.undo button')").await;
    browser.key("u").await;
    browser.until("!document.querySelector('.undo')").await;
    assert!(browser.is("!document.querySelector('.entry.leaving, .leaving')").await);
    for _ in 0..2 {
        browser.key("k").await;
    }
    browser.key("x").await;
    browser.key("j").await;
    browser.key("x").await;
    a_look(browser).await;
    browser.key("R").await;
    for id in &ids[1..] {
        system.api.until(id, "rejected").await;
    }
}

/// What was edited, beside what was published; and the id of the task, for a colleague.
async fn compares_and_copies(browser: &mut Chromium, id: &str) {
    browser.tab_to("a[href*='status=completed']").await;
    browser.key("Enter").await;
    browser.until("location.search.includes('status=completed')").await;
    lists(browser, 1).await;
    browser.key("j").await;
    browser.key("Enter").await;
    shows(browser, id).await;
    browser.tab_to("#draft details summary").await;
    browser.key("Enter").await;
    browser.until("document.querySelector('#draft details[open] .diff .line.new')?.checkVisibility()").await;
    browser.tab_to("button.copy").await;
    browser.key("Enter").await;
    browser.until("document.activeElement.textContent === 'Copied'").await;
}
