//! What is decided was seen: not a moment ago, and not in another version.

use std::time::Duration;

use domain::{DraftRef, Outcome, PartKey, Task, TaskStatus, short_sha256};

use crate::rig::{DRAFT, Rig};

const LISA: &str = "the-token-of-lisa-that-nobody-guesses";
const NEWER: &str = "It is fixed in 1.3, to be exact.";

/// The value of a hidden field of the form on `page`.
fn hidden(page: &str, name: &str) -> String {
    let field =
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
    field.split('"').next().unwrap().to_owned()
}

/// Another draft takes the place of the one that was shown.
async fn redrafted(rig: &Rig, task: &Task) -> Task {
    let mut task = rig.stored(&task.id).await;
    let hash = short_sha256(NEWER);
    rig.put(&task.id, &PartKey::draft(&hash), NEWER.as_bytes()).await;
    task.doc.draft = Some(DraftRef { hash, ..task.doc.draft.unwrap() });
    rig.save(&mut task).await;
    task
}

#[tokio::test]
async fn what_is_pressed_within_a_second_of_a_page_decides_nothing_and_says_so() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let hash = short_sha256(DRAFT);
    for (number, (what, end)) in
        [("approve", "Waiting"), ("reject", "Rejected"), ("retry", "Waiting")].into_iter().enumerate()
    {
        let task = rig.parked(u32::try_from(number).unwrap()).await;
        let path = format!("/ui/tasks/{}", task.id);
        let page = rig.page_as(&path, &cookie).await.text();
        let shown = hidden(&page, "shown");
        let fields =
            [("draft_hash", hash.as_str()), ("text", DRAFT), ("shown", &shown), ("note", "as it is")];
        rig.watch.advance(Duration::from_millis(250));
        let answer = rig.submit(&format!("{path}/{what}"), &fields, &cookie).await;
        assert_eq!(answer.status, 409);
        let page = answer.text();
        assert!(page.contains("Nothing was decided") && page.contains("as it is"), "{page}");
        assert_eq!(rig.stored(&task.id).await, task, "{what}");
        rig.watch.advance(Duration::from_secs(1));
        let answer = rig.submit(&format!("{path}/{what}"), &fields, &cookie).await;
        assert_eq!(answer.status, 303, "{:?}", answer.body);
        assert_eq!(format!("{:?}", rig.stored(&task.id).await.control.status), end);
    }
}

#[tokio::test]
async fn several_are_not_decided_within_a_second_of_their_page_either() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    for (number, what) in ["approve", "reject"].into_iter().enumerate() {
        let task = rig.parked(u32::try_from(number).unwrap()).await;
        let page = rig.page_as("/?status=awaiting_approval", &cookie).await.text();
        assert!(page.contains("name=\"shown\" form=\"batch\"") && page.contains("id=\"batch\""), "{page}");
        let shown = page.split("form=\"batch\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let chosen = format!("{}:{}", task.id, short_sha256(DRAFT));
        let fields = [("what", what), ("chosen", chosen.as_str()), ("shown", shown)];
        rig.watch.advance(Duration::from_millis(250));
        let answer = rig.submit("/ui/decide", &fields, &cookie).await;
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains("Nothing was decided"));
        assert_eq!(rig.stored(&task.id).await, task, "{what}");
        rig.watch.advance(Duration::from_secs(1));
        assert_eq!(rig.submit("/ui/decide", &fields, &cookie).await.status, 303);
        assert_ne!(rig.stored(&task.id).await.control.status, TaskStatus::AwaitingApproval);
    }
}

#[tokio::test]
async fn the_text_of_an_old_draft_that_nobody_edited_is_nobodys_version() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let old = short_sha256(DRAFT);
    for (number, what) in [(1, "approve"), (2, "preview")] {
        let task = rig.parked(number).await;
        let task = redrafted(&rig, &task).await;
        let path = format!("/ui/tasks/{}", task.id);
        // As a browser sends it: line ends are CR LF.
        let fields = [("draft_hash", old.as_str()), ("text", DRAFT), ("publish", "draft")];
        let page = rig.submit(&format!("{path}/{what}"), &fields, &cookie).await.text();
        assert!(!page.contains("Your version") && !page.contains("Publish your version"), "{what}: {page}");
        assert!(page.contains(&format!("<p>{NEWER}</p>")), "the new draft is shown: {page}");
        assert_eq!(hidden(&page, "draft_hash"), short_sha256(NEWER));
        // Decided anew, it is an approval and no edit.
        let fields = [("draft_hash", hidden(&page, "draft_hash")), ("text", NEWER.to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        rig.submit(&format!("{path}/approve"), &fields, &cookie).await;
        assert_eq!(rig.stored(&task.id).await.doc.decision.unwrap().outcome, Outcome::Approved);
    }
    // What was typed stays theirs.
    let task = rig.parked(9).await;
    let task = redrafted(&rig, &task).await;
    let fields = [("draft_hash", old.as_str()), ("text", "Typed by Lisa."), ("publish", "edit")];
    let page = rig.submit(&format!("/ui/tasks/{}/approve", task.id), &fields, &cookie).await.text();
    assert!(page.contains("Your version") && page.contains("<p>Typed by Lisa.</p>"), "{page}");
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn a_decision_that_is_sent_twice_is_made_once_and_no_error() {
    let rig = Rig::new();
    let (cookie, hash) = (rig.log_in(LISA).await, short_sha256(DRAFT));
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    for (number, what) in ["approve", "reject"].into_iter().enumerate() {
        let task = rig.parked(u32::try_from(number).unwrap()).await;
        let path = format!("/ui/tasks/{}/{what}", task.id);
        for _ in 0..2 {
            assert_eq!(rig.submit(&path, &fields, &cookie).await.status, 303);
        }
        let chosen = format!("{}:{hash}", task.id);
        let both = [("what", what), ("chosen", chosen.as_str())];
        assert_eq!(rig.submit("/ui/decide", &both, &cookie).await.status, 303);
        let other = if what == "approve" { "reject" } else { "approve" };
        let answer = rig.submit(&format!("/ui/tasks/{}/{other}", task.id), &fields, &cookie).await;
        assert_eq!(answer.status, 409, "the first one wins");
        let somebody = rig.log_in(crate::rig::TOKENS[0].1).await;
        assert_eq!(rig.submit(&path, &fields, &somebody).await.status, 409, "somebody else's is not theirs");
        if what == "reject" {
            assert_eq!(rig.stored(&task.id).await.control.status, TaskStatus::Rejected);
        }
    }
}

/// A note, an edit and an intent are part of what is decided: told as done is what was done wholly.
#[tokio::test]
async fn an_edit_that_comes_after_ones_own_approval_is_refused_and_kept_on_the_page() {
    let rig = Rig::new();
    let (cookie, hash) = (rig.log_in(LISA).await, short_sha256(DRAFT));
    let task = rig.parked(1).await;
    let path = format!("/ui/tasks/{}/approve", task.id);
    let edit = [("draft_hash", hash.as_str()), ("text", "Typed by Lisa."), ("publish", "edit")];
    let original = [("draft_hash", hash.as_str()), ("text", DRAFT), ("publish", "draft")];
    assert_eq!(rig.submit(&path, &original, &cookie).await.status, 303);
    let answer = rig.submit(&path, &edit, &cookie).await;
    assert_eq!(answer.status, 409);
    let page = answer.text();
    assert!(page.contains("Your version is not published") && page.contains("Typed by Lisa."), "{page}");
    assert_eq!(rig.stored(&task.id).await.doc.decision.unwrap().outcome, Outcome::Approved);
    // The other way round, an approval of the original is not the edit that was published; the edit itself is.
    let task = rig.parked(2).await;
    let path = format!("/ui/tasks/{}/approve", task.id);
    for _ in 0..2 {
        assert_eq!(rig.submit(&path, &edit, &cookie).await.status, 303);
    }
    assert_eq!(rig.submit(&path, &original, &cookie).await.status, 409);
    let chosen = format!("{}:{hash}", task.id);
    let batch = [("what", "approve"), ("chosen", chosen.as_str())];
    assert_eq!(rig.submit("/ui/decide", &batch, &cookie).await.status, 409);
}

#[tokio::test]
async fn what_was_typed_is_on_the_page_however_the_task_was_decided_meanwhile() {
    let rig = Rig::new();
    let (cookie, hash) = (rig.log_in(LISA).await, short_sha256(DRAFT));
    let somebody = rig.log_in(crate::rig::TOKENS[0].1).await;
    let theirs = [("draft_hash", hash.as_str()), ("text", DRAFT), ("publish", "draft")];
    let ours = [
        ("draft_hash", hash.as_str()),
        ("text", "Typed by Lisa."),
        ("publish", "edit"),
        ("note", "Lisa's reason"),
    ];
    let mut number = 0;
    for first in ["approve", "reject", "retry"] {
        for second in ["approve", "reject", "retry", "preview"] {
            number += 1;
            let task = rig.parked(number).await;
            let path = |what: &str| format!("/ui/tasks/{}/{what}", task.id);
            assert_eq!(rig.submit(&path(first), &theirs, &somebody).await.status, 303);
            let answer = rig.submit(&path(second), &ours, &cookie).await;
            if answer.status == 303 {
                assert_eq!((first, second), ("reject", "retry"), "nothing else goes on from there");
                continue;
            }
            let page = answer.text();
            assert!(page.contains("Typed by Lisa."), "{first}, {second}: {page}");
            assert!(page.contains("Lisa's reason"), "{first}, {second}: {page}");
        }
    }
}

#[tokio::test]
async fn a_rejection_with_another_reason_is_another_one_and_an_intent_is_kept_from_the_second_form() {
    let rig = Rig::new();
    let (cookie, hash) = (rig.log_in(LISA).await, short_sha256(DRAFT));
    let task = rig.parked(1).await;
    let path = format!("/ui/tasks/{}/reject", task.id);
    let form = |note: &'static str| {
        [("draft_hash", hash.clone()), ("text", DRAFT.to_owned()), ("note", note.to_owned())]
    };
    for (note, status) in [("too long", 303), ("too long", 303), ("wrong", 409), ("", 409)] {
        let fields = form(note);
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(rig.submit(&path, &fields, &cookie).await.status, status, "{note}");
    }
    let (rig, _) = Rig::with_intents();
    let cookie = rig.log_in(LISA).await;
    let task = rig.sorted(2).await;
    let path = format!("/ui/tasks/{}/approve", task.id);
    for intent in ["", "question", "question"] {
        let fields = [("draft_hash", hash.as_str()), ("text", DRAFT), ("intent", intent)];
        assert_eq!(rig.submit(&path, &fields, &cookie).await.status, 303, "{intent}");
    }
    let said = domain::labels(&*rig.stores.payloads, &task.id).await.unwrap().corrections;
    assert_eq!(said.iter().map(|it| it.said.as_str()).collect::<Vec<_>>(), ["question"]);
}
