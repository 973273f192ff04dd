//! Calls of somebody's own API, from a webhook to the request that arrives there, as agent.toml describes it.

use afterhook::{Backend, Dev};
use e2e::world::{PERSON, World, is_triage};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};
use settings::{Settings, Variables};
use standins::gemini::{GeminiStandin, Scripted};
use standins::github::GithubStandin;

use super::{System, dev};

const AUTHORIZATION: &str = "Bearer a-key-of-the-tests-api";
const AGENT: &str = r#"
[agent]
persona = "persona.md"

[sources.github]
events = ["issues.opened"]

[automations.http.password_reset]
method = "PUT"
url = "BASE/users/{user}/reset?event={event}"
headers = { Authorization = "AUTOMATION_RESET", X-Team = "AUTOMATION_TEAM" }
body = { days = "{days}", why = "asked for by {actor} in {thread}", task = "{task_id}", notify = ["{user}"] }
APPROVAL

[automations.http.password_reset.parameters]
required = ["user"]

[automations.http.password_reset.parameters.properties]
user = { type = "string", description = "the account", maxLength = 16 }
days = { type = "integer", minimum = 1, maximum = 30 }

[[intents]]
name = "password_reset"
when = "somebody cannot log in and wants a new password"
automation = "http.password_reset"
"#;

/// No person is asked when triage is sure.
const UNSEEN: &str = "approval = \"low_confidence\"";

/// An API that answers with these, one after another, and 200 from then on.
async fn api(first: impl IntoIterator<Item = Reply>) -> Server {
    let first: Vec<Reply> = first.into_iter().collect();
    let first = std::sync::Mutex::new(first.into_iter());
    Server::start(move |_| {
        let next = first.lock().unwrap().next();
        next.unwrap_or_else(|| Reply::json(200, json!({"reset": "done"})))
    })
    .await
}

/// A system whose triage finds `parameters` for a call of `api`; `approval` is a line of agent.toml.
async fn start(api: &Server, approval: &str, parameters: Value) -> System {
    let verdict = json!({
        "intent": "password_reset",
        "confidence": 0.95,
        "spam": false,
        "parameters": {"password_reset": parameters},
    })
    .to_string();
    let triage = move |request: &standins::gemini::ReceivedRequest| {
        is_triage(&request.body).then(|| Scripted::Text(verdict.clone()))
    };
    let gemini = GeminiStandin::builder().script(triage).build();
    let world = World::of(gemini, GithubStandin::new()).await;
    let mut variables: Vec<(&str, String)> = world.variables();
    variables.push(("AUTOMATION_RESET", AUTHORIZATION.to_owned()));
    variables.push(("AUTOMATION_TEAM", "support".to_owned()));
    let variables = Variables::from_map(variables);
    let settings = settings(&api.base, approval, &variables);
    let environment = variables.environment().unwrap();
    let running = Dev { settings, environment, ..dev(&world, Backend::Memory) };
    let running = afterhook::start(running).await.unwrap();
    System { api: e2e::api::Api::at(running.url()), world, running }
}

fn settings(base: &str, approval: &str, variables: &Variables) -> Settings {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    std::fs::write(dir.path().join("persona.md"), "You help people with their accounts.").unwrap();
    std::fs::write(&path, AGENT.replace("BASE", base).replace("APPROVAL", approval)).unwrap();
    let registry = processor::registry();
    let automations: Vec<&str> = registry.names().collect();
    Settings::load_in(&path, &automations, variables).unwrap()
}

fn found() -> Value {
    json!({"user": "ada/lovelace", "days": 3})
}

#[tokio::test]
async fn a_webhook_becomes_the_call_that_agent_toml_describes() {
    let server = api([]).await;
    let system = start(&server, UNSEEN, found()).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let call = &asked[0];
    assert_eq!(call.line(), "PUT /users/ada%2Flovelace/reset");
    assert_eq!(call.param("event"), "issues.opened");
    assert_eq!(call.header("authorization"), AUTHORIZATION);
    assert_eq!(call.header("x-team"), "support");
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("idempotency-key"), format!("afterhook:{id}:http.password_reset"));
    let (actor, thread) = (task["actor"].as_str().unwrap(), task["thread"].as_str().unwrap());
    let why = format!("asked for by {actor} in {thread}");
    assert_eq!(call.json(), json!({"days": 3, "why": why, "task": id, "notify": ["ada/lovelace"]}));
    assert_eq!(task["result"]["success"], true, "{task:#}");
    assert!(task["result"]["output"].as_str().unwrap().ends_with("answered 200 {\"reset\":\"done\"}"));
    assert!(system.world.comments(7).is_empty(), "the call is all that was asked for");
}

/// The schema of agent.toml is what the model is asked for, and no header's value is anywhere in it.
#[tokio::test]
async fn the_model_is_given_the_schema_and_never_a_header() {
    let server = api([]).await;
    let system = start(&server, UNSEEN, found()).await;
    let id = system.api.accept(7).await;
    system.api.until(&id, "completed").await;
    let transcript = system.api.get(&format!("/tasks/{id}/transcript")).await.json().to_string();
    assert!(transcript.contains("maxLength") && transcript.contains("the account"), "{transcript}");
    let task = system.api.task(&id).await.to_string();
    for text in [transcript, task, format!("{:?}", system.world.gemini.requests())] {
        assert!(!text.contains("a-key-of-the-tests-api"), "{text}");
    }
}

#[tokio::test]
async fn a_call_that_must_be_approved_is_made_after_a_person_saw_what_it_sends() {
    let server = api([]).await;
    let system = start(&server, "", found()).await;
    let id = system.api.accept(7).await;
    let parked = system.api.until(&id, "awaiting_approval").await;
    let draft = parked["draft"]["text"].as_str().unwrap();
    let line = format!("PUT {}/users/ada%2Flovelace/reset?event=issues.opened", server.base);
    assert!(draft.starts_with(&line) && draft.contains("\"days\": 3"), "{draft}");
    assert!(server.asked().is_empty(), "nothing is called before somebody has decided");
    let body = json!({"draft_hash": parked["draft"]["hash"]});
    assert_eq!(system.api.post(&format!("/tasks/{id}/approve"), &body).await.status, 200);
    let done = system.api.until(&id, "completed").await;
    assert_eq!((&done["decision"]["outcome"], &done["decision"]["by"]), (&json!("approved"), &json!(PERSON)));
    assert_eq!(server.lines(), ["PUT /users/ada%2Flovelace/reset"]);
}

#[tokio::test]
async fn a_rejected_call_is_never_made() {
    let server = api([]).await;
    let system = start(&server, "", found()).await;
    let id = system.api.accept(7).await;
    let parked = system.api.until(&id, "awaiting_approval").await;
    let body = json!({"draft_hash": parked["draft"]["hash"], "reason": "not an account of ours"});
    assert_eq!(system.api.post(&format!("/tasks/{id}/reject"), &body).await.json()["status"], "rejected");
    assert!(server.asked().is_empty());
}

/// A 503 that names a time is the API's word that it did nothing.
#[tokio::test]
async fn a_503_is_waited_out_and_the_second_try_carries_the_same_key() {
    let busy = Reply::json(503, json!({"error": "restarting"})).header("retry-after", "1");
    let server = api([busy]).await;
    let system = start(&server, UNSEEN, found()).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let key = format!("afterhook:{id}:http.password_reset");
    assert!(asked.iter().all(|call| call.header("idempotency-key") == key), "{asked:?}");
    assert_eq!((asked[0].line(), asked[0].json()), (asked[1].line(), asked[1].json()));
    assert_eq!(task["result"]["success"], true, "{task:#}");
    let tasks = system.api.get("/tasks").await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1, "{tasks:#}");
    assert_eq!(system.world.gemini.counters().requests, 1, "triage was paid for once");
}

#[tokio::test]
async fn a_refusal_waits_for_a_person_with_the_words_of_the_api() {
    let server = api([Reply::json(409, json!({"error": "the account is locked"}))]).await;
    let system = start(&server, UNSEEN, found()).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "awaiting_approval").await;
    let why = task["draft"]["parked_because"].as_str().unwrap();
    assert!(why.contains("409") && why.contains("the account is locked"), "{why}");
    assert_eq!(server.asked().len(), 1);
}

/// Whatever the model insists on: the draft that a person gets instead calls nothing either.
#[tokio::test]
async fn parameters_that_fail_the_schema_never_reach_the_api() {
    for wrong in [
        json!({"user": "a-name-that-is-far-too-long"}),
        json!({"user": "ada", "days": 31}),
        json!({"user": "ada", "admin": true}),
        json!({"days": 3}),
    ] {
        let server = api([]).await;
        let system = start(&server, "", wrong.clone()).await;
        let id = system.api.accept(7).await;
        let parked = system.api.until(&id, "awaiting_approval").await;
        assert_ne!(parked["classification"]["intent"], "password_reset", "{wrong}: {parked:#}");
        let body = json!({"draft_hash": parked["draft"]["hash"]});
        assert_eq!(system.api.post(&format!("/tasks/{id}/approve"), &body).await.status, 200);
        system.api.until(&id, "completed").await;
        assert_eq!(system.world.comments(7).len(), 1, "it was answered by a person's leave");
        assert!(server.asked().is_empty(), "{wrong}: {:?}", server.asked());
    }
}
