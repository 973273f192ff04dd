//! The reply: through the gate, then into the thread, once.

use async_trait::async_trait;
use domain::{
    DraftOrigin, Mark, Proof, Publisher, ServiceError, Target, TaskOutput, Timestamp, short_sha256,
};

use crate::reply::approval::{REPLY, answered};
use crate::reply::effect::{Action, Found, once};
use crate::reply::gate::pass_reply;
use crate::reply::thread::still_open;
use crate::task::claimed_task::ClaimedTask;
use crate::{Finished, Interrupt};

/// Answers in the thread that the event came from: cleans `text`, parks it if a person must look at it
/// first, and publishes it once, unless the thread was closed meanwhile. A task of `POST /tasks` has no
/// thread: its answer is its result.
pub(crate) async fn reply(claimed: &ClaimedTask, text: String) -> Result<Finished, Interrupt> {
    let approval = answered(claimed, REPLY).await?;
    // What may be published already is not to be called off.
    if !claimed.has_begun(REPLY).await {
        still_open(claimed, approval.is_some()).await?;
    }
    let text = match approval {
        Some(approval) => approval.text,
        None => pass_reply(claimed, &text, DraftOrigin::Model).await?,
    };
    let output = TaskOutput::Draft(short_sha256(&text));
    if claimed.answers_caller().await {
        return Ok(Finished { success: true, output, output_url: None });
    }
    let target = claimed.target()?;
    let service = claimed.resources.services.of(target);
    let proof = once(claimed, REPLY, &Posting { service, target, text: &text }).await?;
    *claimed.published.lock().await = Some(text);
    Ok(Finished { success: true, output, output_url: proof.url })
}

/// A comment in a thread. It takes no permit of a host: a thread has one task at a time.
struct Posting<'a> {
    service: &'a dyn Publisher,
    target: &'a Target,
    text: &'a str,
}

#[async_trait]
impl Action for Posting<'_> {
    fn host(&self) -> Option<String> {
        None
    }

    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        self.service.publish(self.target, self.text, mark).await
    }

    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Found, ServiceError> {
        let found = self.service.find(self.target, mark, since).await?;
        Ok(found.map_or(Found::NotDone, Found::Done))
    }
}
