//! Text of strangers and of models, on our pages.

use domain::{PartKey, TaskError, TaskStatus, short_sha256};
use serde_json::json;

use crate::rig::Rig;

const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

/// No tag of the text is one of the page.
#[track_caller]
pub(crate) fn assert_harmless(page: &str) {
    let lower = page.to_lowercase();
    assert!(lower.contains("alert(1)"), "the text is shown: {page}");
    for tag in ["<script>alert", "<img", "onerror=alert(2)>", "<iframe", "<svg onload", "href=\"javascript:"]
    {
        let found = lower.find(tag).map(|at| &page[at.saturating_sub(80)..(at + 80).min(page.len())]);
        // Escaped, the text of an attribute may still be read; a tag may not.
        assert!(found.is_none_or(|_| tag.starts_with("onerror")), "{tag} in {found:?}");
    }
    let scripts = lower.matches("<script").count();
    assert!(scripts <= 1, "only our own script");
}

#[tokio::test]
async fn names_threads_notes_and_errors_are_text() {
    let rig = Rig::new();
    let mut task = rig.task("github", 1).await;
    let now = rig.watch.now();
    let doc = &mut task.doc;
    (doc.thread, doc.actor, doc.event) = (EVIL.to_owned(), EVIL.to_owned(), EVIL.to_owned());
    doc.error = Some(TaskError::new(EVIL, EVIL, EVIL));
    task.transition(TaskStatus::Processing, now, EVIL).unwrap();
    task.transition(TaskStatus::Failed, now, EVIL).unwrap();
    rig.save(&mut task).await;
    assert_harmless(&rig.page("/").await.text());
    assert_harmless(&rig.page(&format!("/ui/tasks/{}", task.id)).await.text());
    assert_harmless(&rig.page(&format!("/ui/live/tasks/{}", task.id)).await.text());
}

#[tokio::test]
async fn a_draft_is_rendered_without_what_it_would_like_to_run() {
    let rig = Rig::new();
    let mut task = rig.parked(1).await;
    let draft = format!(
        "{EVIL}\n\n<iframe src=x></iframe>\n\n[a](javascript:alert(1))\n\n![b](https://evil.example/p.png)\n\n\
         </textarea><script>alert(1)</script>\n\n<svg onload=alert(1)>"
    );
    let hash = short_sha256(&draft);
    rig.put(&task.id, &PartKey::draft(&hash), draft.as_bytes()).await;
    task.doc.draft.as_mut().unwrap().hash = hash;
    rig.save(&mut task).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    assert_harmless(&page);
    assert_eq!(page.matches("</textarea>").count(), 1, "nobody leaves the text area early");
}

#[tokio::test]
async fn transcripts_and_raw_bodies_are_text() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    let call = json!({
        "step": EVIL, "model": EVIL, "at": EVIL,
        "request": {"contents": [{"role": "user", "parts": [{"text": EVIL}]}]},
        "response": {"candidates": [{"content": {"parts": [{"text": EVIL}]}}]},
    });
    rig.put(&task.id, &PartKey::call(1, 0), call.to_string().as_bytes()).await;
    rig.put(&task.id, &PartKey::payload(), format!("{{\"title\": {}}}", json!(EVIL)).as_bytes()).await;
    assert_harmless(&rig.page(&format!("/ui/tasks/{}/transcript", task.id)).await.text());
    assert_harmless(&rig.page(&format!("/ui/tasks/{}/payload", task.id)).await.text());
}

#[tokio::test]
async fn what_is_searched_for_is_text() {
    let rig = Rig::new();
    let page = rig.page("/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&source=%22%3E%3Cscript%3E").await.text();
    assert_harmless(&page);
}

/// `invoice-\u{202E}fdp.exe` reads as `invoice-exe.pdf`.
#[tokio::test]
async fn nothing_that_strangers_wrote_turns_the_direction_of_a_page() {
    const TURNED: &str = "invoice-\u{202E}fdp\u{2066}.exe";
    let rig = Rig::new();
    let mut task = rig.parked(1).await;
    let doc = &mut task.doc;
    for field in [&mut doc.thread, &mut doc.actor, &mut doc.event] {
        TURNED.clone_into(field);
    }
    doc.title = Some(TURNED.to_owned());
    doc.metadata.insert("issue".to_owned(), json!(TURNED));
    rig.save(&mut task).await;
    rig.put(&task.id, &PartKey::payload(), json!({ "title": TURNED }).to_string().as_bytes()).await;
    let task = task.id;
    for path in [
        "/".to_owned(),
        "/?status=all".to_owned(),
        "/ui/live/tasks".to_owned(),
        format!("/ui/tasks/{task}"),
        format!("/ui/live/tasks/{task}"),
        format!("/ui/live/tasks/{task}/rest"),
        format!("/ui/tasks/{task}/payload"),
    ] {
        let page = rig.page(&path).await.text();
        assert!(page.contains("invoice-fdp.exe") || path.ends_with("/rest"), "{path}: {page}");
        assert!(!page.contains(['\u{202E}', '\u{2066}']), "{path}: {page}");
    }
}
