//! What people say in Slack and on the page of a task, as `eval export` makes cases of it, and `eval` a table.

use e2e::world::TOKEN;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::{APPROVE, APPROVER, Asked, thumbs};
use crate::binary::{afterhook, run};

/// Submits the form of the task's page that says what would have been right.
async fn submit(asked: &Asked, id: &str, intent: &str) {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let post = |path: &str, fields: &[(&str, &str)]| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = client.post(format!("{}{path}", asked.api.url())).header("origin", asked.api.url());
        request.header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    let heard = post("/ui/login", &[("token", TOKEN)]).send().await.unwrap();
    let cookie = heard.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = client.get(format!("{}/ui/tasks/{id}", asked.api.url())).header("cookie", &cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    let (_, csrf) = page.split_once("name=\"csrf\" value=\"").unwrap();
    let (csrf, _) = csrf.split_once('"').unwrap();
    let said = post(&format!("/ui/tasks/{id}/correct"), &[("csrf", csrf), ("intent", intent)]);
    let said = said.header("cookie", &cookie).send().await.unwrap();
    assert_eq!(said.headers()["location"], format!("/ui/tasks/{id}?done=corrected"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_slack_and_on_the_page_is_exported_and_calibrates() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    asked.click(&message, APPROVE, APPROVER).await;
    asked.api.until(&asked.id, "completed").await;
    let message = asked.says("Approved by").await;
    asked.press("T0STANDIN", &message, &thumbs(&message)[0], APPROVER).await;
    let corrected = asked.api.accept(8).await;
    asked.api.until(&corrected, "awaiting_approval").await;
    submit(&asked, &corrected, "bug_report").await;

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.jsonl");
    let mut export = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    export.args(["eval", "export", "--url", asked.api.url(), "--out"]).arg(&file);
    let said = run(&mut export).await;
    assert!(said.assert_success().stderr.contains("; read the cases before you share them"), "{said:?}");
    asked.running.stop().await;
    let cases = std::fs::read_to_string(&file).unwrap();
    let mut cases: Vec<Value> = cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    cases.sort_by_key(|case| case["name"].to_string());
    let [approved, right] = &cases[..] else { panic!("{cases:#?}") };
    assert!(approved["name"].as_str().unwrap().starts_with("approved-"), "{approved:#}");
    assert_eq!(approved["intent"], "question");
    assert!(approved["rubric"].as_str().unwrap().contains("people called a good answer"), "{approved:#}");
    assert!(right["name"].as_str().unwrap().starts_with("corrected-"), "{right:#}");
    assert_eq!((&right["intent"], &right["rubric"]), (&json!("bug_report"), &Value::Null));
    let was = json!({"intent": "question", "confidence": 0.4});
    assert_eq!((&approved["was"], &right["was"]), (&was, &was));

    let mut eval = afterhook([]);
    eval.args(["eval", "--json", "--data-dir"]).arg(dir.path()).arg(&file);
    let report = run(&mut eval).await.json();
    let bins = report["live_calibration"].as_array().unwrap();
    let of: Vec<&Value> = bins.iter().filter(|bin| bin["count"] != 0).collect();
    let [bin] = &of[..] else { panic!("{bins:#?}") };
    assert_eq!((&bin["count"], &bin["accuracy"]), (&json!(2), &json!(0.5)), "one of two was right at 0.4");
}
