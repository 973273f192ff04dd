//! Approvals in Slack, over real HTTP: a draft is parked, a message asks, somebody clicks, and the message
//! says how it ended.

use std::path::Path;
use std::time::{Duration, Instant};

use afterhook::{Backend, Dev, Running};
use domain::{Clock, NoticeState, Save, Task, TaskId, Timestamp};
use e2e::api::{Answer, Api};
use e2e::world::{PERSON, World, listen, triage_says};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use settings::Settings;
use standins::slack::{Fault, FaultRule, Note, Scope, SlackStandin};
use tokio::task::JoinSet;
use webhook::{Provider, Secrets};

mod corrections;
mod deciders;

const CHANNEL: &str = "C0APPROVALS";
const APPROVER: &str = "U2CERLKJA";
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const TIMEOUT: Duration = Duration::from_secs(20);

/// A running system that asks in Slack, and a parked draft on issue 7.
struct Asked {
    world: World,
    slack: SlackStandin,
    running: Running,
    api: Api,
    id: String,
    _slack_server: JoinSet<()>,
}

fn settings() -> Settings {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent");
    let mut text = std::fs::read_to_string(dir.join("agent.toml")).unwrap();
    text.push_str(&format!("\n[approvals.slack]\nchannel = \"{CHANNEL}\"\napprovers = [\"{APPROVER}\"]\n"));
    if !text.contains("\n[sources.slack]") {
        text.push_str("\n[sources.slack]\n");
    }
    Settings::parse(&text, &dir).unwrap()
}

impl Asked {
    async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    /// While Slack has these faults.
    async fn start_with(faults: Vec<FaultRule>) -> Self {
        let world = World::scripted(triage_says("question", 0.4, false)).await;
        let slack = SlackStandin::builder().keep_requests(200).build().unwrap();
        slack.set_faults(faults);
        let (listener, url) = listen().await;
        let (mut server, served) = (JoinSet::new(), slack.clone());
        server.spawn(async move { served.serve(listener).await.unwrap() });
        let mut environment = world.environment();
        environment.slack_api_url = Some(format!("{url}/api"));
        environment.slack_bot_token = Some("xoxb-of-the-tests".to_owned().into());
        environment.set_secret("slack", SECRET);
        let dev = Dev {
            settings: settings(),
            environment,
            backend: Backend::Memory,
            data_dir: None,
            port: 0,
            made_up: Vec::new(),
        };
        let running = afterhook::start(dev).await.unwrap();
        let api = Api::at(running.url());
        let id = api.accept(7).await;
        api.until(&id, "awaiting_approval").await;
        Self { world, slack, running, api, id, _slack_server: server }
    }

    fn task_id(&self) -> TaskId {
        self.id.parse().unwrap()
    }

    async fn stored(&self) -> Task {
        self.running.stores.tasks.get(&self.task_id()).await.unwrap().unwrap()
    }

    /// Changes the stored task, whatever else is written meanwhile.
    async fn change(&self, change: impl Fn(&mut Task)) {
        loop {
            let mut task = self.stored().await;
            change(&mut task);
            if self.running.stores.tasks.save(&mut task).await.unwrap() == Save::Done {
                return;
            }
        }
    }

    /// The only message of the channel, once it is as expected.
    async fn message(&self, what: &str, holds: impl Fn(&Note) -> bool) -> Note {
        let began = Instant::now();
        loop {
            let messages = self.slack.notes(CHANNEL);
            assert!(messages.len() <= 1, "asked twice: {messages:#?}");
            if let Some(message) = messages.into_iter().next().filter(&holds) {
                return message;
            }
            assert!(
                began.elapsed() < TIMEOUT,
                "the message never was {what}: {:#?}",
                self.slack.notes(CHANNEL)
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The message that asks, once it is there.
    async fn asks(&self) -> Note {
        self.message("there", |message| buttons(message).is_some()).await
    }

    /// The message that asks, once the task knows it. Who clicks before that finds the message marked a minute later: its
    /// post is in doubt until then.
    async fn question(&self) -> Note {
        let (message, began) = (self.asks().await, Instant::now());
        while self.stored().await.doc.notices.iter().all(|notice| notice.state.message().is_none()) {
            assert!(began.elapsed() < TIMEOUT, "the message was posted, and never known to be");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        message
    }

    async fn says(&self, what: &str) -> Note {
        self.message(what, |message| message.text.contains(what) && buttons(message).is_none()).await
    }

    /// `user` clicks the button at `place` of the message.
    async fn click(&self, message: &Note, place: usize, user: &str) -> Answer {
        self.click_in("T0STANDIN", message, place, user).await
    }

    /// The same in another workspace, whose clicks come under the same app's signature.
    async fn click_in(&self, team: &str, message: &Note, place: usize, user: &str) -> Answer {
        self.press(team, message, &buttons(message).unwrap()[place], user).await
    }

    async fn press(&self, team: &str, message: &Note, button: &Value, user: &str) -> Answer {
        let action = json!({"action_id": button["action_id"], "value": button["value"], "type": "button"});
        self.act(team, message, &action, user).await
    }

    /// `user` chooses `option` of the menu of the message.
    async fn choose(&self, message: &Note, option: &Value, user: &str) -> Answer {
        let menu = buttons(message).unwrap().pop().unwrap();
        let action =
            json!({"action_id": menu["action_id"], "selected_option": option, "type": "static_select"});
        self.act("T0STANDIN", message, &action, user).await
    }

    async fn act(&self, team: &str, message: &Note, action: &Value, user: &str) -> Answer {
        let payload = json!({
            "type": "block_actions", "team": {"id": team},
            "user": {"id": user, "username": "mona"}, "channel": {"id": message.thread},
            "message": {"ts": message.id}, "response_url": "https://hooks.slack.com/actions/T1/1/x",
            "actions": [action],
        });
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish()
            .into_bytes();
        self.api.raw_hook("slack", signed(&body, Clock::system().now()), body).await
    }

    /// What `user` alone was told, once it is there.
    async fn told(&self, user: &str) -> String {
        let began = Instant::now();
        loop {
            let requests = self.slack.requests();
            let whisper =
                requests.iter().find(|it| it.path == "/chat.postEphemeral" && it.body["user"] == user);
            if let Some(whisper) = whisper {
                return whisper.body["text"].as_str().unwrap().to_owned();
            }
            assert!(began.elapsed() < TIMEOUT, "{user} was told nothing");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The choices of the menu.
fn choices(message: &Note) -> Vec<Value> {
    buttons(message).unwrap().pop().unwrap()["options"].as_array().unwrap().clone()
}

/// Approve, Reject, Edit, and the menu; `None` once they are gone.
fn buttons(message: &Note) -> Option<Vec<Value>> {
    let blocks = message.extra["blocks"].as_array()?;
    let mut actions = blocks.iter().filter(|block| block["type"] == "actions");
    let actions = actions.find(|block| block["elements"][0]["action_id"] == "afterhook_approve")?;
    Some(actions["elements"].as_array()?.clone())
}

/// Good answer, bad answer: on the message of a draft that goes out.
fn thumbs(message: &Note) -> Vec<Value> {
    let blocks = message.extra["blocks"].as_array().unwrap();
    let actions = blocks.iter().find(|block| block["type"] == "actions");
    actions.map(|actions| actions["elements"].as_array().unwrap().clone()).unwrap_or_default()
}

fn signed(body: &[u8], at: Timestamp) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in Provider::Slack.scheme().sign(&Secrets(vec![SECRET.into()]), body, at) {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers
}

const APPROVE: usize = 0;
const REJECT: usize = 1;
const EDIT: usize = 2;

#[tokio::test]
async fn a_click_publishes_the_draft_and_the_message_says_who_did_it() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    let blocks = message.extra["blocks"].to_string();
    for part in
        ["octo/tidepool#7", "/octo/tidepool/issues/7|", "question", "40 %", "confidence 0.40 is below 0.80"]
    {
        assert!(blocks.contains(part), "{part} is not in {blocks}");
    }
    let page = format!("{}/ui/tasks/{}", asked.running.url(), asked.id);
    assert_eq!(buttons(&message).unwrap()[EDIT]["url"], page);
    let began = Instant::now();
    let answer = asked.click(&message, APPROVE, APPROVER).await;
    assert_eq!((answer.status, answer.word()), (200, "decided".to_owned()), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(3));
    let done = asked.api.until(&asked.id, "completed").await;
    assert_eq!(asked.world.comments(7).len(), 1);
    let decision = &done["decision"];
    assert_eq!((&decision["outcome"], &decision["by"]), (&json!("approved"), &json!("mona (U2CERLKJA)")));
    assert_eq!(decision["from"], json!({"channel": "slack", "team": "T0STANDIN", "user": APPROVER}));
    assert_eq!(decision["draft_hash"], done["draft"]["hash"]);
    asked.says("Approved by <@U2CERLKJA>").await;
    // Nothing is due any more.
    asked.api.until_that(&asked.id, "settled", |_| true).await;
    let began = Instant::now();
    while asked.stored().await.control.due_at.is_some() {
        assert!(began.elapsed() < TIMEOUT);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    asked.running.stop().await;
}

#[tokio::test]
async fn a_thumb_on_the_message_of_an_answer_is_kept_with_its_task_and_thanked() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    asked.click(&message, APPROVE, APPROVER).await;
    asked.api.until(&asked.id, "completed").await;
    let message = asked.says("Approved by").await;
    let [up, down] = &thumbs(&message)[..] else { panic!("{message:?}") };
    let stranger = asked.press("T0STANDIN", &message, up, "U0STRANGER").await;
    assert_eq!(stranger.json()["reason"], "not_allowed");
    let before = asked.stored().await;
    for button in [up, down] {
        let answer = asked.press("T0STANDIN", &message, button, APPROVER).await;
        assert_eq!((answer.status, answer.word()), (200, "decided".to_owned()), "{answer:?}");
    }
    let told = asked.told(APPROVER).await;
    assert!(told.contains("kept with the task"), "{told}");
    let task = asked.api.task(&asked.id).await;
    let said: Vec<&Value> = task["corrections"].as_array().unwrap().iter().map(|it| &it["said"]).collect();
    assert_eq!(said, ["up", "down"], "{task:#}");
    assert_eq!(task["corrections"][0]["by"], "mona (U2CERLKJA)");
    let after = asked.stored().await;
    assert_eq!((after.control.status, after.doc.effects), (before.control.status, before.doc.effects));
    assert_eq!(asked.world.comments(7).len(), 1);
    asked.running.stop().await;
}

#[tokio::test]
async fn a_choice_of_the_menu_decides_and_says_what_would_have_been_right() {
    for (label, status, outcome, kind, word) in [
        ("Approve as bug_report", "completed", "approved", "intent", "bug_report"),
        ("Reject, it is spam", "rejected", "rejected", "spam", "spam"),
    ] {
        let asked = Asked::start().await;
        let message = asked.question().await;
        let choices = choices(&message);
        assert!(!choices.iter().any(|it| it["text"]["text"] == "Approve as question"), "{choices:#?}");
        let choice = choices.iter().find(|it| it["text"]["text"] == label).unwrap();
        let stranger = asked.choose(&message, choice, "U0STRANGER").await;
        assert_eq!(stranger.json()["reason"], "not_allowed");
        let answer = asked.choose(&message, choice, APPROVER).await;
        assert_eq!((answer.status, answer.word()), (200, "decided".to_owned()), "{answer:?}");
        let done = asked.api.until(&asked.id, status).await;
        assert_eq!(
            (&done["decision"]["outcome"], &done["decision"]["by"]),
            (&json!(outcome), &json!("mona (U2CERLKJA)"))
        );
        let said = &asked.api.task(&asked.id).await["corrections"];
        assert_eq!(
            (said.as_array().unwrap().len(), &said[0]["kind"], &said[0]["said"]),
            (1, &json!(kind), &json!(word))
        );
        assert_eq!(
            (&said[0]["model_said"], &said[0]["from"]["channel"]),
            (&json!("question"), &json!("slack"))
        );
        assert_eq!(
            asked.world.comments(7).len(),
            usize::from(outcome == "approved"),
            "the draft as it was seen"
        );
        let late = asked.choose(&message, choice, APPROVER).await;
        assert_eq!(late.json()["reason"], "already_decided");
        assert_eq!(asked.api.task(&asked.id).await["corrections"].as_array().unwrap().len(), 1);
        asked.running.stop().await;
    }
}

#[tokio::test]
async fn an_intent_that_agent_toml_has_no_more_decides_nothing() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    let mut choice = choices(&message).pop().unwrap();
    let value = choice["value"].as_str().unwrap().rsplit_once(' ').unwrap().0.to_owned();
    choice["value"] = format!("{value} gone").into();
    let answer = asked.choose(&message, &choice, APPROVER).await;
    assert_eq!(answer.json()["reason"], "unknown_intent");
    let told = asked.told(APPROVER).await;
    assert!(told.contains("no such intent"), "{told}");
    let task = asked.api.task(&asked.id).await;
    assert_eq!((&task["status"], &task["corrections"]), (&json!("awaiting_approval"), &json!([])));
    asked.running.stop().await;
}

#[tokio::test]
async fn a_rejection_ends_the_task_and_a_late_click_is_told_who_was_first() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    assert_eq!(asked.click(&message, REJECT, APPROVER).await.word(), "decided");
    assert_eq!(asked.api.task(&asked.id).await["status"], "rejected");
    asked.says("Rejected by <@U2CERLKJA>").await;
    let late = asked.click(&message, APPROVE, APPROVER).await;
    assert_eq!((late.status, late.json()["reason"].clone()), (200, json!("already_decided")));
    let told = asked.told(APPROVER).await;
    assert!(told.contains("already rejected by mona"), "{told}");
    assert!(asked.world.comments(7).is_empty());
    asked.running.stop().await;
}

#[tokio::test]
async fn who_is_no_approver_decides_nothing_and_is_told_so() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    for button in [APPROVE, REJECT] {
        let answer = asked.click(&message, button, "U0STRANGER").await;
        assert_eq!((answer.status, answer.json()["reason"].clone()), (200, json!("not_allowed")));
    }
    let told = asked.told("U0STRANGER").await;
    assert!(told.contains("You may not decide"), "{told}");
    let elsewhere = Note { thread: "C0ELSEWHERE".to_owned(), ..message.clone() };
    let answer = asked.click(&elsewhere, APPROVE, APPROVER).await;
    assert_eq!(answer.json()["reason"], "not_allowed", "a message in another channel is none of ours");
    let edit = asked.click(&message, EDIT, APPROVER).await;
    assert_eq!((edit.status, edit.json()["reason"].clone()), (200, json!("no_decision")));
    let task = asked.api.task(&asked.id).await;
    assert_eq!((&task["status"], &task["decision"]), (&json!("awaiting_approval"), &Value::Null));
    let whispers = asked.slack.requests().into_iter().filter(|it| it.path == "/chat.postEphemeral");
    assert_eq!(whispers.filter(|it| it.body["user"] == "U0STRANGER").count(), 1, "told once");
    asked.running.stop().await;
}

#[tokio::test]
async fn a_click_that_is_forged_stale_or_a_get_decides_nothing() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    let value = buttons(&message).unwrap()[APPROVE]["value"].clone();
    let payload = json!({
        "type": "block_actions", "team": {"id": "T0STANDIN"}, "user": {"id": APPROVER},
        "channel": {"id": CHANNEL}, "actions": [{"action_id": "afterhook_approve", "value": value}],
    });
    let form =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    let body = form.clone().into_bytes();
    let now = Clock::system().now();
    let old = now.checked_sub(Duration::from_secs(301)).unwrap();
    asked.api.raw_hook("slack", signed(&body, old), body.clone()).await.assert_problem(401, "signature");
    let mut forged = signed(&body, now);
    forged.insert("x-slack-signature", HeaderValue::from_static("v0=00"));
    asked.api.raw_hook("slack", forged, body).await.assert_problem(401, "signature");
    for path in [
        "/webhooks/slack".to_owned(),
        format!("/webhooks/slack?{form}"),
        format!("/tasks/{}/approve", asked.id),
    ] {
        assert_eq!(asked.api.get(&path).await.status, 405, "{path}");
    }
    assert_eq!(asked.api.task(&asked.id).await["status"], "awaiting_approval");
    asked.running.stop().await;
}

#[tokio::test]
async fn a_decision_on_the_console_marks_the_message() {
    let asked = Asked::start().await;
    asked.question().await;
    let task = asked.api.task(&asked.id).await;
    let edit = json!({"draft_hash": task["draft"]["hash"], "text": "Thank you. Fixed in 1.2.1."});
    assert_eq!(asked.api.post(&format!("/tasks/{}/approve", asked.id), &edit).await.status, 200);
    let done = asked.api.until(&asked.id, "completed").await;
    assert_eq!(done["decision"]["from"]["channel"], "console");
    asked.says(&format!("Edited and approved by {PERSON}")).await;
    asked.running.stop().await;
}

#[tokio::test]
async fn an_expiry_marks_the_message() {
    let asked = Asked::start().await;
    asked.question().await;
    let long_ago = Clock::system().now().checked_sub(Duration::from_secs(3_600)).unwrap();
    asked.change(|task| (task.doc.expires_at, task.control.due_at) = (Some(long_ago), Some(long_ago))).await;
    let task = asked.api.until(&asked.id, "expired").await;
    assert_eq!(
        (&task["decision"]["outcome"], &task["decision"]["by"]),
        (&json!("expired"), &json!("afterhook"))
    );
    asked.says("nobody decided in time").await;
    asked.running.stop().await;
}

#[tokio::test]
async fn a_draft_is_parked_though_slack_is_down_and_asked_about_later() {
    let asked = Asked::start_with(vec![FaultRule::always(Fault::RateLimited).on(Scope::Writes)]).await;
    let began = Instant::now();
    while !matches!(asked.stored().await.doc.notices[0].state, NoticeState::Wanted) {
        assert!(began.elapsed() < TIMEOUT, "{:?}", asked.stored().await.doc.notices);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(asked.slack.notes(CHANNEL).is_empty());
    asked.slack.set_faults(Vec::new());
    // A minute later.
    asked.change(|task| task.control.due_at = Some(task.doc.received_at)).await;
    let message = asked.question().await;
    assert_eq!(asked.click(&message, APPROVE, APPROVER).await.word(), "decided");
    asked.api.until(&asked.id, "completed").await;
    asked.running.stop().await;
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_again_and_not_posted_twice() {
    let asked = Asked::start_with(vec![FaultRule::always(Fault::Lost).on(Scope::Writes).first(1)]).await;
    let message = asked.asks().await;
    assert!(matches!(asked.stored().await.doc.notices[0].state, NoticeState::Intended { .. }));
    // More than a minute later.
    let long_ago = Clock::system().now().checked_sub(Duration::from_secs(600)).unwrap();
    asked
        .change(|task| {
            task.doc.notices[0].state = NoticeState::Intended { at: long_ago, owner: "gone".to_owned() };
            task.control.due_at = Some(long_ago);
        })
        .await;
    let began = Instant::now();
    while !matches!(asked.stored().await.doc.notices[0].state, NoticeState::Posted { .. }) {
        assert!(began.elapsed() < TIMEOUT, "{:?}", asked.stored().await.doc.notices);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(asked.question().await.id, message.id);
    asked.running.stop().await;
}

#[tokio::test]
async fn who_requested_a_task_does_not_approve_it_by_a_click_and_is_told_so() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    asked
        .change(|task| {
            domain::API_SOURCE.clone_into(&mut task.doc.source);
            "mona".clone_into(&mut task.doc.actor);
        })
        .await;
    let answer = asked.click(&message, APPROVE, APPROVER).await;
    assert_eq!((answer.status, answer.json()["reason"].clone()), (200, json!("own_task")));
    let told = asked.told(APPROVER).await;
    assert!(told.contains("You requested this task"), "{told}");
    assert_eq!(asked.api.task(&asked.id).await["status"], "awaiting_approval");
    asked.running.stop().await;
}

#[tokio::test]
async fn a_click_in_another_workspace_is_nobodys_though_all_its_ids_are_ours() {
    let asked = Asked::start().await;
    let message = asked.question().await;
    let answer = asked.click_in("T0FOREIGN", &message, APPROVE, APPROVER).await;
    assert_eq!((answer.status, answer.json()["reason"].clone()), (200, json!("not_allowed")));
    assert_eq!(asked.api.task(&asked.id).await["status"], "awaiting_approval");
    assert_eq!(asked.click(&message, APPROVE, APPROVER).await.word(), "decided");
    asked.running.stop().await;
}
