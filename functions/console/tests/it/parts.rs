//! `GET /tasks/{id}/transcript` and `/payload`.

use domain::{Exchange, PartKey, Task, TaskId};
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
    assert_eq!(transcript(&rig, &task).await, json!({ "calls": [] }));
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
    assert_eq!(answer.body, format!(r#"{{"calls":[{call}]}}"#));
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
