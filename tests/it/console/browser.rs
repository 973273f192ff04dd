//! The page in a real browser, as a person uses it.

use e2e::world::{PERSON, TOKEN, World, triage_says};

use super::chromium::{Chromium, installed};
use crate::dev::System;

/// A system whose drafts are parked, and a browser; or a loud word that there is none.
pub(super) async fn start() -> Option<(System, Chromium)> {
    start_in(undecided()).await
}

/// The same in `world`.
pub(super) async fn start_in(world: impl Future<Output = World>) -> Option<(System, Chromium)> {
    let browser = browser().await?;
    Some((System::start_in(world.await).await, browser))
}

/// The same on a system that has a stand-in, and says so on every page.
pub(super) async fn start_with_banner() -> Option<(System, Chromium)> {
    let browser = browser().await?;
    Some((System::start_with_a_stand_in(undecided().await).await, browser))
}

/// A world whose drafts are all parked.
async fn undecided() -> World {
    World::scripted(triage_says("question", 0.4, false)).await
}

async fn browser() -> Option<Chromium> {
    let Some(binary) = installed() else {
        use std::io::Write as _;
        // Past the test harness, which would keep it to itself: a skipped test must be seen.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the console was NOT tested in a browser, since there is no Chromium \
             (Debian: `apt-get install chromium`)"
        );
        return None;
    };
    let mut browser = Chromium::start(binary).await;
    // A draft is in view beside what is asked: what is not, is shown first, and not decided about.
    browser.size(1_280, 1_600, false).await;
    Some(browser)
}

/// Looks at the page for longer than the second for which a draft must have been in view, and until its script knows that:
/// a browser that has much else to do is slow to tell it.
pub(super) async fn a_look(browser: &mut Chromium) {
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    browser
        .until(
            "(() => { \
                if (typeof look !== 'function') return true; \
                look(); \
                const at = draft?.getBoundingClientRect(); \
                const isOut = !at || draft.hidden || at.top >= innerHeight || at.bottom <= 0; \
                return performance.now() - arrived >= LOOK_MS && (isOut || looked >= LOOK_MS); })()",
        )
        .await;
}

pub(super) async fn log_in(browser: &mut Chromium) {
    browser.fill("#token", TOKEN).await;
    browser.click("form button").await;
    browser.until("document.querySelector('.who')").await;
}

#[tokio::test]
async fn a_person_logs_in_watches_a_task_arrive_edits_its_draft_and_sees_it_published() {
    let Some((system, mut browser)) = start().await else { return };
    browser.open(system.api.url()).await;
    browser.until("location.pathname === '/ui/login'").await;
    log_in(&mut browser).await;
    assert_eq!(browser.eval("location.pathname").await, "/");
    assert_eq!(browser.eval("document.querySelector('.who span').innerText").await, PERSON);
    assert_eq!(browser.eval("document.cookie").await, "", "no script can read the session");
    browser.until("document.body.innerText.includes('No tasks here')").await;

    // Nobody reloads the page: the task comes by itself.
    let id = system.api.accept(7).await;
    browser.until(&format!("document.querySelector('[data-id={id}] .pill.awaiting_approval')")).await;
    browser.click(&format!("[data-id={id}] a")).await;
    browser.until("document.querySelector('#draft')").await;
    browser.until("document.body.innerText.includes('confidence 0.40 is below 0.80')").await;

    browser.click("#draft form details summary").await;
    browser.fill("#text", "Thank you.\n\nA person **wrote** this.").await;
    assert_eq!(
        browser.eval("document.querySelector('button.primary').innerText").await,
        "Publish your version"
    );
    assert_eq!(
        browser.eval("document.querySelector('#draft .shown').hidden").await,
        true,
        "no draft is left to see"
    );
    // It takes the place of the draft without a click.
    browser
        .until("document.querySelector('.shown:not([hidden]) .prose strong')?.innerText === 'wrote'")
        .await;
    // Collapsed, it still says what it publishes.
    browser.click("#draft form details summary").await;
    browser.until("document.querySelector('.diff .line.new')").await;
    assert!(system.world.comments(7).is_empty(), "looking changes nothing");
    a_look(&mut browser).await;
    browser.click("button.primary").await;
    browser.until("document.querySelector('.pill.completed')").await;
    browser.until("document.querySelector('#draft .prose strong')?.innerText === 'wrote'").await;
    let comments = system.world.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.starts_with("Thank you.\n\nA person **wrote** this."), "{}", comments[0].body);
    let link = browser.eval("document.querySelector('.callout.good a').href").await;
    assert!(link.as_str().unwrap().contains("/issues/7#issuecomment-"), "{link}");
}

#[tokio::test]
async fn a_collapsed_edit_is_shown_before_it_is_published_without_scripts_too() {
    let Some((system, mut browser)) = start().await else { return };
    let id = system.api.accept(7).await;
    system.api.until(&id, "awaiting_approval").await;
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    browser.scripts(false).await;
    browser.open(&format!("{}/ui/tasks/{id}", system.api.url())).await;
    browser.fill("#text", "A forgotten edit.").await;
    a_look(&mut browser).await;
    browser.click("button.primary").await;
    browser.until("document.querySelector('.notice.bad')").await;
    assert_eq!(browser.eval("document.querySelector('.shown .prose').innerText").await, "A forgotten edit.");
    assert_eq!(system.api.task(&id).await["status"], "awaiting_approval");
    a_look(&mut browser).await;
    browser.click("button.primary").await;
    browser
        .until("location.search.includes('done=approved') || document.querySelector('.pill.completed')")
        .await;
    let done = system.api.until(&id, "completed").await;
    assert_eq!(done["decision"]["outcome"], "edited");
}

#[tokio::test]
async fn everything_works_without_scripts_too() {
    let Some((system, mut browser)) = start().await else { return };
    let id = system.api.accept(7).await;
    system.api.until(&id, "awaiting_approval").await;
    browser.scripts(false).await;
    browser.open(&format!("{}/ui/tasks/{id}", system.api.url())).await;
    browser.until("location.pathname === '/ui/login'").await;
    log_in(&mut browser).await;
    browser.until(&format!("location.pathname === '/ui/tasks/{id}'")).await;
    browser.fill("#note", "off topic").await;
    a_look(&mut browser).await;
    browser.click("button.danger").await;
    browser.until("document.querySelector('.pill.rejected')").await;
    let task = system.api.task(&id).await;
    assert_eq!((&task["decision"]["by"], &task["decision"]["reason"]), (&PERSON.into(), &"off topic".into()));
    assert!(system.world.comments(7).is_empty());
}

#[tokio::test]
async fn pages_fit_a_phone_and_are_dark_for_who_wants_them_so() {
    let Some((system, mut browser)) = start().await else { return };
    let id = system.api.accept(7).await;
    system.api.until(&id, "awaiting_approval").await;
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    browser.size(390, 844, true).await;
    for path in [
        "/",
        "/?status=all",
        "/ui/overview",
        "/ui/deliveries",
        &format!("/ui/tasks/{id}"),
        &format!("/ui/tasks/{id}/transcript"),
    ] {
        browser.open(&format!("{}{path}", system.api.url())).await;
        let width = browser.eval("document.documentElement.scrollWidth").await;
        assert!(width.as_u64().is_some_and(|width| width <= 390), "{path} is {width} pixels wide");
    }
    let brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)";
    browser.scheme("light").await;
    let light = browser.eval(brightness).await.as_u64().unwrap();
    browser.scheme("dark").await;
    let dark = browser.eval(brightness).await.as_u64().unwrap();
    assert!(light > 600 && dark < 150, "{light}, {dark}");
}

#[tokio::test]
async fn several_drafts_are_approved_at_once_from_the_list() {
    let Some((system, mut browser)) = start().await else { return };
    let ids = [system.api.accept(1).await, system.api.accept(2).await];
    for id in &ids {
        system.api.until(id, "awaiting_approval").await;
    }
    browser.open(system.api.url()).await;
    log_in(&mut browser).await;
    browser.until("document.querySelectorAll('input[name=chosen]').length === 2").await;
    browser.until("!document.querySelector('.keys').hidden").await;
    for _ in 0..2 {
        browser.key("j").await;
        browser.key("x").await;
    }
    assert_eq!(
        browser
            .eval("document.querySelectorAll('li:has(input[name=chosen]:checked) details.seen[open]').length")
            .await,
        2,
        "what is chosen is unfolded"
    );
    let at_once = "(() => { const box = document.querySelector('input[name=chosen]'); box.click(); box.click(); \
        document.querySelector('button[value=approve]').click(); \
        return Boolean(document.querySelector('.said-softly')); })()";
    assert_eq!(browser.eval(at_once).await, true, "what was chosen a moment ago was not read");
    a_look(&mut browser).await;
    browser.key("A").await;
    for id in &ids {
        system.api.until(id, "completed").await;
    }
    browser.until("document.body.innerText.includes('Approved. They are being published.')").await;
}
