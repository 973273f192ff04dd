//! `http.NAME`: calls of one's own API.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::*;
use outbound::scripted::{Asked, Reply, Server};
use outbound::{Caller, Reach};
use serde_json::json;
use settings::{Environment, Settings};
use wiring::Services;

use harness::{Bench, found, handled_by, issue, output};

/// An API that answers with these statuses, one after another, and 200 from then on.
async fn api(statuses: &[u16]) -> Server {
    let statuses = Mutex::new(statuses.iter().rev().copied().collect::<Vec<_>>());
    Server::start(move |_: &Asked| {
        let status = statuses.lock().unwrap().pop().unwrap_or(200);
        Reply::json(status, json!({"done": status == 200}))
    })
    .await
}

/// No person is asked when triage is sure.
const UNSEEN: &str = "approval = \"low_confidence\"\n";

fn bench(server: &Server, rest: &str) -> Bench {
    let section = format!(
        "[automations.http.reset]\nurl = \"{}/users/{{user}}/reset\"\n\
         body = {{ reason = \"asked for by {{actor}}\", task = \"{{task_id}}\" }}\n\
         parameters = {{ properties = {{ user = {{ type = \"string\", maxLength = 8 }} }}, required = [\"user\"] }}\n{rest}",
        server.base
    );
    let headers = [("Authorization".to_owned(), "Bearer hunter2hunter2".into())];
    let caller =
        Caller::new(&server.base, &headers, &Reach::public().with_this_machine(), Clock::system()).unwrap();
    let services = Services { calls: [("reset".to_owned(), Arc::new(caller))].into(), ..Services::default() };
    Bench::at(&handled_by("http.reset", &section), None, services)
}

#[tokio::test]
async fn call_is_made_with_checked_parameters_and_an_idempotency_key() {
    let server = api(&[]).await;
    let bench = bench(&server, UNSEEN);
    bench.script([found(0.9, json!({"user": "a/b"}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert!(output(&task).ends_with("/users/a%2Fb/reset answered 200 {\"done\":true}"), "{}", output(&task));
    let asked = &server.asked()[0];
    assert_eq!(asked.line(), "POST /users/a%2Fb/reset");
    assert_eq!(asked.json(), json!({"reason": "asked for by mona", "task": id}));
    assert_eq!(asked.header("idempotency-key"), format!("afterhook:{id}:http.reset"));
    assert_eq!(asked.header("authorization"), "Bearer hunter2hunter2");
}

#[tokio::test]
async fn schema_of_agent_toml_goes_to_triage_and_holds() {
    let server = api(&[]).await;
    let bench = bench(&server, UNSEEN);
    bench.script([found(0.9, json!({"user": "far too long"}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "nobody is left without a word");
    assert!(task.doc.draft.unwrap().parked_because.unwrap().contains("8 characters"));
    assert_eq!(bench.draft(&id).await, "To do this we need to know:\n\n- user");
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert!(server.lines().is_empty());
    let calls = bench.model.calls.lock().unwrap();
    let OutputFormat::Json { schema, check } = &calls[0].output else { panic!("no schema") };
    let user = schema.pointer("/properties/parameters/properties/bug_report/properties/user/maxLength");
    assert_eq!(user, Some(&json!(8)));
    let verdict = |user| json!({"intent": "bug_report", "confidence": 1, "spam": false, "parameters": {"bug_report": {"user": user}}});
    assert!(check(&verdict("mona")).is_ok());
    assert!(check(&verdict("far too long")).unwrap_err().contains("8 characters"));
}

#[tokio::test]
async fn a_call_that_lacks_something_fails_where_nobody_can_be_answered() {
    let server = api(&[]).await;
    let billing = "\n[sources.billing]\nautomation = \"ignore\"\nscheme = { header = \"X-Signature\" }\n";
    let bench = bench(&server, &format!("{UNSEEN}{billing}"));
    bench.script([found(0.9, json!({"user": "far too long"}))]);
    let id = bench.accept_from("billing", &json!({"type": "asked", "text": "Reset mine, please."})).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.doc.error.unwrap().kind, "bad_parameters");
    assert!(server.lines().is_empty());
}

/// The API does not know what the event names: whoever asked is told something, and the call is not made again behind the
/// person who approves that.
#[tokio::test]
async fn what_the_api_refuses_waits_as_an_answer_with_its_words_and_is_not_called_again() {
    let server = api(&[404]).await;
    let bench = bench(&server, UNSEEN);
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{:?}", task.doc.error);
    let because = task.doc.draft.unwrap().parked_because.unwrap();
    assert!(because.contains("HTTP 404") && because.contains("done"), "{because}");
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!((bench.comments().len(), server.asked().len()), (1, 1));
}

#[tokio::test]
async fn call_whose_answer_was_lost_is_made_again_when_a_person_says_so() {
    let server = api(&[500]).await;
    let bench = bench(&server, UNSEEN);
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert!(bench.draft(&id).await.contains("`http.reset` has happened is not known"));
    assert_eq!(server.asked().len(), 1);
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    let keys: Vec<_> =
        server.asked().iter().map(|asked| asked.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn every_lost_answer_is_a_question_of_its_own() {
    let server = api(&[500, 500]).await;
    let bench = bench(&server, UNSEEN);
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(server.asked().len(), 2, "the first approval covers one call");
    let rejected = bench.decide(&id, DecisionInput::Reject { reason: None }).await;
    assert_eq!(rejected.control.status, TaskStatus::Rejected);
    assert_eq!(server.asked().len(), 2);
}

/// The task store failed before the call, whether it has taken the intent or not.
#[tokio::test]
async fn nobody_is_asked_about_a_call_that_was_never_sent() {
    for is_made in [false, true] {
        let server = api(&[]).await;
        let bench = bench(&server, UNSEEN);
        bench.script([found(0.9, json!({"user": "mona"}))]);
        *bench.faults.intent_fails.lock().unwrap() = Some(is_made);
        let id = bench.accept(&issue(7)).await;
        bench.work().await;
        let task = bench.task(&id).await;
        assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 0));
        assert_eq!((task.doc.effects, server.asked().len()), (Vec::new(), 0));
        assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed, "{is_made}");
        assert_eq!(server.asked().len(), 1);
    }
}

/// Only a person knows what became of it, and nobody is asked any more. That it can be repeated proves nothing.
#[tokio::test]
async fn a_task_that_fails_says_that_its_call_may_have_been_made() {
    for rest in ["", "repeatable = true"] {
        let server = api(&[504]).await;
        let bench = bench(&server, &format!("{UNSEEN}{rest}"));
        bench.script([found(0.9, json!({"user": "mona"}))]);
        let id = bench.accept(&issue(7)).await;
        bench.work().await;
        bench.use_up_tries(&id).await;
        let task = bench.until_settled(&id).await;
        assert_eq!((task.control.status, server.asked().len()), (TaskStatus::Failed, 1));
        assert!(task.doc.draft.is_none_or(|draft| draft.parked_because.is_none()), "nobody is asked");
        let error = task.doc.error.unwrap();
        assert!(error.message.contains("whether it happened is not known"), "{rest}: {error:?}");
    }
}

/// The first call did the work, or is still doing it: an API that knows its key says so by a 409, and one that has
/// nothing left to delete by a 404.
#[tokio::test]
async fn refusal_of_a_repetition_is_no_proof_that_the_first_call_did_nothing() {
    for status in [409, 404] {
        let server = api(&[502, status]).await;
        let bench = bench(&server, &format!("{UNSEEN}repeatable = true"));
        bench.script([found(0.9, json!({"user": "mona"}))]);
        let id = bench.accept(&issue(7)).await;
        let task = bench.until_settled(&id).await;
        assert_eq!((task.control.status, server.asked().len()), (TaskStatus::AwaitingApproval, 2));
        assert!(matches!(task.effect("http.reset").unwrap().state, EffectState::Intended { .. }));
        assert!(bench.draft(&id).await.contains("`http.reset` has happened is not known"));
        let because = task.doc.draft.unwrap().parked_because.unwrap();
        assert!(because.contains(&format!("HTTP {status}")), "{because}");
        assert_eq!(Circumstance::of(&because), Some(Circumstance::InDoubt));
        assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
        assert_eq!(server.asked().len(), 3);
    }
}

/// What a person has said did not happen is not asked again: the next refusal is a refusal.
#[tokio::test]
async fn refusal_after_a_persons_word_that_nothing_happened_is_one() {
    let server = api(&[502, 409, 409]).await;
    let bench = bench(&server, &format!("{UNSEEN}repeatable = true"));
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    let task = bench.approve(&id).await;
    assert_eq!((task.control.status, server.asked().len()), (TaskStatus::AwaitingApproval, 3));
    assert!(task.effect("http.reset").is_none(), "{task:?}");
    let because = task.doc.draft.unwrap().parked_because.unwrap();
    assert!(because.contains("HTTP 409") && Circumstance::of(&because).is_none(), "{because}");
}

/// The key stands for the first text: another one under it could be answered with the first one's result.
#[tokio::test]
async fn another_call_is_not_made_before_it_is_known_what_became_of_the_first() {
    let server = api(&[504]).await;
    let bench = bench(&server, &format!("{UNSEEN}repeatable = true"));
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let mut task = bench.task(&id).await;
    task.doc.classification.as_mut().unwrap().parameters = json!({"user": "kim"});
    assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, server.asked().len()), (TaskStatus::AwaitingApproval, 1));
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(server.asked()[1].line(), "POST /users/kim/reset");
}

#[tokio::test]
async fn repeatable_call_is_made_again_with_the_same_key() {
    let server = api(&[504]).await;
    let bench = bench(&server, &format!("{UNSEEN}repeatable = true"));
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    let keys: Vec<_> =
        server.asked().iter().map(|asked| asked.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

/// How long a task takes whose first two calls are answered with `status`.
async fn time_to_call(status: u16) -> u64 {
    let server = api(&[status, status]).await;
    let bench = bench(&server, &format!("{UNSEEN}repeatable = true"));
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept(&issue(7)).await;
    let mut seconds = 0;
    loop {
        bench.work().await;
        match bench.status(&id).await {
            TaskStatus::Completed => return seconds,
            status => assert!(status == TaskStatus::Waiting && seconds < 600, "{status}"),
        }
        bench.pass(Duration::from_secs(1));
        seconds += 1;
    }
}

#[tokio::test]
async fn clear_server_error_is_cleared_up_sooner_than_a_lost_answer() {
    let (clear, lost) = (time_to_call(502).await, time_to_call(504).await);
    assert!((28..35).contains(&clear) && (118..125).contains(&lost), "{clear} {lost}");
}

#[tokio::test]
async fn call_that_must_be_approved_shows_what_will_be_sent_and_cannot_be_edited() {
    let server = api(&[]).await;
    let bench = bench(&server, "");
    bench.script([found(1.0, json!({"user": "mona"}))]);
    let mut event = issue(7);
    event["issue"]["body"] = json!("Reset Mona, please.");
    let id = bench.accept(&event).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::AwaitingApproval);
    let shown = bench.draft(&id).await;
    assert!(shown.starts_with(&format!("POST {}/users/mona/reset", server.base)), "{shown}");
    assert!(shown.contains("asked for by mona"), "{shown}");
    assert!(shown.ends_with("- `user`: `\"mona\"`: word for word from the event"), "{shown}");
    let edited = DecisionInput::Approve { text: Some(shown.replace("mona", "root")), intent: None };
    let task = bench.decide(&id, edited).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.doc.error.unwrap().kind, "edited_call");
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn refusal_fails_the_task_with_the_words_of_the_api_where_nobody_can_be_answered() {
    let server = api(&[404]).await;
    let billing = "\n[sources.billing]\nautomation = \"ignore\"\nscheme = { header = \"X-Signature\" }\n";
    let bench = bench(&server, &format!("{UNSEEN}{billing}"));
    bench.script([found(0.9, json!({"user": "mona"}))]);
    let id = bench.accept_from("billing", &json!({"type": "asked", "text": "Reset mine, please."})).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    let error = task.doc.error.unwrap();
    assert!(error.message.contains("404") && error.message.contains("done"), "{error:?}");
}

#[test]
fn missing_variables_of_headers_are_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "p").unwrap();
    let section = "[automations.http.reset]\nurl = \"https://api.example.com/\"\n\
                   headers = { Authorization = \"AUTOMATION_A\", X-Team = \"AUTOMATION_B\" }";
    let settings = Settings::parse(&handled_by("http.reset", section), dir.path()).unwrap();
    let built = |variables: &[(&str, &str)]| {
        let environment = Environment::from_map(variables.iter().copied()).unwrap();
        wiring::services(&settings, &environment, &Clock::system()).map_err(|error| error.to_string())
    };
    let told = built(&[("GITHUB_TOKEN", "t")]).err().unwrap();
    assert!(told.contains("AUTOMATION_A") && told.contains("AUTOMATION_B"), "{told}");
    let all = [("GITHUB_TOKEN", "t"), ("AUTOMATION_A", "Bearer x"), ("AUTOMATION_B", "y")];
    assert!(built(&all).unwrap().calls.contains_key("reset"));
}
