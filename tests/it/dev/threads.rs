//! What changes between an event and its answer: threads that are closed, and words that are edited.

use std::sync::{Arc, OnceLock};

use domain::ThreadState;
use e2e::hooks::{self, OWNER, REPO};
use e2e::world::{LOGIN, World, is_triage, triage_says};
use serde_json::Value;
use standins::gemini::{GeminiStandin, ReceivedRequest};
use standins::github::{GithubStandin, IssueState};

use super::{System, senders};

/// What somebody does while the model thinks.
type Intervention = Box<dyn Fn() + Send + Sync>;

/// When they do it.
#[derive(Clone, Copy, PartialEq)]
enum During {
    /// After the event was accepted, and before an answer is thought of.
    Triage,
    /// While the answer is written.
    Answer,
}

/// A world in which an intervention, once there is one, is done `during` what the model does.
async fn world(during: During) -> (World, Arc<OnceLock<Intervention>>) {
    let intervention: Arc<OnceLock<Intervention>> = Arc::default();
    let (says, due) = (triage_says("question", 0.95, false), Arc::clone(&intervention));
    let script = move |request: &ReceivedRequest| {
        let now = if is_triage(&request.body) { During::Triage } else { During::Answer };
        if let Some(intervention) = due.get().filter(|_| now == during) {
            intervention();
        }
        says(request)
    };
    let gemini = GeminiStandin::builder().script(script).build();
    (World::of(gemini, GithubStandin::new()).await, intervention)
}

/// A system in which issue 7 gets this state then.
async fn issue_becomes(state: IssueState, during: During) -> System {
    let (world, intervention) = world(during).await;
    let github = world.github.clone();
    let set = intervention.set(Box::new(move || github.set_issue_state(OWNER, REPO, 7, state)));
    assert!(set.is_ok());
    System::start_in(world).await
}

#[track_caller]
fn last_word(task: &Value) -> &str {
    task["timeline"].as_array().unwrap().last().unwrap()["note"].as_str().unwrap()
}

#[tokio::test]
async fn an_issue_that_is_locked_or_deleted_after_it_was_looked_at_is_left_alone() {
    for state in [IssueState::Locked, IssueState::Gone] {
        let system = issue_becomes(state, During::Triage).await;
        let id = system.api.accept(7).await;
        let task = system.api.until(&id, "ignored").await;
        assert!(last_word(&task).starts_with("thread_closed: github: "), "{task:#}");
        assert!(system.world.comments(7).is_empty());
    }
}

#[tokio::test]
async fn an_issue_that_is_locked_while_its_answer_is_written_refuses_it_once() {
    let system = issue_becomes(IssueState::Locked, During::Answer).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "ignored").await;
    assert!(last_word(&task).contains("issue is locked"), "{task:#}");
    let posts = system.world.github.requests().into_iter().filter(|request| request.method == "POST");
    assert_eq!(posts.count(), 1);
    assert!(system.world.comments(7).is_empty());
}

#[tokio::test]
async fn an_issue_that_is_merely_closed_is_answered_where_its_event_asks_for_it() {
    let system = issue_becomes(IssueState::Closed, During::Triage).await;
    let id = system.api.accept(7).await;
    system.api.until(&id, "completed").await;
    let text = format!("@{LOGIN} does it work on Windows, too?");
    let answer = system.api.hook("issue_comment", &hooks::comment(7, "mona", &text)).await;
    system.api.until(&answer.task_id(), "completed").await;
    assert_eq!(system.world.comments(7).len(), 2);
}

#[tokio::test]
async fn a_ticket_that_is_closed_before_its_answer_is_left_alone() {
    let (world, intervention) = world(During::Triage).await;
    let zendesk = world.zendesk.clone();
    assert!(intervention.set(Box::new(move || zendesk.set_state("35436", ThreadState::Locked))).is_ok());
    let system = senders::start_in(world).await;
    let id = senders::accepted(&system, "zendesk", "ticket.created.json").await;
    let task = system.api.until(&id, "ignored").await;
    assert_eq!(last_word(&task), "thread_closed: it takes no more comments");
    assert!(system.world.zendesk.notes("35436").is_empty());
}

#[tokio::test]
async fn a_comment_on_a_jira_issue_that_is_done_by_now_is_left_alone() {
    let (world, intervention) = world(During::Triage).await;
    let jira = world.jira.clone();
    assert!(intervention.set(Box::new(move || jira.set_state("10042", ThreadState::Closed))).is_ok());
    let system = senders::start_in(world).await;
    let id = senders::accepted(&system, "jira", "comment.created.data-center.json").await;
    let task = system.api.until(&id, "ignored").await;
    assert_eq!(last_word(&task), "thread_closed: it is settled, and the comment is not meant for the agent");
    assert!(system.world.jira.notes("10042").is_empty());
}

#[tokio::test]
async fn a_mention_on_a_jira_issue_that_is_done_by_now_is_answered() {
    let (world, intervention) = world(During::Triage).await;
    let jira = world.jira.clone();
    assert!(intervention.set(Box::new(move || jira.set_state("OPS-7", ThreadState::Closed))).is_ok());
    let system = senders::start_in(world).await;
    senders::completed(&system, "jira", "comment.created.json").await;
    assert_eq!(system.world.jira.notes("OPS-7").len(), 1);
}

#[tokio::test]
async fn an_edit_in_slack_is_answered_in_its_thread() {
    let system = senders::start("question").await;
    let task = senders::completed(&system, "slack", "message.edited.json").await;
    assert_eq!(task["event"], "message.edited");
    let messages = system.world.slack.notes("D05DIRECT1");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].extra["thread_ts"], "1795170000.000100");
}
