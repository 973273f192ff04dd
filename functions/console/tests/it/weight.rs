//! What a page weighs on the line, with all that it loads.

use axum::body::Body;
use domain::{ListQuery, PartKey, short_sha256};
use http::Request;
use serde_json::{Value, json};

use crate::rig::{Answer, HOST, Rig};

/// With style, script and icon, as a browser gets them that has none of them yet.
const MAX_WEIGHT: usize = 60_000;

/// Whatever a page names, as a browser asks for it.
async fn fetched(rig: &Rig, path: &str) -> Answer {
    let request =
        Request::get(path).header("host", HOST).header("accept-encoding", "gzip, deflate, br, zstd");
    rig.send(request.body(Body::empty()).unwrap()).await
}

async fn loaded(rig: &Rig) -> usize {
    let mut bytes = 0;
    for path in ["/ui/app.css", "/ui/app.js", "/ui/icon.svg"] {
        let file = fetched(rig, path).await;
        assert_eq!(file.status, 200, "{path}");
        bytes += file.body.len();
    }
    bytes
}

async fn assert_light(rig: &Rig, path: &str) {
    let page = rig.page(path).await;
    assert_eq!(page.status, 200, "{path}");
    let weight = page.body.len() + loaded(rig).await;
    assert!(weight <= MAX_WEIGHT, "{path} weighs {weight} bytes, {} of them the page", page.body.len());
}

/// An event with a long title and a long text.
fn event(number: u32) -> Value {
    json!({
        "action": "opened",
        "issue": {
            "number": number,
            "title": format!("{number}: {}", "a title that says a lot ".repeat(8)),
            "body": "It does not work & I do not know <why>, though I have read the manual. ".repeat(40),
            "html_url": format!("https://github.com/octo/repo/issues/{number}"),
            "user": { "login": "mona", "type": "User" },
        },
        "repository": { "full_name": "octo/repo" },
        "sender": { "login": "mona", "type": "User" },
    })
}

/// A draft of `bytes`, with markup as answers have it.
fn draft(number: u32, bytes: usize) -> String {
    let paragraph = format!(
        "**{number}**: set `retries = 3` & see [the manual](https://github.com/octo/repo) for <more>.\n\n- one\n- two\n\n"
    );
    paragraph.repeat(bytes / paragraph.len())
}

/// A rig with as many parked drafts as two pages have, each as long as a page shows one.
async fn full() -> Rig {
    let rig = Rig::with_sources(&["github"]);
    for number in 0..60 {
        let mut task = rig.parked_event(number, &event(number)).await;
        let text = draft(number, 2_000);
        let hash = short_sha256(&text);
        rig.put(&task.id, &PartKey::draft(&hash), text.as_bytes()).await;
        task.doc.draft.as_mut().unwrap().hash = hash;
        rig.save(&mut task).await;
    }
    rig
}

#[tokio::test]
async fn a_full_queue_and_a_full_list_weigh_sixty_kilobytes_at_the_most() {
    let rig = full().await;
    let found = "/?status=all&source=github&age=7d&q=I%20have%20read%20the%20manual";
    for path in
        ["/", "/?status=awaiting_approval&page=2", "/?status=all", found, "/ui/overview", "/ui/deliveries"]
    {
        assert_light(&rig, path).await;
    }
    // What has no room is listed all the same, and is decided on its own page.
    let page = rig.page("/").await.text();
    let (unfolds, full) =
        (page.matches("<details class=\"seen\">").count(), page.matches("This page is full").count());
    assert!(unfolds >= 3 && unfolds + full == 20, "{unfolds} unfold, {full} do not");
    assert_eq!(
        page.matches("name=\"chosen\"").count(),
        unfolds,
        "nobody decides here about what is not shown"
    );
}

#[tokio::test]
async fn the_page_of_a_task_weighs_sixty_kilobytes_at_the_most() {
    let rig = full().await;
    let query = ListQuery { limit: 1, ..ListQuery::default() };
    let page = rig.stores.tasks.list(&query).await.unwrap();
    assert_light(&rig, &format!("/ui/tasks/{}", page.tasks[0].id)).await;
}

#[tokio::test]
async fn a_browser_without_zstd_gets_style_and_script_as_they_are() {
    let rig = Rig::new();
    for path in ["/ui/app.css", "/ui/app.js"] {
        let (plain, packed) = (rig.get(path).await, fetched(&rig, path).await);
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_eq!(packed.header("content-encoding"), Some("zstd"), "{path}");
        assert_eq!(
            [&plain, &packed].map(|answer| answer.header("vary")),
            [Some("accept-encoding"); 2],
            "{path}"
        );
        assert!(packed.body.len() * 3 < plain.body.len(), "{path}: {} bytes", packed.body.len());
    }
    let page = rig.page("/").await;
    assert_eq!(page.header("content-encoding"), None, "what a page has in common with a secret stays untold");
}
