//! GitHub, as its REST API answers: the system reaches threads through its real client.

use std::fmt::from_fn;
use std::time::Duration;

use domain::{Mark, TaskId, ThreadState, Timestamp, after};
use futures::channel::oneshot;
use outbound::Method;
use serde_json::{Value, json};
use simulated::{NoAnswer, Request};

use super::network::Reply;
use super::port::Operation;
use super::threads::Locked;
use super::{Mishap, Port, Ports, Posted, THREADS_LOGIN};
use crate::scenario::Credential;

/// Its host.
pub(crate) const HOST: &str = "api.github.com";
/// A token of an installation lives for so long.
const TOKEN_LIFE: Duration = Duration::from_secs(3_600);
/// What a mark begins with where it is hidden.
const OPEN: &str = "<!-- ";
const CLOSE: &str = " -->";

impl Ports {
    /// GitHub's answer to `request`.
    pub(crate) async fn github(&self, request: &Request) -> Result<Reply, NoAnswer> {
        let path: Vec<&str> = request.url().path().trim_matches('/').split('/').collect();
        match (request.method().as_str(), path.as_slice()) {
            ("GET", ["user"]) => self.read("who we are", "", || self.user()).await,
            ("POST", ["graphql"]) => self.read("whose the token is", "", || self.viewer()).await,
            ("GET", ["app"]) => self.read("which app we are", "", || self.app()).await,
            ("GET", ["repos", _, _, "installation"]) => {
                self.read("where the app is installed", "", || Reply::json(200, &json!({"id": 1}))).await
            }
            ("POST", ["app", "installations", _, "access_tokens"]) => {
                self.read("a token", "", || self.token()).await
            }
            ("GET", ["repos", owner, repo, "issues", number]) => {
                let thread = format!("{owner}/{repo}#{number}");
                self.read("state", &thread, || self.issue(&thread)).await
            }
            ("GET", ["repos", owner, repo, "issues", number, "comments"]) => {
                let thread = format!("{owner}/{repo}#{number}");
                self.read("comments", &thread, || self.comments(&thread, request)).await
            }
            ("POST", ["repos", owner, repo, "issues", number, "comments"]) => {
                self.publish(format!("{owner}/{repo}#{number}"), request).await
            }
            _ => Ok(Reply::json(404, &json!({"message": "Not Found"}))),
        }
    }

    fn user(&self) -> Reply {
        match self.world.scenario.credential {
            Credential::Person => Reply::json(200, &json!({"login": self.world.our_name()})),
            Credential::Unnamed if self.bugs().trusts_configured_login() => {
                Reply::json(200, &json!({"login": self.told_name()}))
            }
            Credential::App | Credential::Installation | Credential::Unnamed => closed(),
        }
    }

    fn viewer(&self) -> Reply {
        match self.world.scenario.credential {
            Credential::Installation => {
                let login = format!("{}[bot]", self.told_name());
                Reply::json(200, &json!({"data": {"viewer": {"login": login}}}))
            }
            Credential::Person | Credential::App | Credential::Unnamed => closed(),
        }
    }

    fn app(&self) -> Reply {
        Reply::json(200, &json!({"slug": self.told_name()}))
    }

    /// A planted bug takes the account that agent.toml names for the one that we write under.
    fn told_name(&self) -> String {
        if self.bugs().trusts_configured_login() { THREADS_LOGIN.to_owned() } else { self.world.our_name() }
    }

    fn token(&self) -> Reply {
        let expires_at = after(self.world.now(), TOKEN_LIFE);
        Reply::json(201, &json!({"token": "ghs_simulated", "expires_at": expires_at}))
    }

    fn issue(&self, thread: &str) -> Reply {
        let state = self.world.threads.state(thread);
        let word = if state == ThreadState::Closed { "closed" } else { "open" };
        Reply::json(200, &json!({"state": word, "locked": state == ThreadState::Locked}))
    }

    /// One page has room for all.
    fn comments(&self, thread: &str, request: &Request) -> Reply {
        let since = request.url().query_pairs().find(|(name, _)| name == "since");
        let since: Option<Timestamp> = since.and_then(|(_, since)| since.parse().ok());
        let listed = self.world.threads.listed(thread, since, self.world.now());
        let is_bot = self.world.scenario.credential != Credential::Person;
        let ours = self.world.our_name() + if is_bot { "[bot]" } else { "" };
        Reply::json(200, &listed.iter().map(|comment| shown(comment, &ours, is_bot)).collect())
    }

    /// An answer that changes nothing, with what goes wrong with it.
    async fn read(
        &self,
        name: &'static str,
        thread: &str,
        run: impl FnMut() -> Reply,
    ) -> Result<Reply, NoAnswer> {
        let refusal = self.world.between(0..5);
        let read = Operation::read(Port::Threads, name, &thread);
        let answer = self.operate(read, run, || refusal).await;
        answer.or_else(|refusal| match refusal {
            0 => Err(NoAnswer::Unsent),
            1 => Err(NoAnswer::Lost),
            2 => Ok(trouble(500)),
            3 => Ok(trouble(502)),
            _ => Ok(trouble(503)),
        })
    }

    async fn publish(&self, thread: String, request: &Request) -> Result<Reply, NoAnswer> {
        let Some((text, mark)) = read_comment(request) else { return Ok(trouble(422)) };
        let about = from_fn(|f| write!(f, "{mark} in {thread}"));
        let operation = Operation::write(Port::Threads, "publish", &about);
        let mishap = self.draw(Port::Threads, "write", true);
        self.world.note(|| format!("{} publishes {about} {mishap:?}", self.who()));
        if mishap == Some(Mishap::Freeze) {
            self.stand_still().await;
        }
        // Nothing is sent yet.
        self.connect().await;
        let stalled = self.world.scenario.stalled_per_mille;
        if stalled > 0 && !self.world.is_calm() && self.world.chance(stalled) {
            self.stand_still().await;
        }
        if mishap == Some(Mishap::Hang) && self.world.chance(500) {
            self.pause(Duration::from_secs(60)).await;
        }
        if !outbound::may_act() && !self.bugs().sends_late() {
            return Err(NoAnswer::Unsent);
        }
        match mishap {
            Some(Mishap::CrashBefore) => return self.die(&operation, "before").await,
            Some(Mishap::FailBefore) => return self.refusal(),
            _ => {}
        }
        let landed = self.dispatch(thread.clone(), text, mark.clone());
        match mishap {
            Some(Mishap::CrashAfter) => return self.die(&operation, "after").await,
            Some(Mishap::Freeze) => self.stand_still().await,
            Some(Mishap::Hang) => self.pause(Duration::from_secs(60)).await,
            Some(Mishap::Slow) => self.pause(self.world.millis(1_000..12_000)).await,
            _ => {}
        }
        self.created(thread, landed, mishap == Some(Mishap::FailAfter)).await
    }

    async fn created(
        &self,
        thread: String,
        landed: oneshot::Receiver<Result<u64, Locked>>,
        is_lost: bool,
    ) -> Result<Reply, NoAnswer> {
        let landed = landed.await;
        self.pause(self.world.millis(1..40)).await;
        if let Ok(Ok(id)) = landed
            && is_lost
        {
            self.world.may_delete(thread, id);
        }
        match landed {
            Ok(Ok(_)) if is_lost && self.world.chance(500) => Ok(trouble(502)),
            Ok(Ok(_)) if is_lost => Err(NoAnswer::Lost),
            Ok(Ok(id)) => Ok(Reply::json(201, &json!({"id": id, "html_url": address(id)}))),
            Ok(Err(Locked)) => {
                Ok(Reply::json(403, &json!({"message": "Unable to create comment because issue is locked."})))
            }
            Err(_) => Err(NoAnswer::Lost),
        }
    }

    /// How a comment that certainly was not created fails: most often with a word that leaves it open.
    fn refusal(&self) -> Result<Reply, NoAnswer> {
        match self.world.between(0..8) {
            0 => Err(NoAnswer::Unsent),
            1 => Ok(trouble(503).with("retry-after", 20)),
            2 => Ok(Reply::json(429, &json!({"message": "You have exceeded a secondary rate limit."}))
                .with("retry-after", 45)),
            3 => Ok(trouble(500)),
            4 | 5 => Ok(trouble(502)),
            6 => Ok(trouble(504)),
            _ => Err(NoAnswer::Lost),
        }
    }
}

/// What a token of an installation is told that asks for its person.
fn closed() -> Reply {
    Reply::json(403, &json!({"message": "Resource not accessible by integration"}))
}

fn trouble(status: u16) -> Reply {
    Reply::json(status, &json!({"message": "the world is at fault"}))
}

fn address(id: u64) -> String {
    format!("https://github.com/comment/{id}")
}

/// The comment in an answer; `ours` is what our account is called now.
fn shown(comment: &Posted, ours: &str, is_bot: bool) -> Value {
    let (author, body) = match &comment.mark {
        Some(mark) => (ours, format!("{}\n\n{OPEN}{mark}{CLOSE}", comment.text)),
        None => (comment.author.as_str(), comment.text.clone()),
    };
    let kind = if is_bot && comment.mark.is_some() { "Bot" } else { "User" };
    json!({
        "id": comment.id, "body": body, "user": {"login": author, "type": kind}, "created_at": comment.at,
        "html_url": address(comment.id),
    })
}

/// What a new comment says, and the mark that it carries.
fn read_comment(request: &Request) -> Option<(String, Mark)> {
    if request.method() != Method::POST {
        return None;
    }
    let body: Value = serde_json::from_slice(request.body()?.as_bytes()?).ok()?;
    let (text, marker) = body["body"].as_str()?.rsplit_once(OPEN)?;
    let mark = marker.strip_suffix(CLOSE)?.strip_prefix("afterhook:")?;
    let (task, effect) = mark.split_once(':').unwrap_or((mark, "reply"));
    let task_id: TaskId = task.parse().ok()?;
    Some((text.trim_end().to_owned(), Mark { task_id, effect: effect.to_owned() }))
}
