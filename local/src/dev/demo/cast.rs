//! [`Cast`]: who plays: the senders, the person at the console, and the services that fail when told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Clock;
use secrecy::SecretString;
use serde_json::{Value, json};
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::slack::SlackStandin;
use tokio::time::{Instant, sleep};

use super::clock::DemoClock;
use super::events::Event;
use crate::command::api::Api;
use crate::command::{http, send};
use crate::dev::Running;
use crate::dev::stage::Stage;
use crate::terminal::say;
use crate::{DevArgs, Failure};

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Whoever waits gives up after this.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// Tasks by their status.
pub(super) type Counts = BTreeMap<String, usize>;

/// Everybody who plays.
pub(super) struct Cast<'r> {
    pub(super) running: &'r Running,
    pub(super) clock: &'r DemoClock,
    now: Clock,
    pub(super) api: Api,
    pub(super) gemini: GeminiStandin,
    pub(super) github: GithubStandin,
    pub(super) slack: SlackStandin,
    client: reqwest::Client,
    sent: AtomicU64,
    json: bool,
    /// Whether it is served on after the end.
    goes_on: bool,
}

impl<'r> Cast<'r> {
    pub(super) fn new(
        running: &'r Running,
        clock: &'r DemoClock,
        stage: &Stage,
        args: &DevArgs,
    ) -> Result<Self, Failure> {
        let token = running.environment.console_tokens.first().map(|token| token.token.clone());
        let token: SecretString = token.ok_or_else(|| Failure::new("the demo has no console token"))?;
        let held = |name: &str| Failure::new(format!("the demo holds no stand-in for {name}"));
        Ok(Self {
            running,
            clock,
            now: clock.clock(),
            api: Api::with_token(&running.url(), token)?,
            gemini: stage.gemini.clone().ok_or_else(|| held("Gemini"))?,
            github: stage.github.clone().ok_or_else(|| held("GitHub"))?,
            slack: stage.slack.clone().ok_or_else(|| held("Slack"))?,
            client: http::client()?,
            sent: AtomicU64::new(100),
            json: args.json,
            goes_on: !args.once,
        })
    }

    /// A chapter begins.
    pub(super) fn chapter(&self, title: &str) {
        if self.json {
            say!("{}", json!({"event": "chapter", "title": title}));
        } else {
            say!("\n== {title}");
        }
    }

    /// Something that is seen.
    pub(super) fn tell(&self, what: &str) {
        if self.json {
            say!("{}", json!({"event": "seen", "what": what}));
        } else {
            say!("   {what}");
        }
    }

    /// Where to see it all, while there is such a place.
    pub(super) fn tell_where_to_look(&self) {
        if self.goes_on {
            self.tell(&format!("look at it: {}/ (log in with the token above)", self.running.url()));
        } else {
            self.tell("without --once it goes on and can be looked at");
        }
    }

    /// What must hold, and whether it does.
    pub(super) fn assert(&self, what: &str, holds: bool) -> bool {
        if self.json {
            say!("{}", json!({"event": "held", "what": what, "holds": holds}));
        } else {
            say!("   {} {what}", if holds { "[x]" } else { "[ ] NOT:" });
        }
        holds
    }

    /// Sends it as a new event, signed, and returns its task and the number of its thread.
    pub(super) async fn send(&self, event: &Event) -> Result<(String, u64), Failure> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let body = self.body(event, number)?;
        let answer = self.post(event, body).await?;
        let id = answer.pointer("/task_id").and_then(Value::as_str);
        let id = id.ok_or_else(|| Failure::new(format!("`{}` was answered {answer}", event.title)))?;
        Ok((id.to_owned(), number))
    }

    /// Sends the very same bytes twice. What the second time is answered.
    pub(super) async fn send_twice(&self, event: &Event) -> Result<String, Failure> {
        let body = self.body(event, self.sent.fetch_add(1, Ordering::Relaxed))?;
        self.post(event, body.clone()).await?;
        let again = self.post(event, body).await?;
        Ok(again.pointer("/status").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    fn body(&self, event: &Event, number: u64) -> Result<Vec<u8>, Failure> {
        let name = event.from.source();
        let source = self.running.settings.sources.get(name);
        let source = source.ok_or_else(|| Failure::new(format!("the demo has no source {name}")))?;
        Ok(event.body(&source.sender, number, self.now.now()))
    }

    async fn post(&self, event: &Event, body: Vec<u8>) -> Result<Value, Failure> {
        let name = event.from.source();
        let Some(source) = self.running.settings.sources.get(name) else { return Ok(Value::Null) };
        let secrets = self.running.environment.secrets_for(name).cloned().unwrap_or_default();
        let hint = (source.sender.provider.row().hint_of)(event.from.event());
        let url = format!("{}/webhooks/{name}", self.running.url());
        let mut request = self.client.post(&url).body(body.clone());
        for (name, value) in send::signed(&source.sender, &secrets, &hint, &body, self.now.now()) {
            request = request.header(name, value);
        }
        let failed = |error: reqwest::Error| Failure::at(&url, http::reason(&error));
        request.send().await.map_err(failed)?.json().await.map_err(failed)
    }

    /// All tasks.
    pub(super) async fn tasks(&self) -> Result<Vec<Value>, Failure> {
        let page = self.api.list("/tasks", "tasks", &[("limit", "100".to_owned())]).await?;
        Ok(page.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// How many tasks there are, by status.
    pub(super) async fn counts(&self) -> Result<Counts, Failure> {
        let mut counts = Counts::new();
        for task in self.tasks().await? {
            *counts.entry(task["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(counts)
    }

    /// The tasks, once `holds` is true of them.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Counts) -> bool) -> Result<Counts, Failure> {
        let began = Instant::now();
        loop {
            let counts = self.counts().await?;
            if holds(&counts) {
                return Ok(counts);
            }
            if began.elapsed() > WAIT_TIMEOUT {
                return Err(Failure::new(format!(
                    "the demo waited in vain for {what}; there are {counts:?}"
                )));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until `holds`.
    pub(super) async fn until_seen(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        self.until(what, |_| holds(self)).await.map(drop)
    }
}
