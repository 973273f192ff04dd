//! `label`, `summarise`, `ignore`, and what is checked at the start.

use std::sync::{Arc, Mutex};

use domain::*;
use github::Github;
use outbound::scripted::{Asked, Reply, Server};
use processor::{Context, Finished, Interrupt, Registry};
use serde_json::{Value, json};
use settings::Settings;
use slack::Slack;
use wiring::{Client, OutsideService, Services};

use harness::{Bench, LOGIN, Say, found, handled_by, issue, output};

const LABELS: &str = "[automations.label]\nallowed = [\"bug\", \"needs-info\"]";

/// A GitHub that keeps labels and loses its first answer to them, if it is told to.
async fn github(loses: bool) -> (Server, Services) {
    let labels = Mutex::new(Vec::<Value>::new());
    let lost = Mutex::new(loses);
    let server = Server::start(move |asked: &Asked| match asked.line().as_str() {
        "GET /user" => Reply::json(200, json!({"login": LOGIN})),
        "GET /repos/octo/repo/issues/7/labels" => Reply::json(200, json!(*labels.lock().unwrap())),
        "POST /repos/octo/repo/issues/7/labels" => {
            let mut labels = labels.lock().unwrap();
            for name in asked.json()["labels"].as_array().unwrap() {
                labels.push(json!({"id": 1, "name": name, "color": "ededed"}));
            }
            match std::mem::take(&mut *lost.lock().unwrap()) {
                true => Reply::json(502, json!({"message": "Server Error"})),
                false => Reply::json(200, json!(*labels)),
            }
        }
        other => panic!("{other}"),
    })
    .await;
    let config = github::Config { base_url: server.base.clone(), ..github::Config::default() };
    let token = github::Credentials::Token("ghp_not_a_real_token".into());
    let github = Github::new(token, &config, Clock::system()).unwrap();
    (server, Services::default().with(OutsideService::Github, Client::with_threads(Arc::new(github))))
}

fn given(server: &Server) -> Vec<Value> {
    let asked = server.asked().into_iter().filter(|asked| asked.method == outbound::Method::POST);
    asked.map(|asked| asked.json()["labels"].clone()).collect()
}

#[tokio::test]
async fn labels_of_the_list_are_given_once_though_the_answer_was_lost() {
    let (server, services) = github(true).await;
    let bench = Bench::at(&handled_by("label", LABELS), None, services);
    bench.script([found(0.9, json!({"labels": ["BUG", "security"]}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert_eq!(output(&task), "labels: bug");
    assert_eq!(given(&server), [json!(["bug"])], "the issue itself was the proof");
}

#[tokio::test]
async fn labels_that_were_given_leave_no_failed_task() {
    let (server, services) = github(true).await;
    let bench = Bench::at(&handled_by("label", LABELS), None, services);
    bench.script([found(0.9, json!({"labels": ["bug"]}))]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.use_up_tries(&id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!(given(&server), [json!(["bug"])]);
}

#[tokio::test]
async fn triage_can_choose_among_the_allowed_labels_alone() {
    let (_server, services) = github(false).await;
    let bench = Bench::at(&handled_by("label", LABELS), None, services);
    bench.script([found(0.9, json!({"labels": ["security"]}))]);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Ignored);
    let calls = bench.model.calls.lock().unwrap();
    let OutputFormat::Json { schema, .. } = &calls[0].output else { panic!("no schema") };
    let items = "/properties/parameters/properties/bug_report/properties/labels/items/enum";
    assert_eq!(schema.pointer(items), Some(&json!(["bug", "needs-info"])));
}

#[tokio::test]
async fn unsure_labels_wait_for_a_person_who_is_held_to_the_list_too() {
    let (server, services) = github(false).await;
    let bench = Bench::at(&handled_by("label", LABELS), None, services);
    bench.script([found(0.3, json!({"labels": ["bug"]}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(bench.draft(&id).await, "bug");
    let edited = DecisionInput::Approve { text: Some("Needs-Info, root".to_owned()), intent: None };
    assert_eq!(bench.decide(&id, edited).await.control.status, TaskStatus::Completed);
    assert_eq!(given(&server), [json!(["needs-info"])]);
}

#[tokio::test(start_paused = true)]
async fn a_service_without_labels_fails_the_task_before_anything_is_begun() {
    let bench = Bench::with(&handled_by("label", LABELS), None);
    bench.script([found(0.9, json!({"labels": ["bug"]}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert!(task.effect("label").is_none());
    let error = task.doc.error.unwrap();
    assert!(error.message.contains("its threads have no labels"), "{error:?}");
}

#[test]
fn automations_that_the_rows_of_services_name_exist() {
    let registry = processor::registry();
    let names: Vec<&str> = registry.names().collect();
    for name in OutsideService::ALL.iter().flat_map(|service| service.automations()) {
        assert!(names.contains(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn ignored_intents_end_without_an_answer() {
    let bench = Bench::with(&handled_by("ignore", ""), None);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Ignored);
    assert_eq!(bench.steps(), ["triage"]);
    assert!(bench.comments().is_empty());
}

/// A Slack with one channel, which loses its first answer to a message.
async fn slack() -> (Server, Services) {
    let posted = Mutex::new(Vec::<Value>::new());
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/auth.test" => Reply::json(
            200,
            json!({"ok": true, "url": "https://acme.slack.com/", "user_id": "U1", "bot_id": "B1", "team_id": "T1"}),
        ),
        "/chat.postMessage" => {
            let mut message = asked.json();
            (message["ts"], message["user"], message["bot_id"]) =
                (json!("1800000000.000100"), json!("U1"), json!("B1"));
            posted.lock().unwrap().push(message);
            Reply::json(500, json!({"ok": false}))
        }
        "/conversations.history" => {
            Reply::json(200, json!({"ok": true, "messages": *posted.lock().unwrap(), "has_more": false}))
        }
        other => panic!("{other}"),
    })
    .await;
    let config = slack::Config { base_url: server.base.clone(), ..slack::default_config() };
    let slack = Slack::new(&"xoxb-1".into(), &config, Clock::system()).unwrap();
    (server, Services::default().with(OutsideService::Slack, Client::with_threads(Arc::new(slack))))
}

#[tokio::test]
async fn summary_is_posted_once_and_proved_by_its_metadata() {
    let (server, services) = slack().await;
    let channel = "[automations.summarise]\nchannel = \"C01\"";
    let bench = Bench::at(&handled_by("summarise", channel), None, services);
    let triage = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([triage, Say::Text("It **crashes**, see https://evil.example/x")]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    let posts: Vec<_> =
        server.asked().into_iter().filter(|asked| asked.path == "/chat.postMessage").collect();
    assert_eq!(posts.len(), 1);
    let message = posts[0].json();
    assert_eq!(message["channel"], "C01");
    assert_eq!(message["text"], "Summary of `octo/repo#7`\n\nIt *crashes*, see [link removed]");
    assert_eq!(message["metadata"]["event_payload"], json!({"task_id": id, "effect": "summary"}));
    assert_eq!(bench.steps(), ["triage", "summary"]);
    assert!(bench.comments().is_empty());
}

/// A retry with a note writes no second summary, and nobody decides about one: the first one is found first.
#[tokio::test]
async fn a_summary_that_was_in_doubt_and_is_there_ends_the_retried_task_and_is_named() {
    let (_server, services) = slack().await;
    let channel = "[automations.summarise]\nchannel = \"C01\"";
    let bench = Bench::at(&handled_by("summarise", channel), None, services);
    let triage = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([triage, Say::Text("First.")]);
    let id = bench.accept(&issue(7)).await;
    let mut task = bench.until_settled(&id).await;
    let first = task.doc.result.take().unwrap().output;
    // As if the task had failed since the processor died before it wrote the end, with the proof in the ledger.
    (task.control.status, task.control.due_at) = (TaskStatus::Failed, None);
    task.doc.error = Some(TaskError::new("summary", "in_doubt", "the answer was lost"));
    assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    let decider = Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE };
    retry(&bench.stores, &id, Some("shorter".to_owned()), decider).await.unwrap();
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{task:?}");
    assert_eq!(task.doc.result.unwrap().output, first);
    let summaries = bench.steps().into_iter().filter(|step| step == "summary").count();
    assert_eq!(summaries, 1, "no second one was paid for");
}

#[tokio::test]
async fn unsure_summary_is_posted_as_a_person_left_it() {
    let (server, services) = slack().await;
    let channel = "[automations.summarise]\nchannel = \"C01\"";
    let bench = Bench::at(&handled_by("summarise", channel), None, services);
    bench.script([Say::Triage { intent: "bug_report", confidence: 0.1, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    let edited = DecisionInput::Approve { text: Some("All is well.".to_owned()), intent: None };
    assert_eq!(bench.decide(&id, edited).await.control.status, TaskStatus::Completed);
    let posts: Vec<_> =
        server.asked().into_iter().filter(|asked| asked.path == "/chat.postMessage").collect();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].json()["text"], "All is well.");
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

async fn nothing(_: Context, _: Nothing) -> Result<Finished, Interrupt> {
    Err(Interrupt::Ignore("x".to_owned()))
}

#[test]
fn registrations_and_their_settings_are_all_checked_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "p").unwrap();
    let text = handled_by("label", "[[intents]]\nname = \"b\"\nwhen = \"x\"\nautomation = \"http.gone\"\n");
    let settings = Settings::parse(&text, dir.path()).unwrap();
    let registry = processor::registry().on("twice", nothing).on("twice", nothing).on("http.reset", nothing);
    let mistakes = registry.check(&settings).unwrap_err();
    for word in
        ["`twice` is registered twice", "`http.reset` is not a name", "[automations.label]", "`http.gone`"]
    {
        assert!(mistakes.iter().any(|mistake| mistake.contains(word)), "{word}: {mistakes:?}");
    }
    assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    assert!(Registry::new().check(&settings).is_err());
}

#[tokio::test(start_paused = true)]
async fn an_internal_note_is_summed_up_for_nobody_and_nothing_is_paid_for_it() {
    for (said, now) in [(false, None), (true, Some(Audience::Internal))] {
        let (server, services) = slack().await;
        let source = "[sources.zendesk]\nsubdomain = \"acme\"\nlogin = \"1\"\ninternal = \"answer_internally\"\n\
                      automation = \"summarise\"\n[sources.github]";
        let channel = "[automations.summarise]\nchannel = \"C01\"";
        let settings = handled_by("summarise", channel).replace("[sources.github]", source);
        let bench = Bench::at(&settings, None, services);
        *bench.service.has_notes.lock().unwrap() = true;
        *bench.service.audience.lock().unwrap() = now;
        let note = json!({
            "id": "e1", "type": "zen:event-type:ticket.comment_added", "time": "2026-11-20T10:00:00Z",
            "detail": {"id": "7", "actor_id": "777", "subject": "Refund", "is_public": true},
            "event": {"comment": {"id": "99", "author": {"id": "777", "is_staff": true, "name": "Kim"},
                "body": "she is on the fraud list", "is_public": said}},
        });
        let id = bench.accept_from("zendesk", &note).await;
        let task = bench.until_settled(&id).await;
        assert_eq!(task.control.status, TaskStatus::Ignored, "{:?}", task.doc.error);
        assert!(task.doc.timeline.last().unwrap().note.contains("more people"), "{:?}", task.doc.timeline);
        assert!(!bench.steps().contains(&"summary".to_owned()) && server.asked().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_a_closed_conversation_of_slack_is_told_in_no_other_channel() {
    for (kind, place) in [("message", json!("im")), ("app_mention", Value::Null)] {
        let (server, services) = slack().await;
        let source = "[sources.slack]\nautomation = \"summarise\"\n[sources.github]";
        let channel = "[automations.summarise]\nchannel = \"C01\"";
        let settings = handled_by("summarise", channel).replace("[sources.github]", source);
        let bench = Bench::at(&settings, None, services);
        let said = json!({
            "type": "event_callback", "team_id": "T01", "event_id": "Ev1", "event_time": 1_795_000_000,
            "authorizations": [{"user_id": "U0BOT"}],
            "event": {"type": kind, "channel": "D01", "channel_type": place, "user": "U01",
                "text": "<@U0BOT> she is on the fraud list", "ts": "1795000000.000100"},
        });
        let id = bench.accept_from("slack", &said).await;
        let task = bench.until_settled(&id).await;
        assert_eq!(task.control.status, TaskStatus::Ignored, "{kind} {:?}", task.doc.error);
        assert!(task.doc.timeline.last().unwrap().note.starts_with("internal"), "{:?}", task.doc.timeline);
        let is_told = server.asked().iter().any(|asked| asked.line().contains("chat.postMessage"));
        assert!(!bench.steps().contains(&"summary".to_owned()) && !is_told);
    }
}
