//! What the pages show, and what their forms do.

use axum::body::Body;
use domain::{Outcome, TaskStatus, UNWRITTEN, short_sha256};
use http::{Request, StatusCode};
use serde_json::json;

use crate::rig::{DRAFT, HOST, Rig};

#[tokio::test]
async fn the_list_has_each_task_with_its_status_and_reason() {
    let rig = Rig::new();
    let (first, parked) = (rig.task("github", 1).await, rig.parked(2).await);
    let page = rig.page("/?status=all").await.text();
    for part in [first.id.as_str(), parked.id.as_str(), "octo/repo#2", "Needs approval", "low confidence"] {
        assert!(page.contains(part), "{part}");
    }
    let page = rig.page("/?status=awaiting_approval").await.text();
    assert!(page.contains(parked.id.as_str()) && !page.contains(first.id.as_str()));
    assert!(page.contains("Needs approval <span class=\"count\">1</span>"), "{page}");
}

#[tokio::test]
async fn the_list_is_filtered_by_source_and_text() {
    let rig = Rig::new();
    let (github, slack) = (rig.task("github", 1).await, rig.task("slack", 2).await);
    let page = rig.page("/?source=slack").await.text();
    assert!(page.contains(slack.id.as_str()) && !page.contains(github.id.as_str()));
    let page = rig.page("/?q=REPO%231").await.text();
    assert!(page.contains(github.id.as_str()) && !page.contains(slack.id.as_str()));
    let answer = rig.page(&format!("/?q={}", github.id)).await;
    assert_eq!(answer.header("location"), Some(format!("/ui/tasks/{}", github.id).as_str()));
    for query in ["status=nonsense", "age=1y", "cost=free", "page=last", "status=awaiting_approval&age=1y"] {
        for path in ["/", "/ui/live/tasks"] {
            let page = rig.page(&format!("{path}?{query}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}?{query}");
        }
    }
    assert_eq!(rig.page("/?cursor=nonsense").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn older_tasks_are_a_click_away() {
    let rig = Rig::new();
    for number in 0..60 {
        rig.task("github", number).await;
    }
    let page = rig.page("/").await.text();
    assert_eq!(page.matches("<li data-id=").count(), 50);
    let next = page.split("<a class=\"button\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let page = rig.page(&next.replace("&amp;", "&")).await.text();
    assert_eq!(page.matches("<li data-id=").count(), 10);
}

#[tokio::test]
async fn a_parked_draft_is_shown_with_what_can_be_done() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    for part in [DRAFT, "low confidence", "Approve and publish", "Ask for a new draft", "Reject", "expires"] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(rig.page("/ui/tasks/nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_draft_is_approved_as_it_is_although_forms_change_line_ends() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    let path = format!("/ui/tasks/{}/approve", task.id);
    let answer = rig.submit(&path, &fields, &cookie).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{:?}", answer.body);
    let decision = rig.stored(&task.id).await.doc.decision.unwrap();
    assert_eq!((decision.outcome, decision.by.as_str()), (Outcome::Approved, "lisa"));
    assert_eq!(rig.drain().await, std::slice::from_ref(&task.id));
    let other = rig.log_in(crate::rig::TOKENS[0].1).await;
    let again = rig.submit(&path, &fields, &other).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("The task has moved on"));
}

#[tokio::test]
async fn an_edited_draft_is_compared_and_then_published_with_unix_line_ends() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", "Thank you, this is mended in 1.2.\r\nBye.")];
    let preview = rig.submit(&format!("/ui/tasks/{}/preview", task.id), &fields, &cookie).await.text();
    assert!(preview.contains("<mark>fixed</mark>") && preview.contains("<mark>mended</mark>"), "{preview}");
    assert_eq!(rig.stored(&task.id).await.control.status, TaskStatus::AwaitingApproval);
    assert!(
        preview.contains("Publish your version") && !preview.contains("Approve and publish"),
        "{preview}"
    );
    let [hash, text] = fields;
    let fields = [hash, text, ("publish", "edit")];
    rig.submit(&format!("/ui/tasks/{}/approve", task.id), &fields, &cookie).await;
    let stored = rig.stored(&task.id).await;
    let text = short_sha256("Thank you, this is mended in 1.2.\nBye.");
    assert_eq!(stored.doc.decision.unwrap().publish_hash, Some(text));
    let page = rig.page_as(&format!("/ui/tasks/{}", task.id), &cookie).await.text();
    assert!(page.contains("What was edited") && page.contains("<mark>fixed</mark>"));
}

/// The draft of `task` is one that a person has to write.
async fn unwrite(rig: &Rig, task: &mut domain::Task) -> String {
    let hash = short_sha256(UNWRITTEN);
    rig.put(&task.id, &domain::PartKey::draft(&hash), UNWRITTEN.as_bytes()).await;
    let draft = task.doc.draft.as_mut().unwrap();
    (draft.hash, draft.from) = (hash.clone(), domain::DraftOrigin::Fallback);
    rig.save(task).await;
    hash
}

#[tokio::test]
async fn what_nobody_has_written_is_published_by_no_button_and_no_call_until_a_person_writes_it() {
    let rig = Rig::new();
    let (mut task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let hash = unwrite(&rig, &mut task).await;
    let (hash, path) = (hash.as_str(), format!("/ui/tasks/{}/approve", task.id));
    let page = rig.page_as(&format!("/ui/tasks/{}", task.id), &cookie).await.text();
    for part in [UNWRITTEN, "not written yet", "Write the text", "Publish your version", "Reject"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Approve and publish"), "{page}");
    let area = page.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
    assert_eq!(area.split_once('>').unwrap().1.trim(), "", "whoever writes it begins with nothing");
    for (text, button) in [("", "draft"), ("", "edit"), (UNWRITTEN, "draft")] {
        let fields = [("draft_hash", hash), ("text", text), ("publish", button)];
        let answer = rig.submit(&path, &fields, &cookie).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text().contains("a person has to write it"), "{:?}", answer.body);
    }
    let body = json!({ "draft_hash": hash });
    let detail = rig.post(&format!("/tasks/{}/approve", task.id), &body).await.problem(400, "malformed");
    assert!(detail.contains("with a text of your own"), "{detail}");
    let chosen = format!("{}:{hash}", task.id);
    let batch = rig.submit("/ui/decide", &[("what", "approve"), ("chosen", &chosen)], &cookie).await;
    assert!(batch.text().contains("0 decided, 1 not"), "{:?}", batch.body);
    assert_eq!(rig.stored(&task.id).await, task);
    let fields = [("draft_hash", hash), ("text", "By hand."), ("publish", "edit")];
    assert_eq!(rig.submit(&path, &fields, &cookie).await.status, StatusCode::SEE_OTHER);
    let decision = rig.stored(&task.id).await.doc.decision.unwrap();
    assert_eq!((decision.outcome, decision.publish_hash), (Outcome::Edited, Some(short_sha256("By hand."))));
}

#[tokio::test]
async fn an_edit_behind_a_button_that_says_nothing_of_it_is_shown_and_not_published() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let (hash, path) = (short_sha256(DRAFT), format!("/ui/tasks/{}/approve", task.id));
    let page = rig.page_as(&format!("/ui/tasks/{}", task.id), &cookie).await.text();
    assert!(page.contains("name=\"publish\" value=\"draft\"") && page.contains("Approve and publish"));
    for button in [&[("publish", "draft")][..], &[], &[("publish", "")]] {
        let fields = [("draft_hash", hash.as_str()), ("text", "A **forgotten** edit."), ("note", "mine")];
        let fields: Vec<_> = fields.into_iter().chain(button.iter().copied()).collect();
        let answer = rig.submit(&path, &fields, &cookie).await;
        assert_eq!(answer.status, StatusCode::OK);
        let page = answer.text();
        assert!(
            page.contains("nothing is published yet") && page.contains("<strong>forgotten</strong>"),
            "{page}"
        );
        assert!(page.contains("value=\"edit\"") && page.contains("Publish your version"), "{page}");
        assert!(page.contains("Discard my changes") && page.contains("value=\"mine\""), "{page}");
        assert!(!page.contains("Approve and publish"), "{page}");
    }
    assert_eq!(rig.stored(&task.id).await, task);
    // The button for an edit publishes a text that is none as what it is.
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT), ("publish", "edit")];
    assert_eq!(rig.submit(&path, &fields, &cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(rig.stored(&task.id).await.doc.decision.unwrap().outcome, Outcome::Approved);
}

#[tokio::test]
async fn an_edit_is_not_thrown_away_by_a_button_that_does_not_publish_it() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let hash = short_sha256(DRAFT);
    for what in ["retry", "reject"] {
        let path = format!("/ui/tasks/{}/{what}", task.id);
        let fields = [("draft_hash", hash.as_str()), ("text", "A **long** edit."), ("note", "mine")];
        let answer = rig.submit(&path, &fields, &cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}");
        let page = answer.text();
        for part in ["nothing is decided yet", "<strong>long</strong>", "A **long** edit.", "value=\"mine\""]
        {
            assert!(page.contains(part), "{what}: {part}: {page}");
        }
        assert_eq!(rig.stored(&task.id).await, task, "{what}");
    }
    // Who has discarded it, or sends no text, asks for a new one.
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT), ("note", "shorter")];
    let answer = rig.submit(&format!("/ui/tasks/{}/retry", task.id), &fields, &cookie).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(rig.stored(&task.id).await.doc.retry_note.as_deref(), Some("shorter"));
}

#[tokio::test]
async fn a_draft_is_rejected_with_the_note() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("note", "off topic")];
    rig.submit(&format!("/ui/tasks/{}/reject", task.id), &fields, &cookie).await;
    let decision = rig.stored(&task.id).await.doc.decision.unwrap();
    assert_eq!((decision.outcome, decision.reason.as_deref()), (Outcome::Rejected, Some("off topic")));
}

#[tokio::test]
async fn a_stale_form_decides_nothing_and_loses_nothing() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let fields = [("draft_hash", "0123"), ("text", "what was typed"), ("note", "mine")];
    let answer = rig.submit(&format!("/ui/tasks/{}/approve", task.id), &fields, &cookie).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let page = answer.text();
    assert!(page.contains("what was typed") && page.contains("value=\"mine\""), "{page}");
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn a_new_draft_is_asked_for_with_a_note() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    rig.submit(&format!("/ui/tasks/{}/retry", task.id), &[("note", "be brief")], &cookie).await;
    let stored = rig.stored(&task.id).await;
    assert_eq!(stored.doc.retry_note.as_deref(), Some("be brief"));
    assert_eq!(stored.control.status, TaskStatus::Waiting);
}

#[tokio::test]
async fn a_task_that_got_lost_is_said_to_be_and_can_be_sent_around_again() {
    let rig = Rig::new();
    let (mut task, cookie) =
        (rig.task("github", 1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    let (page, retry) = (format!("/ui/tasks/{}", task.id), format!("/ui/tasks/{}/retry", task.id));
    assert!(!rig.page_as(&page, &cookie).await.text().contains(&retry), "it is under way");
    task.control.due_at = None;
    rig.save(&mut task).await;
    let shown = rig.page_as(&page, &cookie).await.text();
    assert!(shown.contains("This task got lost") && shown.contains(&retry), "{shown}");
    rig.submit(&retry, &[], &cookie).await;
    assert_eq!(rig.stored(&task.id).await.control.due_at, Some(rig.watch.now()));
    assert!(rig.page_as(&page, &cookie).await.text().contains("set going again by lisa"));
}

#[tokio::test]
async fn a_part_that_has_not_changed_is_not_sent_again() {
    let rig = Rig::new();
    let (task, cookie) = (rig.parked(1).await, rig.log_in("the-token-of-lisa-that-nobody-guesses").await);
    for path in
        [format!("/ui/live/tasks/{}", task.id), "/ui/live/tasks".to_owned(), "/ui/live/overview".to_owned()]
    {
        let first = rig.page_as(&path, &cookie).await;
        let etag = first.header("etag").unwrap();
        assert!(!first.text().contains("<html"), "a part, not a page");
        let request = Request::get(&path).header("host", HOST).header("cookie", &cookie);
        let again = rig.send(request.header("if-none-match", etag).body(Body::empty()).unwrap()).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
}

#[tokio::test]
async fn every_page_forbids_what_it_does_not_need() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let id = task.id.as_str();
    for path in [
        "/",
        "/ui/overview",
        "/ui/deliveries",
        "/nowhere",
        "/ui/login",
        "/ui/app.css",
        "/ui/app.js",
        "/ui/icon.svg",
        "/ui/tasks/no",
        &format!("/ui/tasks/{id}"),
        &format!("/ui/tasks/{id}/transcript"),
        &format!("/ui/live/tasks/{id}"),
    ] {
        let answer = rig.page(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        let cached = answer.header("cache-control").unwrap();
        let asset = path.contains("/ui/app.") || path.contains("icon");
        assert_eq!(cached, if asset { "public, max-age=31536000, immutable" } else { "no-store" }, "{path}");
        if answer.header("content-type").is_some_and(|it| it.starts_with("text/html")) {
            let page = answer.text();
            for inline in [" style=", " onclick=", " onsubmit=", "<style", "javascript:"] {
                assert!(!page.contains(inline), "{path}: {inline} would be refused by the policy");
            }
        }
    }
}

#[tokio::test]
async fn transcript_that_is_too_large_for_one_page_goes_on_on_the_next() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    for number in 0..12_u32 {
        let call = domain::Exchange {
            step: format!("step-{number}."),
            model: "gemini-flash-latest".to_owned(),
            request: json!({ "contents": [] }),
            response: json!("\"".repeat(400_000)),
            at: "2026-11-20T11:00:00Z".parse().unwrap(),
        };
        rig.put(&task.id, &domain::PartKey::call(1, number), &serde_json::to_vec(&call).unwrap()).await;
    }
    let first = format!("/ui/tasks/{}/transcript", task.id);
    let (mut path, mut seen, mut pages) = (Some(first.clone()), Vec::new(), 0);
    while let Some(next) = path {
        let page = rig.page(&next).await.text();
        assert!(json!(page).to_string().len() < (6 << 20) - (64 << 10), "Lambda passes on 6 MB");
        seen.extend((0..12).filter(|number| page.contains(&format!("step-{number}."))));
        let link = page.split(&format!("{first}?from=")).nth(1).and_then(|rest| rest.split('"').next());
        path = link.map(|cursor| format!("{first}?from={cursor}"));
        pages += 1;
    }
    assert!(pages > 1);
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
}
