//! `GET /tasks` and `GET /tasks/{id}`.

use console::TokenSource;
use domain::{PartKey, TaskStatus, short_sha256};
use serde_json::{Value, json};

use crate::rig::{DRAFT, Rig, TOKENS, tokens};
use crate::unsteady::{Down, unsteady};

fn ids(page: &Value) -> Vec<String> {
    let tasks = page["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["task_id"].as_str().unwrap().to_owned()).collect()
}

/// All pages of the list at `path`, each of at most `limit` tasks.
async fn pages(rig: &Rig, path: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = rig.get(&format!("{path}&limit={limit}&cursor={cursor}")).await.ok();
        let ids = ids(&page);
        assert!(ids.len() <= limit);
        all.extend(ids);
        match page["cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return all,
        }
    }
}

#[tokio::test]
async fn pages_hold_every_task_once_newest_first() {
    let rig = Rig::new();
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(rig.task("github", number).await.id.to_string());
    }
    made.reverse();
    for limit in [1, 2, 3, 7, 100] {
        assert_eq!(pages(&rig, "/tasks?", limit).await, made, "{limit}");
    }
    assert_eq!(ids(&rig.get("/tasks").await.ok()), made);
}

#[tokio::test]
async fn page_of_long_drafts_is_shorter_and_the_next_one_goes_on() {
    let rig = Rig::new();
    let mut made = Vec::new();
    for number in 0..9 {
        let mut task = rig.parked(number).await;
        let text = format!("{number}{}", "\"".repeat(400_000));
        rig.put(&task.id, &PartKey::draft(&short_sha256(&text)), text.as_bytes()).await;
        if let Some(draft) = &mut task.doc.draft {
            draft.hash = short_sha256(&text);
        }
        rig.save(&mut task).await;
        made.push(task.id.to_string());
    }
    made.reverse();
    assert_eq!(pages(&rig, "/tasks?", 100).await, made);
    let page = rig.get("/tasks?limit=100").await;
    assert!((1..9).contains(&ids(&page.ok()).len()));
    assert!(json!(page.text()).to_string().len() < (6 << 20) - (64 << 10), "Lambda passes on 6 MB");
}

#[tokio::test]
async fn page_without_a_limit_has_fifty_tasks() {
    let rig = Rig::new();
    for number in 0..51 {
        rig.task("github", number).await;
    }
    let page = rig.get("/tasks").await.ok();
    assert_eq!(ids(&page).len(), 50);
    assert!(page["cursor"].is_string());
}

#[tokio::test]
async fn lists_are_narrowed_by_status_and_source() {
    let rig = Rig::new();
    let parked = rig.parked(1).await.id.to_string();
    let received = rig.task("github", 2).await.id.to_string();
    let other = rig.task("billing", 3).await.id.to_string();
    assert_eq!(pages(&rig, "/tasks?status=awaiting_approval", 10).await, [parked.as_str()]);
    assert_eq!(pages(&rig, "/tasks?source=billing", 10).await, [other.as_str()]);
    assert_eq!(pages(&rig, "/tasks?status=received&source=github", 10).await, [received.as_str()]);
    assert_eq!(pages(&rig, "/tasks?status=failed", 10).await, Vec::<String>::new());
    assert_eq!(pages(&rig, "/tasks?status=&source=", 10).await, [other, received, parked]);
}

#[tokio::test]
async fn parameter_that_makes_no_sense_is_refused_with_a_hint() {
    let rig = Rig::new();
    for (query, hint) in [
        ("limit=0", "1 to 100"),
        ("limit=101", "1 to 100"),
        ("limit=-1", "1 to 100"),
        ("limit=ten", "1 to 100"),
        ("status=done", "awaiting_approval"),
        ("cursor=nonsense", "cursor"),
        ("statuss=failed", "unknown field `statuss`"),
        ("limit=5&limit=6", "duplicate field"),
    ] {
        let detail = rig.get(&format!("/tasks?{query}")).await.problem(400, "malformed");
        assert!(detail.contains(hint), "{query}: {detail}");
    }
}

#[tokio::test]
async fn tasks_are_shown_with_the_text_of_their_drafts() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let shown = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    assert_eq!(
        shown["draft"],
        json!({ "text": DRAFT, "hash": short_sha256(DRAFT), "from": "model", "parked_because": "low confidence" })
    );
    assert_eq!((&shown["status"], &shown["thread"]), (&json!("awaiting_approval"), &json!("octo/repo#1")));
    let mut listed = shown.clone();
    for (of_one_task_alone, none) in [
        ("asked", json!(null)),
        ("edited_from", json!(null)),
        ("shadow_draft", json!(null)),
        ("corrections", json!([])),
        ("reactions", json!(null)),
    ] {
        assert_eq!(listed.as_object_mut().unwrap().remove(of_one_task_alone), Some(none));
    }
    assert_eq!(rig.get("/tasks").await.ok()["tasks"], json!([listed]));
}

#[tokio::test]
async fn unknown_task_is_404() {
    let rig = Rig::new();
    for id in ["tsk_00000000000000000000000000", "tsk_0", "nonsense", "%ff", "%F0%9F%92%A5"] {
        rig.get(&format!("/tasks/{id}")).await.problem(404, "unknown_task");
    }
}

#[tokio::test]
async fn draft_that_cannot_be_read_does_not_hide_the_list() {
    let rig = Rig::new();
    let mut damaged = rig.task("github", 1).await;
    let hash = short_sha256("lost");
    rig.put(&damaged.id, &PartKey::draft(&hash), b"\xff\xfe").await;
    damaged.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
    let from = domain::DraftOrigin::Model;
    damaged.doc.draft = Some(domain::DraftRef { hash, from, parked_because: None });
    rig.save(&mut damaged).await;
    let sound = rig.parked(2).await;

    let page = rig.get("/tasks").await.ok();
    assert_eq!(ids(&page), [sound.id.to_string(), damaged.id.to_string()]);
    assert_eq!(page["tasks"][0]["draft"]["text"], DRAFT);
    assert_eq!(page["tasks"][1]["draft"]["text"], "");
}

#[tokio::test]
async fn stores_that_do_not_answer_are_503() {
    for down in [Down::Tasks, Down::Payloads] {
        let source = TokenSource::fixed(&tokens(&TOKENS));
        let rig = Rig::with(source, |stores| unsteady(stores, down));
        let task = rig.parked(1).await;
        let id = &task.id;
        for path in [
            "/tasks",
            &format!("/tasks/{id}"),
            &format!("/tasks/{id}/transcript"),
            &format!("/tasks/{id}/payload"),
        ] {
            let answer = rig.get(path).await;
            let detail = answer.problem(503, "unavailable");
            assert!(!detail.contains("out of order"), "{detail}");
            assert_eq!(answer.header("retry-after"), Some("5"));
        }
    }
}
