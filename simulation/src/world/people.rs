//! People: they look at drafts, decide, edit, ask for other ones, and now and then all at the worst moment.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use domain::{Task, TaskId, TaskStatus, Timestamp, between};
use http::{Request, StatusCode};
use serde_json::json;
use webhook::Provider;

use super::channel::CHANNEL;
use super::gateway::{Answer, Front};
use super::glue::PEOPLE;
use super::senders::{post, said};
use super::{Acknowledged, World};

/// How long a person waits for an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a person tries what had no answer.
const TRIES: usize = 5;
/// How often people ask for another try of one task.
const RETRIES: u32 = 2;

/// What a person is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intention {
    Approve,
    Edit,
    Reject,
    Retry {
        note: bool,
    },
    /// By the button of the message.
    Click {
        approve: bool,
    },
}

impl World {
    /// A task has a new status: people may want something of it.
    pub(crate) fn noticed(&self, task: &Task) {
        let Some(world) = self.me.upgrade() else { return };
        match task.control.status {
            TaskStatus::AwaitingApproval => {
                let people = if self.chance(300) { 2 } else { 1 };
                for person in 0..people {
                    if let Some(intention) = self.intention(&task.id) {
                        let delay = self.hesitation(task);
                        let visit = Arc::clone(&world).visit(task.id.clone(), person, intention, delay);
                        self.scheduler.spawn(None, visit);
                    }
                }
            }
            TaskStatus::Failed | TaskStatus::Expired | TaskStatus::Rejected
                if self.chance(self.scenario.retried_per_mille) && self.may_retry(&task.id) =>
            {
                let intention = Intention::Retry { note: self.chance(600) };
                let delay = self.millis(2_000..900_000);
                self.scheduler.spawn(None, Arc::clone(&world).visit(task.id.clone(), 0, intention, delay));
            }
            _ => {}
        }
    }

    fn intention(&self, id: &TaskId) -> Option<Intention> {
        let click = self.scenario.policy.asks_channel && self.chance(400);
        Some(match self.between(0..10) {
            0..=3 if click => Intention::Click { approve: true },
            0..=3 => Intention::Approve,
            4 | 5 => Intention::Edit,
            6 if click => Intention::Click { approve: false },
            6 | 7 => Intention::Reject,
            8 if self.may_retry(id) => Intention::Retry { note: true },
            _ => return None,
        })
    }

    fn may_retry(&self, id: &TaskId) -> bool {
        let mut history = self.history();
        let retries = history.retries.entry(id.clone()).or_default();
        *retries += 1;
        *retries <= RETRIES
    }

    /// At once, some time later, or around the moment at which the draft expires.
    fn hesitation(&self, task: &Task) -> Duration {
        match self.between(0..4) {
            0 => self.millis(0..3_000),
            1 | 2 => self.millis(10_000..600_000),
            _ => {
                let expires: Timestamp = task.doc.expires_at.unwrap_or(self.now());
                let before = between(self.now(), expires).saturating_sub(Duration::from_secs(60));
                before + self.millis(0..420_000)
            }
        }
    }

    /// Looks at the task, thinks, and acts.
    async fn visit(self: Arc<Self>, id: TaskId, person: usize, intention: Intention, delay: Duration) {
        tokio::time::sleep(delay).await;
        let Some((name, token, account)) = PEOPLE.get(person).copied() else { return };
        let authorization = [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {token}")),
        ];
        let Some(hash) = self.look(&id, intention, &authorization).await else { return };
        tokio::time::sleep(self.millis(0..20_000)).await;
        for _ in 0..TRIES {
            let answer = match intention {
                Intention::Click { approve } => self.click(&id, approve, &hash, account).await,
                _ => self.act(&id, intention, &hash, &authorization).await,
            };
            self.note(|| format!("   {name} wants to {intention:?} {id}: {}", said(answer.as_ref())));
            match answer {
                Some((StatusCode::OK, json)) => {
                    if !matches!(intention, Intention::Click { .. }) || json["status"] == "decided" {
                        self.acknowledge(&id, intention, hash, name);
                    }
                    return;
                }
                Some((status, _)) if status.is_client_error() => return,
                _ => tokio::time::sleep(self.millis(1_000..15_000)).await,
            }
        }
    }

    fn acknowledge(&self, id: &TaskId, intention: Intention, draft_hash: String, by: &'static str) {
        let what = match intention {
            Intention::Approve | Intention::Edit | Intention::Click { approve: true } => "approve",
            Intention::Reject | Intention::Click { approve: false } => "reject",
            Intention::Retry { .. } => "retry",
        };
        let done = Acknowledged { task: id.clone(), what, draft_hash, by, at: self.now() };
        self.history().acknowledged.push(done);
    }

    /// The hash of the draft that the person sees; empty where none is needed.
    async fn look(
        self: &Arc<Self>,
        id: &TaskId,
        intention: Intention,
        headers: &[(String, String)],
    ) -> Option<String> {
        match intention {
            Intention::Click { .. } => self.channel.open_message(id).map(|asked| asked.draft_hash),
            Intention::Retry { .. } => Some(String::new()),
            Intention::Approve | Intention::Edit | Intention::Reject => {
                let (_, json) = self.get(&format!("/tasks/{id}"), headers).await?;
                json["draft"]["hash"].as_str().map(str::to_owned)
            }
        }
    }

    async fn get(self: &Arc<Self>, path: &str, headers: &[(String, String)]) -> Option<Answer> {
        for _ in 0..TRIES {
            let mut request = post(path, headers, Vec::new());
            *request.method_mut() = http::Method::GET;
            match self.request(Front::Console, request, REQUEST_TIMEOUT).await {
                Some(answer) if answer.0.is_success() => return Some(answer),
                _ => tokio::time::sleep(self.millis(1_000..15_000)).await,
            }
        }
        None
    }

    async fn act(
        self: &Arc<Self>,
        id: &TaskId,
        intention: Intention,
        hash: &str,
        headers: &[(String, String)],
    ) -> Option<Answer> {
        let (verb, body) = match intention {
            Intention::Edit => {
                let text = format!("Edited by a person: {}.", self.between(0..1_000_000));
                ("approve", json!({"draft_hash": hash, "text": text}))
            }
            Intention::Reject | Intention::Click { approve: false } => {
                ("reject", json!({"draft_hash": hash}))
            }
            Intention::Approve | Intention::Click { approve: true } => {
                ("approve", json!({"draft_hash": hash}))
            }
            Intention::Retry { note: true } => ("retry", json!({"note": "Say more."})),
            Intention::Retry { note: false } => ("retry", json!({})),
        };
        let request = post(&format!("/tasks/{id}/{verb}"), headers, body.to_string().into_bytes());
        self.request(Front::Console, request, REQUEST_TIMEOUT).await
    }

    /// Uses a button of the message that asks.
    async fn click(
        self: &Arc<Self>,
        id: &TaskId,
        approve: bool,
        hash: &str,
        account: &str,
    ) -> Option<Answer> {
        let button = if approve { domain::Button::Approve } else { domain::Button::Reject };
        let payload = json!({
            "type": "block_actions",
            "team": {"id": "T0TEAM"},
            "user": {"id": account, "username": account.to_lowercase()},
            "channel": {"id": CHANNEL},
            "message": {"ts": "1800000000.000100"},
            "actions": [{
                "action_id": button.id(), "value": button.value(id, hash)
            }],
            // Every click is a request of its own.
            "trigger_id": self.between(0..i64::MAX).to_string(),
        });
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish()
            .into_bytes();
        let mut headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        headers.extend(Provider::Slack.scheme().sign(&self.vault.signing(), &body, self.now()));
        let request: Request<Body> = post("/webhooks/slack", &headers, body);
        self.request(Front::Webhooks, request, REQUEST_TIMEOUT).await
    }
}
