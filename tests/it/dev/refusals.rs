//! What is refused, and in which words.

use afterhook::Backend;
use e2e::api::Api;
use e2e::hooks;
use e2e::world::{TOKEN, World};
use serde_json::json;

use super::System;

#[tokio::test]
async fn a_wrong_or_missing_signature_is_401_and_stores_nothing() {
    let system = System::start().await;
    let body = hooks::bytes(&hooks::issue(7));
    let forged = hooks::signed_with("another secret", "issues", &body);
    system.api.raw_hook("github", forged, body.clone()).await.assert_problem(401, "signature");
    let mut unsigned = hooks::signed("issues", &body);
    unsigned.remove("x-hub-signature-256");
    system.api.raw_hook("github", unsigned, body.clone()).await.assert_problem(401, "signature");
    let mut altered = body.clone();
    altered.push(b' ');
    system
        .api
        .raw_hook("github", hooks::signed("issues", &body), altered)
        .await
        .assert_problem(401, "signature");
    assert_eq!(system.api.get("/tasks").await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn every_secret_that_is_live_verifies() {
    let world = World::new().await;
    let mut environment = world.environment();
    environment.set_secret("github", "the next secret");
    let mut dev = super::dev(&world, Backend::Memory);
    dev.environment = environment;
    let secrets = &mut dev.environment.webhook_secrets.get_mut("github").unwrap().0;
    secrets.push(hooks::SECRET.into());
    let running = afterhook::start(dev).await.unwrap();
    let (api, body) = (Api::at(running.url()), hooks::bytes(&hooks::issue(7)));
    for secret in ["the next secret", hooks::SECRET] {
        let answer = api.raw_hook("github", hooks::signed_with(secret, "issues", &body), body.clone()).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
}

#[tokio::test]
async fn a_source_without_a_secret_is_503_and_takes_nothing() {
    let world = World::new().await;
    let mut dev = super::dev(&world, Backend::Memory);
    dev.environment.webhook_secrets.clear();
    let running = afterhook::start(dev).await.unwrap();
    let api = Api::at(running.url());
    let body = hooks::bytes(&hooks::issue(7));
    let empty = api.raw_hook("github", hooks::signed_with("", "issues", &body), body.clone()).await;
    let mut headers = hooks::signed("issues", &body);
    headers.remove("x-hub-signature-256");
    let unsigned = api.raw_hook("github", headers, body).await;
    for answer in [empty, unsigned] {
        answer.assert_problem(503, "no_secret");
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(api.get("/tasks").await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn a_source_that_agent_toml_does_not_have_is_404() {
    let system = System::start().await;
    let body = hooks::bytes(&hooks::issue(7));
    let answer = system.api.raw_hook("gitlab", hooks::signed("issues", &body), body).await;
    answer.assert_problem(404, "unknown_source");
}

#[tokio::test]
async fn a_body_above_4_mb_is_413_and_one_just_below_is_taken() {
    let system = System::start().await;
    let mut event = hooks::issue(7);
    let rest = (4 << 20) - hooks::bytes(&event).len() - 40;
    event["padding"] = json!("x".repeat(rest));
    let answer = system.api.hook("issues", &event).await;
    assert_eq!((answer.status, answer.word()), (202, "accepted".to_owned()));
    event["padding"] = json!("x".repeat(4 << 20));
    system.api.hook("issues", &event).await.assert_problem(413, "too_large");
    system.api.until(&answer.task_id(), "completed").await;
}

#[tokio::test]
async fn signed_bytes_that_are_not_json_are_400() {
    let system = System::start().await;
    let body = b"{\"action\": \"opened\"".to_vec();
    system.api.raw_hook("github", hooks::signed("issues", &body), body).await.assert_problem(400, "not_json");
}

#[tokio::test]
async fn another_media_type_is_415() {
    let system = System::start().await;
    let body = hooks::bytes(&hooks::issue(7));
    let mut headers = hooks::signed("issues", &body);
    headers.insert("content-type", "text/plain".parse().unwrap());
    system.api.raw_hook("github", headers, body).await.assert_problem(415, "media_type");
}

#[tokio::test]
async fn signed_json_that_is_no_event_is_kept_as_a_failed_task() {
    let system = System::start().await;
    let answer = system.api.hook("issues", &json!({"action": "opened", "issue": "not an object"})).await;
    assert_eq!((answer.status, answer.word()), (202, "accepted".to_owned()), "{answer:?}");
    let task = system.api.until(&answer.task_id(), "failed").await;
    assert!(task["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{task:#}");
}

#[tokio::test]
async fn the_console_asks_for_a_known_token() {
    let system = System::start().await;
    let id = system.api.accept(7).await;
    for path in ["/tasks".to_owned(), format!("/tasks/{id}"), format!("/tasks/{id}/payload")] {
        for token in [None, Some("wrong")] {
            system.api.get_as(&path, token).await.assert_problem(401, "unauthorized");
        }
    }
    assert_eq!(system.api.get_as("/health", None).await.json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn a_task_that_there_is_not_is_404() {
    let system = System::start().await;
    let id = format!("tsk_{}", "0".repeat(26));
    for path in [format!("/tasks/{id}"), format!("/tasks/{id}/transcript"), "/tasks/nonsense".to_owned()] {
        system.api.get(&path).await.assert_problem(404, "unknown_task");
    }
    let decision = json!({"draft_hash": "x"});
    system.api.post(&format!("/tasks/{id}/approve"), &decision).await.assert_problem(404, "unknown_task");
}

#[tokio::test]
async fn tasks_are_listed_by_status_and_in_pages() {
    let system = System::start().await;
    for issue in 1..=3 {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "completed").await;
    }
    let first = system.api.get("/tasks?status=completed&limit=2").await.json();
    let cursor = first["cursor"].as_str().unwrap();
    let rest = system.api.get(&format!("/tasks?status=completed&limit=2&cursor={cursor}")).await.json();
    let threads = |page: &serde_json::Value| -> Vec<String> {
        page["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["thread"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(threads(&first), ["octo/tidepool#3", "octo/tidepool#2"]);
    assert_eq!((threads(&rest), &rest["cursor"]), (vec!["octo/tidepool#1".to_owned()], &json!(null)));
    assert_eq!(system.api.get("/tasks?status=failed").await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn dev_answers_its_console_by_its_own_names_alone() {
    let system = System::start().await;
    let port = system.api.url().rsplit_once(':').unwrap().1;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str, host: &str| {
        let request = client.get(format!("{}{path}", system.api.url())).header("host", host);
        request.bearer_auth(TOKEN).send().await.unwrap().status().as_u16()
    };
    let rebound = format!("evil.example:{port}");
    for path in ["/", "/tasks", "/ui/login", "/openapi.json", "/ui/app.js", "/tasks/tsk_0/payload"] {
        assert_eq!(ask(path, &rebound).await, 421, "{path}");
    }
    assert_eq!(ask("/tasks", &format!("localhost:{port}")).await, 200);
    assert_eq!(ask("/tasks", "[::1]:3000").await, 200);
    // Senders reach it by a tunnel, under the tunnel's name; what they send is signed.
    let webhook = client.post(format!("{}/webhooks/github", system.api.url())).header("host", &rebound);
    assert_eq!(webhook.body("{}").send().await.unwrap().status().as_u16(), 401);
}
