//! The reply: through the gate, then into the thread, once.

use async_trait::async_trait;
use domain::{Audience, DraftOrigin, Mark, Proof, ServiceError, TaskOutput, Timestamp, short_sha256};

use crate::reply::REPLY;
use crate::reply::approval::{Approval, answered};
use crate::reply::effect::{Action, Found, earlier, once};
use crate::reply::gate::{cleaned, pass_reply};
use crate::reply::place::Place;
use crate::reply::thread::still_open;
use crate::task::claimed_task::ClaimedTask;
use crate::{Finished, Interrupt, simulated};

/// Answers in the thread that the event came from: cleans `text`, parks it if a person must look at it
/// first, and publishes it once, unless the thread was closed meanwhile. If another draft of this task has been
/// published already, or may have been, that is found out first, and it stays the only one. A task of
/// `POST /tasks` has no thread: its answer is its result. With a reason `why`, a person looks at it whatever the policy.
pub(crate) async fn reply(
    claimed: &ClaimedTask,
    text: String,
    why: Option<&str>,
) -> Result<Finished, Interrupt> {
    if claimed.answers_caller().await {
        let approval = approved(claimed, &text).await?;
        let text = through_gate(claimed, approval, &text, why).await?;
        let output = TaskOutput::Draft(short_sha256(&text));
        return Ok(Finished { success: true, output, output_url: None });
    }
    if let Some(finished) = landed(claimed).await? {
        return Ok(finished);
    }
    let approval = approved(claimed, &text).await?;
    still_open(claimed, approval.is_some()).await?;
    let text = through_gate(claimed, approval, &text, why).await?;
    let place = Place::of(claimed)?;
    let proof = once(claimed, REPLY, &Posting { place, text: &text }).await?;
    let output = TaskOutput::Draft(short_sha256(&text));
    *claimed.published.lock().await = Some(text);
    Ok(Finished { success: true, output, output_url: proof.url })
}

/// What a person has approved of the reply that the draft `text` comes to.
async fn approved(claimed: &ClaimedTask, text: &str) -> Result<Option<Approval>, Interrupt> {
    // Nothing may be left of it: then only a decision that stands can be meant.
    let cleaned = cleaned(claimed, text).ok();
    answered(claimed, REPLY, cleaned.as_ref().map(|draft| draft.text.as_str())).await
}

async fn through_gate(
    claimed: &ClaimedTask,
    approval: Option<Approval>,
    text: &str,
    why: Option<&str>,
) -> Result<String, Interrupt> {
    match approval {
        Some(approval) => Ok(approval.text),
        None => pass_reply(claimed, text, DraftOrigin::Model, why).await,
    }
}

/// How the task ends if a reply of it is in the thread already; `None` if certainly none is.
pub(crate) async fn landed(claimed: &ClaimedTask) -> Result<Option<Finished>, Interrupt> {
    if simulated::intents_name_no_text() || claimed.task.lock().await.effect(REPLY).is_none() {
        return Ok(None);
    }
    let place = Place::of(claimed)?;
    let Some(earlier) = earlier(claimed, REPLY, &Posting { place, text: "" }).await? else {
        return Ok(None);
    };
    let finished = earlier.finished(claimed, REPLY).await;
    if let TaskOutput::Draft(hash) = &finished.output {
        // Only kept for later tasks: this one does without.
        *claimed.published.lock().await = claimed.draft_text(hash).await.ok();
    }
    Ok(Some(finished))
}

/// A comment in a thread. It takes no permit of a host: a thread has one task at a time.
struct Posting<'a> {
    place: Place<'a>,
    text: &'a str,
}

#[async_trait]
impl Action for Posting<'_> {
    fn host(&self) -> Option<String> {
        None
    }

    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        self.place.publish(self.text, mark).await
    }

    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Found, ServiceError> {
        let found = self.place.service.find(self.place.target, mark, since).await?;
        Ok(found.map_or(Found::NotDone, Found::Done))
    }

    fn audience(&self) -> Audience {
        self.place.audience()
    }

    fn is_idempotent(&self) -> bool {
        self.place.knows_repetitions()
    }
}
