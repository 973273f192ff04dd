//! Those who send webhooks and ask for tasks; and what they try again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use domain::{PartKey, TaskId, ThreadState, Timestamp};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};
use webhook::Provider;

use super::gateway::{Answer, Front};
use super::glue::REQUESTER;
use super::receiver::HOST;
use super::{Bugs, Posted, World};
use crate::scenario::{ApiTask, Happening, Kind, Webhook};

/// How long a sender of webhooks waits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

impl World {
    /// What the plan says of one moment.
    pub(crate) async fn happen(self: &Arc<Self>, number: usize, what: &Happening) {
        match what {
            Happening::Webhook(webhook) => self.send_webhook(number, webhook).await,
            Happening::ApiTask(task) => self.ask_for_task(number, task).await,
            Happening::Lock { thread } => self.set_thread(*thread, ThreadState::Locked),
            Happening::Close { thread } => self.set_thread(*thread, ThreadState::Closed),
            Happening::Rotate => self.vault.rotate().await,
            Happening::Rename => self.rename_us(),
            Happening::Kill => self.kill_somebody(),
            Happening::KillAll => self.at_work().into_iter().for_each(|env| self.kill(env)),
            Happening::Freeze { time } => self.freeze_somebody(*time),
        }
    }

    fn set_thread(&self, thread: u64, state: ThreadState) {
        let thread = thread_name(thread);
        self.note(|| format!("   {thread} is {state:?}"));
        self.threads.set(&thread, state);
    }

    fn kill_somebody(&self) {
        let mut envs = self.at_work();
        envs.extend(self.gateway.envs());
        if let Some(env) = self.pick(&envs) {
            self.kill(env);
        }
    }

    fn freeze_somebody(self: &Arc<Self>, time: Duration) {
        if let Some(env) = self.pick(&self.at_work()) {
            self.freeze(env, time);
        }
    }

    fn pick<T: Copy>(&self, of: &[T]) -> Option<T> {
        let count = i64::try_from(of.len()).ok().filter(|count| *count > 0)?;
        of.get(usize::try_from(self.between(0..count)).ok()?).copied()
    }

    async fn send_webhook(self: &Arc<Self>, number: usize, webhook: &Webhook) {
        let thread = thread_name(webhook.thread);
        let text = event_text(number);
        let body = self.body(number, webhook, &thread, &text);
        let body = body.to_string().into_bytes();
        let mut tries = webhook.tries.iter();
        let mut guid = format!("delivery-{number}");
        loop {
            let answer = self.post_webhook(webhook.kind.header(), &guid, &body).await;
            let taken = self.is_taken(number, Some(&guid), answer.as_ref());
            match tries.next() {
                // Somebody who sends again what was taken already replays it, under another name.
                Some(wait) if !taken || webhook.replays => {
                    tokio::time::sleep(*wait).await;
                    if taken {
                        guid = format!("replay-{number}-{}", wait.as_millis());
                    }
                }
                _ if taken => return,
                _ => {
                    self.history().unpromised += 1;
                    return;
                }
            }
        }
    }

    fn body(&self, number: usize, webhook: &Webhook, thread: &str, text: &str) -> Value {
        let now = self.now().to_string();
        let state = self.threads.state(thread);
        let mut body = json!({
            "action": "opened",
            "issue": {
                "number": webhook.thread, "title": "It fails", "body": "On start.",
                "user": {"login": "mona"}, "labels": [], "created_at": now, "updated_at": now,
                "state": if state == ThreadState::Closed { "closed" } else { "open" },
                "locked": state == ThreadState::Locked, "author_association": "NONE"
            },
            "repository": {"full_name": "octo/repo"},
            "sender": {"login": webhook.actor, "type": "User"}
        });
        match webhook.kind {
            Kind::Opened => body["issue"]["body"] = json!(text),
            Kind::Comment => {
                let text = format!("@{} {text}", super::THREADS_LOGIN);
                let id = self.comment(thread, webhook.actor, &text).unwrap_or(1_000_000 + number as u64);
                body["action"] = json!("created");
                body["comment"] = json!({
                    "id": id, "body": text, "user": {"login": webhook.actor}, "created_at": now,
                    "updated_at": now, "author_association": "NONE"
                });
            }
        }
        body
    }

    /// A person writes a comment.
    fn comment(&self, thread: &str, author: &str, text: &str) -> Option<u64> {
        let at = self.now();
        let (author, text) = (author.to_owned(), text.to_owned());
        self.threads.post(thread, Posted { id: 0, author, text, mark: None, at, listed_at: at }).ok()
    }

    async fn post_webhook(self: &Arc<Self>, event: &str, guid: &str, body: &[u8]) -> Option<Answer> {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("x-github-event".to_owned(), event.to_owned()),
            ("x-github-delivery".to_owned(), guid.to_owned()),
        ];
        headers.extend(Provider::Github.scheme().sign(&self.vault.signing(), body, self.now()));
        let request = post("/webhooks/github", &headers, body.to_vec());
        let answer = self.request(Front::Webhooks, request, REQUEST_TIMEOUT).await;
        self.note(|| format!("   webhook {guid}: {}", said(answer.as_ref())));
        answer
    }

    /// Whether the sender is done with it. What it was told is a promise from now on.
    fn is_taken(&self, number: usize, guid: Option<&str>, answer: Option<&Answer>) -> bool {
        let Some((status, json)) = answer else { return false };
        if !status.is_success() {
            if *status != StatusCode::SERVICE_UNAVAILABLE {
                self.violated("our own faults are 5xx", format!("event {number} was answered {status}"));
            }
            return false;
        }
        if let Some(id) = json["task_id"].as_str().and_then(|id| id.parse::<TaskId>().ok()) {
            // A planted bug would name the task by what it goes by.
            let bugs = Bugs { planted: self.planted, delivery: guid };
            self.promise(number, &bugs.known_as(&id));
        }
        true
    }

    fn promise(&self, number: usize, id: &TaskId) {
        let is_stored = self.tasks.get(id).is_some() && self.parts.has(id, &PartKey::payload());
        if !is_stored {
            self.violated("a 2xx means stored and enqueued", format!("{id} lacks its task or its body"));
        }
        let now: Timestamp = self.now();
        let mut history = self.history();
        history.promised.entry(id.clone()).or_insert(now);
        history.tasks_of_event.entry(number).or_default().insert(id.clone());
    }

    async fn ask_for_task(self: &Arc<Self>, number: usize, task: &ApiTask) {
        let mut body = json!({"source": "api", "prompt": event_text(number), "priority": task.priority});
        if task.callback {
            body["callback_url"] = json!(format!("https://{HOST}/results"));
        }
        let headers = [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {}", REQUESTER.1)),
            ("idempotency-key".to_owned(), format!("request {number}")),
        ];
        for wait in &task.tries {
            let request = post("/tasks", &headers, body.to_string().into_bytes());
            let answer = self.request(Front::Console, request, REQUEST_TIMEOUT).await;
            self.note(|| format!("   task {number}: {}", said(answer.as_ref())));
            if self.is_taken(number, None, answer.as_ref()) {
                return;
            }
            tokio::time::sleep(*wait).await;
        }
        self.history().unpromised += 1;
    }
}

/// Words that stand in no other event.
pub(crate) fn event_text(number: usize) -> String {
    format!("It fails when I start it (event {number}). Please look.")
}

impl World {
    /// The body of `task`; empty if it has none.
    pub(crate) fn body_of(&self, task: &TaskId) -> String {
        let body = self.parts.get(task, &PartKey::payload()).and_then(|blob| blob.text().ok());
        body.unwrap_or_default()
    }

    /// Whether the result of `task` is to be posted.
    pub(crate) fn wants_result(&self, task: &TaskId) -> bool {
        self.body_of(task).contains("callback_url")
    }
}

/// What `task` was asked.
pub(crate) fn text_of(world: &World, task: &TaskId) -> Option<String> {
    event_number(&world.body_of(task)).map(event_text)
}

/// The number of the event that `text` is about.
pub(crate) fn event_number(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("(event ")?;
    rest.split_once(')')?.0.parse().ok()
}

pub(crate) fn thread_name(number: u64) -> String {
    format!("octo/repo#{number}")
}

/// A request; headers that cannot be sent are none of ours.
pub(crate) fn post(path: &str, headers: &[(String, String)], body: Vec<u8>) -> Request<Body> {
    let mut request = Request::post(path).body(Body::from(body)).unwrap_or_default();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        {
            request.headers_mut().insert(name, value);
        }
    }
    request
}

pub(crate) fn said(answer: Option<&Answer>) -> String {
    match answer {
        Some((status, json)) => {
            let word = json["status"].as_str().or(json["type"].as_str()).unwrap_or_default();
            format!("{status} {word} {}", json["task_id"].as_str().unwrap_or_default())
        }
        None => "no answer".to_owned(),
    }
}
