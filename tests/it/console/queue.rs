//! The queue, worked through by keys alone.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::browser::{a_look, log_in, start};
use super::chromium::Chromium;
use crate::dev::System;

const READY: &str = "document.readyState === 'complete' && document.querySelector('#draft')";

/// A system with so many parked drafts, and a browser that has the first one open.
async fn opened(drafts: u64) -> Option<(System, Chromium, Vec<String>)> {
    let (system, mut browser) = start().await?;
    let mut ids = Vec::new();
    for issue in 1..=drafts {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "awaiting_approval").await;
        ids.push(id);
    }
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    browser.until(&format!("document.querySelectorAll('.list .entry').length === {drafts}")).await;
    browser.until("!document.querySelector('.keys').hidden").await;
    browser.key("j").await;
    browser.key("Enter").await;
    shows(&mut browser, &ids[0]).await;
    Some((system, browser, ids))
}

async fn shows(browser: &mut Chromium, id: &str) {
    browser.until(&format!("location.pathname === '/ui/tasks/{id}' && {READY}")).await;
}

async fn status(system: &System, id: &str) -> Value {
    system.api.task(id).await["status"].clone()
}

/// What a second press that was meant for the page before does to each page: by key, and by the mouse.
const PRESSED_TWICE: &str = "addEventListener('DOMContentLoaded', () => setTimeout(() => { \
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true})); \
    document.querySelector('#draft button.primary')?.click(); \
    window.said = Boolean(document.querySelector('.said-softly')); }, 250))";

#[tokio::test]
async fn a_key_that_is_pressed_twice_decides_about_what_was_seen_and_not_about_the_next_one() {
    let Some((system, mut browser, ids)) = opened(3).await else { return };
    browser.on_every_page(PRESSED_TWICE).await;
    for (at, id) in ids.iter().enumerate() {
        if at == 0 {
            browser.open(&format!("{}/ui/tasks/{id}", system.api.url())).await;
        }
        shows(&mut browser, id).await;
        browser.until("window.said !== undefined").await;
        assert_eq!(browser.eval("window.said").await, true, "it is said");
        a_look(&mut browser).await;
        assert_eq!(status(&system, id).await, "awaiting_approval", "nobody has read it");
        browser.key("a").await;
        system.api.until(id, "completed").await;
    }
}

/// A decision takes a while to be answered. Meanwhile the page learns that it was made, and shows that by itself: it must not
/// take the place of the page to which the answer leads.
#[tokio::test]
async fn a_page_whose_decision_is_on_its_way_goes_nowhere_by_itself() {
    let Some((system, mut browser, ids)) = opened(1).await else { return };
    browser.eval("document.querySelector('#draft form').dataset.sent = 'yes'").await;
    let draft = system.api.task(&ids[0]).await["draft"]["hash"].clone();
    let approved =
        system.api.post(&format!("/tasks/{}/approve", ids[0]), &json!({"draft_hash": draft})).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    system.api.until(&ids[0], "completed").await;
    browser.eval("window.since = performance.now()").await;
    let asked = "performance.getEntriesByType('resource') \
        .filter((it) => it.initiatorType === 'fetch' && it.startTime > window.since).length >= 2";
    browser.until(asked).await;
    assert_eq!(browser.eval("document.querySelector('#draft form').dataset.sent").await, "yes");
}

/// A draft below the fold has not been in view: it is brought there.
#[tokio::test]
async fn a_draft_that_was_not_in_view_is_brought_there_before_it_is_decided() {
    let Some((system, mut browser, ids)) = opened(1).await else { return };
    browser.size(1_000, 160, false).await;
    browser.open(&format!("{}/ui/tasks/{}", system.api.url(), ids[0])).await;
    a_look(&mut browser).await;
    browser.key("a").await;
    browser.until("document.querySelector('.said-softly') && scrollY > 0").await;
    assert_eq!(status(&system, &ids[0]).await, "awaiting_approval");
    a_look(&mut browser).await;
    browser.key("a").await;
    system.api.until(&ids[0], "completed").await;
}

#[tokio::test]
async fn what_is_chosen_is_unfolded_without_scripts_too() {
    let Some((system, mut browser, _)) = opened(1).await else { return };
    browser.scripts(false).await;
    browser.open(system.api.url()).await;
    let is_seen = "document.querySelector('.entry .seen .prose').checkVisibility()";
    assert_eq!(browser.eval(is_seen).await, false);
    browser.click("input[name=chosen]").await;
    assert_eq!(browser.eval(is_seen).await, true);
}

#[tokio::test]
async fn the_next_draft_comes_at_once_after_a_rejection_that_can_be_taken_back() {
    let Some((system, mut browser, ids)) = opened(3).await else { return };
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[1]).await;
    browser.until("document.querySelector('.undo button')").await;
    assert_eq!(status(&system, &ids[0]).await, "awaiting_approval", "it can still be taken back");
    browser.key("u").await;
    shows(&mut browser, &ids[0]).await;
    sleep(Duration::from_secs(6)).await;
    assert_eq!(status(&system, &ids[0]).await, "awaiting_approval", "it was taken back");
    // Left alone, it is carried out.
    browser.key("r").await;
    shows(&mut browser, &ids[1]).await;
    system.api.until(&ids[0], "rejected").await;
}

/// However the page is left within the seconds of the undo, nothing of the rejection is lost.
#[tokio::test]
async fn a_rejection_is_carried_out_when_the_page_is_left() {
    let Some((system, mut browser, ids)) = opened(5).await else { return };
    // By a key.
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[1]).await;
    browser.key("j").await;
    shows(&mut browser, &ids[2]).await;
    system.api.until(&ids[0], "rejected").await;
    // By closing it, two at once.
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[3]).await;
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[4]).await;
    browser.leave().await;
    system.api.until(&ids[2], "rejected").await;
    system.api.until(&ids[3], "rejected").await;
    // By logging out, and from a page that it was not pressed on last.
    browser.open(&format!("{}/ui/tasks/{}", system.api.url(), ids[4])).await;
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[1]).await;
    browser.click("form.who button").await;
    browser.until("location.pathname === '/ui/login'").await;
    system.api.until(&ids[4], "rejected").await;
    assert_eq!(status(&system, &ids[1]).await, "awaiting_approval", "nobody decided about it");
}

/// The page that should have carried it out never came: the next one does.
#[tokio::test]
async fn a_rejection_that_could_not_be_sent_is_sent_by_the_next_page() {
    let Some((system, mut browser, ids)) = opened(2).await else { return };
    a_look(&mut browser).await;
    browser.key("r").await;
    browser.leave().await;
    browser.open(system.api.url()).await;
    system.api.until(&ids[0], "rejected").await;
}

#[tokio::test]
async fn a_typed_edit_is_not_left_without_a_question() {
    let Some((_system, mut browser, _)) = opened(2).await else { return };
    let asks = "(() => { const leaving = new Event('beforeunload', {cancelable: true}); dispatchEvent(leaving); \
        return leaving.defaultPrevented; })()";
    assert_eq!(browser.eval(asks).await, false);
    browser.fill("#text", "Half a sen").await;
    assert_eq!(browser.eval(asks).await, true);
    // Another form of the page does not take it along, and can be sent by who stays.
    let sent = "document.querySelector('#correction form').dataset.sent";
    browser.eval(&format!("{sent} = 'yes'")).await;
    assert_eq!(browser.eval(asks).await, true);
    assert_eq!(browser.eval(&format!("{sent} === undefined")).await, true);
    browser.eval("document.querySelector('#draft form').dataset.sent = 'yes'").await;
    assert_eq!(browser.eval(asks).await, false);
}

/// Whoever asks for a new draft, or rejects, may have forgotten what they have typed.
#[tokio::test]
async fn an_edit_is_shown_again_by_a_button_that_would_throw_it_away_with_and_without_scripts() {
    let Some((system, mut browser, ids)) = opened(2).await else { return };
    let is_shown = "document.querySelector('.notice.bad')?.innerText.includes('nothing is decided yet') && \
        document.querySelector('#text').value === 'A forgotten edit.' && \
        document.querySelector('.shown .prose').innerText === 'A forgotten edit.'";
    for scripts in [true, false] {
        browser.scripts(scripts).await;
        for button in ["#draft [formaction*=retry]", "#draft [formaction*=reject]"] {
            browser.open(&format!("{}/ui/tasks/{}", system.api.url(), ids[0])).await;
            browser.fill("#text", "A forgotten edit.").await;
            a_look(&mut browser).await;
            browser.click(button).await;
            browser.until(is_shown).await;
            assert_eq!(status(&system, &ids[0]).await, "awaiting_approval", "{scripts} {button}");
            browser.click("#draft .buttons a").await;
            browser.until("!document.querySelector('.notice.bad')").await;
        }
    }
    a_look(&mut browser).await;
    browser.click("#draft [formaction*=reject]").await;
    system.api.until(&ids[0], "rejected").await;
}

/// Answers of the server to what is typed come when they come.
const SLOW: &str = "(() => { const sent = window.fetch; window.asked = []; \
    window.fetch = (url, options) => String(url).endsWith('/preview') \
        ? new Promise((done, failed) => window.asked.push([() => sent(url, options).then(done, failed), failed])) \
        : sent(url, options); })()";

#[tokio::test]
async fn what_is_published_is_what_is_shown_in_whatever_order_previews_come_or_fail() {
    let Some((system, mut browser, ids)) = opened(1).await else { return };
    a_look(&mut browser).await;
    browser.eval(SLOW).await;
    browser.eval("document.querySelector('#draft details.edit').open = true").await;
    for (number, text) in [(1, "The first version."), (2, "The second version.")] {
        browser.fill("#text", text).await;
        browser.until(&format!("asked.length === {number}")).await;
    }
    let publish = "document.querySelector('.said-softly')?.remove(), \
        document.querySelector('#draft button[name=publish]').click(), \
        document.querySelector('.said-softly')?.textContent.includes('not shown yet')";
    assert_eq!(browser.eval(publish).await, true, "both are pending");
    browser.until("asked.length === 3").await;
    browser.eval("asked[2][0]()").await;
    let second = "document.querySelector('.shown:not([hidden]) .prose')?.innerText === 'The second version.'";
    browser.until(second).await;
    // The others come late, one of them not at all.
    browser.eval("asked[1][1](new Error()); Promise.resolve(asked[0][0]())").await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(browser.eval(second).await, true);
    // A preview that fails shows nothing, and nothing is published.
    browser.fill("#text", "The third version.").await;
    browser.until("asked.length === 4").await;
    browser.eval("asked[3][1](new Error())").await;
    browser.until("document.querySelector('.said-softly')?.textContent.includes('cannot be shown')").await;
    assert_eq!(browser.eval(publish).await, true);
    assert_eq!(status(&system, &ids[0]).await, "awaiting_approval");
    browser.until("asked.length === 5").await;
    browser.eval("asked[4][0]()").await;
    browser
        .until("document.querySelector('.shown:not([hidden]) .prose')?.innerText === 'The third version.'")
        .await;
    a_look(&mut browser).await;
    browser.click("#draft button[name=publish]").await;
    system.api.until(&ids[0], "completed").await;
    assert!(system.world.comments(1)[0].body.starts_with("The third version."));
}

/// A browser sends 64 KiB at the most for a page that is left.
#[tokio::test]
async fn a_rejection_of_a_long_draft_is_carried_out_too() {
    let Some((system, mut browser, ids)) = opened(2).await else { return };
    // No edit: the draft itself is long.
    let long = format!("document.querySelector('#text').value = {}", json!("A long line. ".repeat(6_000)));
    browser.eval(&long).await;
    a_look(&mut browser).await;
    browser.click("#draft button.danger").await;
    browser.until("document.querySelector('.undo')").await;
    browser.leave().await;
    system.api.until(&ids[0], "rejected").await;
}

#[tokio::test]
async fn what_is_rejected_and_can_be_taken_back_does_not_come_again() {
    let Some((system, mut browser, ids)) = opened(3).await else { return };
    // No time passes for the undo: what is held stays so.
    browser
        .on_every_page("window.setTimeout = ((set) => (run, ms) => ms > 2000 ? 0 : set(run, ms))(setTimeout)")
        .await;
    browser.open(&format!("{}/ui/tasks/{}", system.api.url(), ids[1])).await;
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[2]).await;
    a_look(&mut browser).await;
    browser.key("a").await;
    shows(&mut browser, &ids[0]).await;
    system.api.until(&ids[2], "completed").await;
}

#[tokio::test]
async fn a_filter_stays_from_the_list_through_decisions_and_back_to_it() {
    let Some((system, mut browser)) = start().await else { return };
    let mut ids = Vec::new();
    for issue in [110, 2, 111, 3, 112, 113] {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "awaiting_approval").await;
        ids.push(id);
    }
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    browser.fill("input[type=search]", "#11").await;
    browser.click(".filters button").await;
    browser.until("document.querySelectorAll('.list .entry').length === 4").await;
    browser.key("j").await;
    browser.key("Enter").await;
    shows(&mut browser, &ids[0]).await;
    browser.key("j").await;
    shows(&mut browser, &ids[2]).await;
    browser.key("k").await;
    shows(&mut browser, &ids[0]).await;
    a_look(&mut browser).await;
    browser.key("a").await;
    shows(&mut browser, &ids[2]).await;
    system.api.until(&ids[0], "completed").await;
    // A rejection that is taken back leads to its task in the list, and one that is carried out on along it.
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[4]).await;
    browser.until("document.querySelector('.undo button')").await;
    browser.key("u").await;
    shows(&mut browser, &ids[2]).await;
    a_look(&mut browser).await;
    browser.key("r").await;
    shows(&mut browser, &ids[4]).await;
    system.api.until(&ids[2], "rejected").await;
    // By forms and links alone, too.
    browser.scripts(false).await;
    browser.click("a[rel=next]").await;
    shows(&mut browser, &ids[5]).await;
    browser.click("a[rel=prev]").await;
    shows(&mut browser, &ids[4]).await;
    a_look(&mut browser).await;
    browser.click("#draft button.primary").await;
    shows(&mut browser, &ids[5]).await;
    browser.click(".back a").await;
    browser
        .until("location.pathname === '/' && document.querySelectorAll('.list .entry').length === 1")
        .await;
    for other in [&ids[1], &ids[3]] {
        assert_eq!(status(&system, other).await, "awaiting_approval");
    }
}

/// It stood at the address of the form, which is no page.
#[tokio::test]
async fn a_page_that_says_why_a_decision_was_refused_goes_on_to_the_task_when_that_changes() {
    let Some((system, mut browser, ids)) = opened(1).await else { return };
    a_look(&mut browser).await;
    browser.eval("document.querySelector('#draft [name=draft_hash]').value = '0123'").await;
    browser.click("#draft button[name=publish]").await;
    browser.until("location.pathname.endsWith('/approve') && document.querySelector('.notice.bad')").await;
    let draft = system.api.task(&ids[0]).await["draft"]["hash"].clone();
    let approved =
        system.api.post(&format!("/tasks/{}/approve", ids[0]), &json!({"draft_hash": draft})).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    shows(&mut browser, &ids[0]).await;
    browser.until("document.querySelector('.pill.completed')").await;
}
