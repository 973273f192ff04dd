//! The receiver of results: what is posted to a `callback_url`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::TaskId;
use futures::channel::oneshot;
use serde_json::{Value, json};
use simulated::{NoAnswer, Request};

use super::network::Reply;
use super::{Callback, Mishap, Port, World};

/// Its host.
pub(crate) const HOST: &str = "hooks.example.com";

/// The receiver.
#[derive(Default)]
pub(crate) struct Receiver {
    at_once: AtomicU32,
}

impl World {
    pub(crate) async fn receive(self: Arc<Self>, request: Request) -> Result<Reply, NoAnswer> {
        let mishap = self.faults.draw(self.time.elapsed(), Port::Receiver, "post", true);
        self.note(|| format!("   posted to {}: {mishap:?}", request.url()));
        tokio::time::sleep(self.millis(1..60)).await;
        if matches!(mishap, Some(Mishap::FailBefore | Mishap::CrashBefore)) {
            return match self.between(0..3) {
                0 => Err(NoAnswer::Unsent),
                1 => Ok(answer(503)),
                _ => Ok(answer(500)),
            };
        }
        let Some(posted) = self.read(&request) else { return Ok(answer(400)) };
        self.take(posted).await;
        match mishap {
            Some(Mishap::FailAfter | Mishap::CrashAfter) => Err(NoAnswer::Lost),
            Some(Mishap::Hang) => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Err(NoAnswer::Lost)
            }
            _ => Ok(answer(200)),
        }
    }

    /// The call is under way for as long as the receiver works on it, whatever becomes of its caller meanwhile.
    async fn take(self: &Arc<Self>, posted: Callback) {
        let limit = self.scenario.policy.calls_per_host;
        let at_once = self.receiver.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        if at_once > limit {
            self.violated("caps hold", format!("{at_once} calls of {HOST} at once"));
        }
        self.note(|| format!("   {} is told: {}", posted.task, posted.status));
        self.history().callbacks.push(posted);
        let (world, work) = (Arc::clone(self), self.millis(1..400));
        let (tell, told) = oneshot::channel();
        self.scheduler.spawn(None, async move {
            tokio::time::sleep(work).await;
            world.receiver.at_once.fetch_sub(1, Ordering::Relaxed);
            let _gone = tell.send(());
        });
        let _gone = told.await;
    }

    fn read(&self, request: &Request) -> Option<Callback> {
        let body = std::str::from_utf8(request.body()?.as_bytes()?).ok()?;
        let json: Value = serde_json::from_str(body).ok()?;
        let task: TaskId = json["data"]["task_id"].as_str()?.parse().ok()?;
        let status = json["data"]["status"].as_str()?.to_owned();
        let id = request.headers().get("idempotency-key")?.to_str().ok()?.to_owned();
        Some(Callback { task, id, status, body: body.to_owned(), at: self.now() })
    }
}

fn answer(status: u16) -> Reply {
    Reply::json(status, &json!({}))
}
