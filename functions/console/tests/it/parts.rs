//! `GET /tasks/{id}/transcript`, `/payload` and `/documents`.

use domain::{Document, Exchange, PartKey, Task, TaskId, keep_documents};
use serde_json::{Value, json};

use crate::rig::Rig;

fn exchange(step: &str) -> Exchange {
    Exchange {
        step: step.to_owned(),
        model: "gemini-flash-latest".to_owned(),
        request: json!({ "contents": [{ "parts": [{ "text": step }] }] }),
        response: json!({ "candidates": [] }),
        at: "2026-11-20T11:00:00Z".parse().unwrap(),
    }
}

async fn transcript(rig: &Rig, task: &Task) -> Value {
    rig.get(&format!("/tasks/{}/transcript", task.id)).await.ok()
}

#[tokio::test]
async fn transcript_has_the_calls_in_their_order() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    assert_eq!(transcript(&rig, &task).await, json!({ "calls": [], "cursor": null }));
    let part = |steps: &[&str]| {
        let exchanges: Vec<Exchange> = steps.iter().map(|step| exchange(step)).collect();
        serde_json::to_vec(&exchanges).unwrap()
    };
    rig.put(&task.id, &PartKey::call(2, 0), &part(&["answer", "repair"])).await;
    rig.put(&task.id, &PartKey::call(10, 0), &serde_json::to_vec(&exchange("again")).unwrap()).await;
    rig.put(&task.id, &PartKey::call(1, 0), &serde_json::to_vec(&exchange("triage")).unwrap()).await;
    rig.put(&task.id, &PartKey::step(0, "triage"), b"{}").await;

    let transcript = transcript(&rig, &task).await;
    let expected = ["triage", "answer", "repair", "again"].map(|step| json!(exchange(step)));
    assert_eq!(transcript["calls"], json!(expected));
}

#[tokio::test]
async fn transcript_passes_bodies_on_to_the_letter() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    let body = r#"{"z":1.0,"a":1e400,"n":12345678901234567890123}"#;
    let call = format!(
        r#"{{"step":"triage","model":"m","request":{body},"response":null,"at":"2026-11-20T11:00:00Z"}}"#
    );
    rig.put(&task.id, &PartKey::call(1, 0), call.as_bytes()).await;
    let answer = rig.get(&format!("/tasks/{}/transcript", task.id)).await;
    assert_eq!(answer.body, format!(r#"{{"calls":[{call}],"cursor":null}}"#));
}

#[tokio::test]
async fn documents_are_those_of_the_version_that_asked_the_model() {
    let rig = Rig::new();
    let mut task = rig.task("github", 1).await;
    let path = format!("/tasks/{}/documents", task.id);
    let nothing = json!({ "documents": null });
    assert_eq!(rig.get(&path).await.ok(), nothing, "no model was asked");
    task.doc.version = Some("ver_1".to_owned());
    let _ = rig.stores.tasks.save(&mut task).await.unwrap();
    assert_eq!(rig.get(&path).await.ok(), nothing, "they are in the transcript");
    let of = |text: &str| vec![Document { name: "faq.md".to_owned(), text: text.to_owned() }];
    for (version, text) in [("ver_2", "new"), ("ver_1", "old"), ("ver_1", "other")] {
        keep_documents(&*rig.stores.payloads, version, &of(text), rig.watch.now()).await.unwrap();
    }
    let old = json!({ "documents": [{ "name": "faq.md", "text": "old" }] });
    assert_eq!(rig.get(&path).await.ok(), old);
    let huge = of(&"x".repeat((1 << 20) + 1));
    keep_documents(&*rig.stores.payloads, "ver_3", &huge, rig.watch.now()).await.unwrap();
    task.doc.version = Some("ver_3".to_owned());
    let _ = rig.stores.tasks.save(&mut task).await.unwrap();
    assert_eq!(rig.get(&path).await.ok(), nothing, "no answer has room for them");
    let nobody = TaskId::derive("github", b"nobody");
    rig.get(&format!("/tasks/{nobody}/documents")).await.problem(404, "unknown_task");
}

/// What Lambda passes on at the most.
const LAMBDA_BYTES: usize = 6 << 20;

/// All pages of the transcript; none is larger than Lambda passes on, as a JSON string.
async fn pages(rig: &Rig, task: &Task) -> Vec<Value> {
    let mut pages: Vec<Value> = Vec::new();
    while pages.last().is_none_or(|page| !page["cursor"].is_null()) {
        let cursor = pages.last().map(|page| format!("?cursor={}", page["cursor"].as_str().unwrap()));
        let path = format!("/tasks/{}/transcript{}", task.id, cursor.unwrap_or_default());
        let answer = rig.get(&path).await;
        let bytes = json!(answer.text()).to_string().len();
        assert!(bytes < LAMBDA_BYTES - (64 << 10), "{bytes} bytes");
        pages.push(answer.ok());
    }
    pages
}

#[tokio::test]
async fn transcript_that_is_too_large_for_one_answer_comes_in_pages() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    let large = |step: &str| Exchange { response: json!("\"".repeat(900_000)), ..exchange(step) };
    let calls: Vec<Exchange> = ["one", "two", "three", "four"].map(large).into();
    rig.put(&task.id, &PartKey::call(1, 0), &serde_json::to_vec(&calls[..3]).unwrap()).await;
    rig.put(&task.id, &PartKey::call(1, 1), &serde_json::to_vec(&calls[3]).unwrap()).await;
    let pages = pages(&rig, &task).await;
    let told: Vec<&Value> = pages.iter().flat_map(|page| page["calls"].as_array().unwrap()).collect();
    assert!(pages.len() > 1);
    assert_eq!(json!(told), json!(calls));
}

#[tokio::test]
async fn call_that_no_answer_has_room_for_comes_in_pieces_to_the_letter() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    let huge = Exchange { request: json!("\"\\é\u{1}".repeat(600_000)), ..exchange("huge") };
    let stored = serde_json::to_string(&huge).unwrap();
    rig.put(&task.id, &PartKey::call(1, 0), &serde_json::to_vec(&exchange("before")).unwrap()).await;
    rig.put(&task.id, &PartKey::call(1, 1), stored.as_bytes()).await;
    rig.put(&task.id, &PartKey::call(1, 2), stored.as_bytes()).await;
    rig.put(&task.id, &PartKey::call(2, 0), &serde_json::to_vec(&exchange("after")).unwrap()).await;
    let pages = pages(&rig, &task).await;
    let calls: Vec<&Value> = pages.iter().flat_map(|page| page["calls"].as_array().unwrap()).collect();
    let pieces = calls.iter().filter_map(|call| call["piece"]["text"].as_str()).collect::<String>();
    assert_eq!(pieces, stored.repeat(2));
    assert_eq!((&calls[0]["step"], &calls[calls.len() - 1]["step"]), (&json!("before"), &json!("after")));
    for call in calls.iter().filter(|call| !call["piece"].is_null()) {
        assert_eq!((&call["step"], &call["request"]), (&json!("huge"), &Value::Null));
        assert_eq!(call["piece"]["of"], stored.len());
    }
}

#[tokio::test]
async fn cursor_of_a_transcript_that_was_never_returned_is_refused() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    rig.put(&task.id, &PartKey::call(1, 0), &serde_json::to_vec(&exchange("one")).unwrap()).await;
    for cursor in
        ["x", "1.2.3", "call:00000001:0000.7.0", "call:00000001:0000.0.99999", "payload.0.0", "-1.-1.-1"]
    {
        let path = format!("/tasks/{}/transcript?cursor={cursor}", task.id);
        rig.get(&path).await.problem(400, "malformed");
    }
    rig.get(&format!("/tasks/{}/transcript?page=2", task.id)).await.problem(400, "malformed");
}

#[tokio::test]
async fn damaged_transcript_is_500_and_says_nothing_of_its_content() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    rig.put(&task.id, &PartKey::call(1, 0), b"private words").await;
    let detail = rig.get(&format!("/tasks/{}/transcript", task.id)).await.problem(500, "broken");
    assert!(!detail.contains("private"), "{detail}");
}

#[tokio::test]
async fn payload_is_the_raw_body_as_a_harmless_download() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    let body = b"{\"html\":\"<script>alert(1)</script>\", \"odd\":  1.0}\n";
    rig.put(&task.id, &PartKey::payload(), body).await;
    let answer = rig.get(&format!("/tasks/{}/payload", task.id)).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &body[..]));
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("content-disposition", &format!("attachment; filename=\"{}\"", task.id)),
        ("cache-control", "no-store"),
        ("content-encoding", "identity"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
}

#[tokio::test]
async fn task_without_a_raw_body_has_no_payload() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    rig.get(&format!("/tasks/{}/payload", task.id)).await.problem(404, "unknown_part");
}

#[tokio::test]
async fn parts_of_an_unknown_task_are_404() {
    let rig = Rig::new();
    let id = TaskId::derive("github", b"never stored");
    rig.put(&id, &PartKey::payload(), b"orphan").await;
    for part in ["transcript", "payload"] {
        rig.get(&format!("/tasks/{id}/{part}")).await.problem(404, "unknown_task");
    }
}
