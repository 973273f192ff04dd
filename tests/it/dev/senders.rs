//! Every sender's sample, from its webhook to a finished task with its result in the right place.

use std::path::{Path, PathBuf};

use e2e::world::{World, is_triage, triage_says};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use settings::{Environment, Settings};
use standins::gemini::GeminiStandin;
use standins::github::{GithubStandin, Kind};

use super::{System, dev};

/// The secret of callbacks, which every scheme can make a key of.
pub(super) const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==";
/// A source of each sender, with what `map` and `scheme` have to say about those that have no reader.
const AGENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/senders/agent.toml");

/// A secret of its own for each source.
fn secret_of(source: &str) -> String {
    format!("whsec_{}", data_encoding::BASE64.encode(format!("a secret of {source}").as_bytes()))
}

fn settings() -> Settings {
    let registry = processor::registry();
    let automations: Vec<&str> = registry.names().collect();
    Settings::load_for(Path::new(AGENT), &automations).unwrap()
}

fn sample(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events/bodies").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A system with a source of every sender, whose triage says `intent` of everything.
pub(super) async fn start(intent: &str) -> System {
    let gemini = GeminiStandin::builder().script(triage_says(intent, 0.95, false)).build();
    start_in(World::of(gemini, GithubStandin::new()).await).await
}

/// The same in `world`.
pub(super) async fn start_in(world: World) -> System {
    let settings = settings();
    let mut environment: Environment = world.environment();
    for source in settings.sources.keys() {
        environment.set_secret(source, &secret_of(source));
    }
    // Signs what goes to a callback.
    environment.set_secret("api", SECRET);
    let backend = afterhook::Backend::Memory;
    let running =
        afterhook::start(afterhook::Dev { settings, environment, ..dev(&world, backend) }).await.unwrap();
    System { api: e2e::api::Api::at(running.url()), world, running }
}

/// Sends a sample as its sender does, and returns the task once it has completed.
pub(super) async fn completed(system: &System, source: &str, file: &str) -> Value {
    let id = accepted(system, source, file).await;
    system.api.until(&id, "completed").await
}

pub(super) async fn accepted(system: &System, source: &str, file: &str) -> String {
    let settings = &system.running.settings.sources[source];
    let sender = &settings.sender;
    let now = domain::Timestamp::now();
    let body = sender.stamped(&sample(&format!("{source}/{file}")), now);
    let secrets = webhook::Secrets(vec![secret_of(source).into()]);
    let mut headers = HeaderMap::new();
    for (name, value) in sender.scheme.sign(&secrets, &body, now) {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Some(name) = sender.provider.row().hint {
        let stem = file.trim_end_matches(".json");
        let hint = HeaderValue::try_from((sender.provider.row().hint_of)(stem)).unwrap();
        headers.insert(HeaderName::from_static(name), hint);
    }
    let answer = system.api.raw_hook(source, headers, body).await;
    assert_eq!(answer.status, sender.provider.row().success, "{source}: {answer:?}");
    assert_eq!(answer.word(), "accepted", "{source}: {answer:?}");
    answer.task_id()
}

/// The published text, which the result shows.
#[track_caller]
fn output(task: &Value) -> &str {
    assert_eq!(task["result"]["success"], true, "{task:#}");
    task["result"]["output"].as_str().filter(|text| !text.is_empty()).unwrap()
}

#[tokio::test]
async fn github_issue_is_answered_by_a_comment_on_it() {
    let system = start("question").await;
    let task = completed(&system, "github", "issues.opened.json").await;
    let (place, number) = task["thread"].as_str().unwrap().split_once('#').unwrap();
    let (owner, repo) = place.split_once('/').unwrap();
    let comments = system.world.github.comments(owner, repo, number.parse().unwrap());
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.contains(output(&task)));
}

#[tokio::test]
async fn github_review_comment_and_discussion_are_answered_where_they_stand() {
    let system = start("question").await;
    completed(&system, "github", "pull_request_review_comment.created.json").await;
    let replies = system.world.github.comments_of(Kind::Review);
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].in_reply_to, Some(1_849_020_117));
    completed(&system, "github", "discussion.created.json").await;
    completed(&system, "github", "discussion_comment.created.json").await;
    let answers = system.world.github.comments_of(Kind::Discussion);
    let below: Vec<bool> = answers.iter().map(|answer| answer.in_reply_to.is_some()).collect();
    assert_eq!(below, [false, true], "the second one hangs on the comment that asked");
    assert_eq!(system.world.github.comment_count(), 3, "and nowhere else");
}

/// The last question to the answer model, as it was sent.
fn asked(system: &System) -> String {
    let requests = system.world.gemini.requests();
    requests.iter().rev().find(|call| !is_triage(&call.body)).unwrap().body.to_string()
}

#[tokio::test]
async fn github_pull_request_is_answered_with_its_changed_files_read_and_a_failed_run_with_its_log() {
    let system = start("question").await;
    completed(&system, "github", "pull_request.opened.json").await;
    let prompt = asked(&system);
    assert!(prompt.contains("src/export/csv.rs (modified, +1 -0)") && prompt.contains("self.out.flush()"));
    let system = start("incident").await;
    completed(&system, "github", "workflow_run.completed.json").await;
    let prompt = asked(&system);
    assert!(
        prompt.contains("failed step: Run tests") && prompt.contains("keeps_last_row ... FAILED"),
        "{prompt}"
    );
}

#[tokio::test]
async fn slack_mention_is_answered_in_its_thread() {
    let system = start("question").await;
    let task = completed(&system, "slack", "app_mention.json").await;
    let thread = system.world.slack.thread("C05SUPPORT", "1795168800.204519");
    assert_eq!(thread.len(), 1, "{thread:?}");
    assert!(thread[0].extra["metadata"].to_string().contains(task["task_id"].as_str().unwrap()));
    assert!(!output(&task).is_empty() && !thread[0].text.is_empty());
    assert_eq!(system.world.slack.our_message_count(), 1);
}

#[tokio::test]
async fn slack_direct_message_is_answered_where_it_was_written() {
    let system = start("question").await;
    completed(&system, "slack", "message.im.json").await;
    let messages = system.world.slack.notes("D05DIRECT1");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].extra["thread_ts"], "1795170000.000100");
}

#[tokio::test]
async fn zendesk_ticket_gets_a_public_comment() {
    let system = start("question").await;
    let task = completed(&system, "zendesk", "ticket.created.json").await;
    let comments = system.world.zendesk.notes("35436");
    assert_eq!(comments.len(), 1);
    assert!(comments[0].is_ours() && !comments[0].internal);
    assert_eq!(comments[0].extra["metadata"]["afterhook_task_id"], task["task_id"]);
    assert!(task["result"]["output_url"].as_str().unwrap().ends_with("/agent/tickets/35436"));
}

#[tokio::test]
async fn jira_issue_and_a_mention_on_it_get_comments() {
    let system = start("question").await;
    let task = completed(&system, "jira", "issue.created.json").await;
    completed(&system, "jira", "comment.created.json").await;
    let url = task["result"]["output_url"].as_str().unwrap();
    let key = url.split("/browse/").nth(1).unwrap().split('?').next().unwrap();
    let comments = system.world.jira.notes(key);
    assert_eq!(comments.len(), 2, "{task:#}");
    assert!(comments[0].is_ours() && !comments[0].text.is_empty());
    assert_eq!(comments[0].extra["properties"][0]["value"]["task_id"], task["task_id"]);
}

#[tokio::test]
async fn linear_issue_and_a_comment_on_it_get_comments() {
    let system = start("question").await;
    let task = completed(&system, "linear", "issue.create.json").await;
    completed(&system, "linear", "comment.create.json").await;
    let comments = system.world.linear.notes("539068e2-ae88-4d09-bd75-22eb4a59612f");
    assert_eq!(comments.len(), 2);
    assert!(comments[0].is_ours() && comments[0].text.contains(output(&task)));
    assert!(task["result"]["output_url"].as_str().unwrap().ends_with(&comments[0].id), "{task:#}");
}

#[tokio::test]
async fn gitlab_issue_note_and_merge_request_get_notes() {
    let system = start("question").await;
    let task = completed(&system, "gitlab", "issue.open.json").await;
    completed(&system, "gitlab", "note.create.json").await;
    completed(&system, "gitlab", "merge_request.open.json").await;
    let notes = system.world.gitlab.notes("7/issues/23");
    assert_eq!((notes.len(), system.world.gitlab.notes("7/merge_requests/4").len()), (2, 1));
    assert!(notes[0].is_ours() && !notes[0].internal && notes[0].text.contains(output(&task)));
    let url = task["result"]["output_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/harbor/tidepool/-/issues/23#note_{}", notes[0].id)), "{url}");
    completed(&system, "gitlab", "note.create.discussion.json").await;
    let notes = system.world.gitlab.notes("7/merge_requests/4");
    let in_discussions: Vec<_> = notes.iter().map(|note| note.discussion.as_deref()).collect();
    assert_eq!(in_discussions, [None, Some("6a9c1750b37d513a43987b574953fceb50b03ce7")]);
}

#[tokio::test]
async fn pagerduty_incident_and_a_note_on_it_get_notes() {
    let system = start("question").await;
    let task = completed(&system, "pagerduty", "incident.triggered.json").await;
    completed(&system, "pagerduty", "incident.annotated.json").await;
    let notes = system.world.pagerduty.notes("PGR0VU2");
    assert_eq!(notes.len(), 2);
    assert!(notes[0].is_ours() && notes[0].text.contains(output(&task)));
}

#[tokio::test]
async fn sentry_issue_and_an_alert_on_it_get_comments() {
    let system = start("question").await;
    let task = completed(&system, "sentry", "issue.created.json").await;
    completed(&system, "sentry", "event_alert.triggered.json").await;
    let comments = system.world.sentry.notes("1170820242");
    assert_eq!(comments.len(), 2);
    assert!(comments[0].is_ours() && comments[0].text.contains(output(&task)));
    assert!(
        task["result"]["output_url"].as_str().unwrap().ends_with("/organizations/harbor/issues/1170820242/")
    );
}

/// The proof of a comment is nowhere that people read.
#[tokio::test]
async fn events_of_one_conversation_are_answered_one_after_the_other() {
    let system = start("question").await;
    completed(&system, "zendesk", "ticket.created.json").await;
    completed(&system, "zendesk", "ticket.comment_added.json").await;
    let comments = system.world.zendesk.notes("35436");
    assert_eq!(comments.len(), 2);
    assert!(
        comments.iter().all(|comment| !comment.extra["html"].as_str().unwrap().contains("tsk_")),
        "{comments:?}"
    );
}

/// What nobody needs to answer where it came from goes to colleagues.
#[tokio::test]
async fn events_of_every_other_sender_can_be_summed_up_in_slack() {
    let system = start("incident").await;
    let samples = [
        ("stripe", "charge.failed.json"),
        ("shopify", "orders.create.json"),
        ("gitlab", "issue.open.json"),
        ("linear", "issue.create.json"),
        ("pagerduty", "incident.triggered.json"),
        ("sentry", "issue.created.json"),
        ("standard-webhooks", "invoice.overdue.json"),
        ("svix", "contact.created.json"),
        ("billing", "ticket.opened.json"),
    ];
    for (number, (source, file)) in samples.into_iter().enumerate() {
        let task = completed(&system, source, file).await;
        assert!(!output(&task).is_empty(), "{source}");
        let messages = system.world.slack.notes("C05REPORTS");
        assert_eq!(messages.len(), number + 1, "{source}");
        let proof = messages[number].extra["metadata"].to_string();
        assert!(proof.contains(task["task_id"].as_str().unwrap()), "{source}");
    }
}

#[tokio::test]
async fn what_nobody_needs_to_act_on_ends_without_a_word() {
    let system = start("noise").await;
    let id = accepted(&system, "sentry", "issue.created.json").await;
    let task = system.api.until(&id, "ignored").await;
    assert!(task["result"].is_null(), "{task:#}");
    assert_eq!(system.world.slack.our_message_count(), 0);
}
