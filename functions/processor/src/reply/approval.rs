//! A person's approval, also in the middle of an automation.
//!
//! A question is a parked draft of its own. After its approval the automation runs again, finds its saved
//! steps, and gets the answer. From then on the answer is a step, so the automation can ask again, about
//! something else. A rejection ends the task as `rejected`, silence as `expired`.

use std::sync::atomic::Ordering;

use domain::{DraftOrigin, DraftRef, TaskOutput, after, short_sha256};
use serde::{Deserialize, Serialize};

use crate::Interrupt;
use crate::reply::place::closed_channel;
use crate::reply::{REPLY, proof, shadow};
use crate::task::claimed_task::ClaimedTask;

/// What a person has approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The text, as the person left it.
    pub text: String,
    /// Whether they changed it.
    pub edited: bool,
    /// Who it was.
    pub by: String,
}

/// The answer to the question `name`; parks the task with `text` until there is one.
pub(crate) async fn ask_person(
    claimed: &ClaimedTask,
    name: &str,
    text: &str,
    because: &str,
) -> Result<Approval, Interrupt> {
    if let Some(answer) = answered(claimed, name, Some(text)).await? {
        return Ok(answer);
    }
    keep_draft(claimed, text, DraftOrigin::Model, name, Some(because.to_owned())).await?;
    Err(Interrupt::Park)
}

/// The answer to the question `name`, if a person has given one. With a `text` it must answer this very text: an
/// approval of other words does not count, but for the reply, as long as the decision itself stands. The answer is saved
/// as a step, since the next question takes the place of the decision.
pub(crate) async fn answered(
    claimed: &ClaimedTask,
    name: &str,
    text: Option<&str>,
) -> Result<Option<Approval>, Interrupt> {
    let wanted = text.map(short_sha256);
    let answer = match decided(claimed, name).await? {
        Some((asked, answer)) if name == REPLY || wanted.as_ref().is_none_or(|wanted| *wanted == asked) => {
            Some(keep(claimed, &step(name, &asked), answer).await?)
        }
        // Before the first claim there was nobody who could have saved it.
        Some(_) | None if claimed.fence <= 1 => None,
        Some(_) | None => {
            let saved = claimed.saved::<Approval>(&step(name, &wanted.unwrap_or_default())).await?;
            match saved {
                Some(saved) if proof::holds(claimed, &saved.text, &saved.by).await? => Some(saved),
                Some(_) | None => None,
            }
        }
    };
    if let Some(answer) = &answer {
        claimed.note_released(name, &answer.text).await;
    }
    Ok(answer)
}

/// The step that holds the answer to the question `name`, which was asked with the words that have the hash `asked`.
fn step(name: &str, asked: &str) -> String {
    format!("approval:{name}:{asked}")
}

/// Saves `answer`. The first saved answer that has a proof counts, whichever processor saved it.
async fn keep(claimed: &ClaimedTask, step: &str, answer: Approval) -> Result<Approval, Interrupt> {
    let saved = claimed.save_step(step, answer.clone()).await?;
    Ok(if saved == answer || proof::holds(claimed, &saved.text, &saved.by).await? { saved } else { answer })
}

/// Saves the decision that the task was resumed with, before anything takes the place of its draft.
pub(crate) async fn keep_answer(claimed: &ClaimedTask) -> Result<(), Interrupt> {
    let question = {
        let doc = &claimed.task.lock().await.doc;
        doc.decision.as_ref().map(|_| doc.question.clone().unwrap_or_else(|| REPLY.to_owned()))
    };
    match question {
        Some(question) => answered(claimed, &question, None).await.map(drop),
        None => Ok(()),
    }
}

/// What a person has decided on the draft of `question`, behind the hash of the words they were asked with. A
/// decision on another draft is none: the approval of a refund must not publish its text as a comment. Neither is
/// one that was not made where people decide.
async fn decided(claimed: &ClaimedTask, question: &str) -> Result<Option<(String, Approval)>, Interrupt> {
    let (decision, hash) = {
        let doc = &claimed.task.lock().await.doc;
        let Some(decision) = &doc.decision else { return Ok(None) };
        let Some(hash) = decision.publish_hash.clone() else { return Ok(None) };
        let is_about_it = doc.question.as_deref().unwrap_or(REPLY) == question
            && doc.draft.as_ref().is_some_and(|draft| draft.hash == hash);
        if !is_about_it {
            return Ok(None);
        }
        (decision.clone(), hash)
    };
    if !proof::is_made_by_a_decider(claimed, &decision, &hash).await? {
        return Ok(None);
    }
    let (text, edited) = (claimed.draft_text(&hash).await?, hash != decision.draft_hash);
    Ok(Some((decision.draft_hash, Approval { text, edited, by: decision.by })))
}

/// Stores the text of the draft of `question`, then names it in the task. Parks the task if there is a reason.
pub(crate) async fn keep_draft(
    claimed: &ClaimedTask,
    text: &str,
    from: DraftOrigin,
    question: &str,
    parked_because: Option<String>,
) -> Result<(), Interrupt> {
    claimed.may_begin()?;
    if claimed.shadow {
        return keep_in_shadow(claimed, text, from, question, parked_because).await;
    }
    let parks = parked_because.is_some();
    // One question at a time: of several that are asked side by side the first is parked, and the
    // others are asked when the automation runs again.
    let is_parked = if parks {
        claimed.parked.swap(true, Ordering::Relaxed)
    } else {
        claimed.parked.load(Ordering::Relaxed)
    };
    if is_parked {
        return Err(Interrupt::Park);
    }
    let hash = claimed.keep_text(text).await?;
    let mut task = claimed.task.lock().await;
    if from == DraftOrigin::Fallback {
        task.doc.stand_in = Some(hash.clone());
    }
    task.doc.question = (question != REPLY).then(|| question.to_owned());
    task.doc.draft = Some(DraftRef { hash, from, parked_because });
    // Where the service is for us, which knows better than the event.
    let target = claimed.event.target.as_ref();
    let link = target.and_then(|target| claimed.resources.services.of(target).ok()?.link(target));
    task.doc.thread_url = link.or(task.doc.thread_url.take());
    if parks {
        if closed_channel(&claimed.event).is_none() {
            task.doc.note_asked(&claimed.event.text);
            task.doc.asked.get_or_insert_default();
        }
        let expires = after(claimed.now(), claimed.resources.settings.agent.approval_expires);
        task.doc.expires_at = Some(expires.min(task.gives_up_at()));
        return Err(Interrupt::Park);
    }
    Ok(())
}

/// The same for a task in shadow, which ends where it would be parked: nobody is asked.
async fn keep_in_shadow(
    claimed: &ClaimedTask,
    text: &str,
    from: DraftOrigin,
    question: &str,
    parked_because: Option<String>,
) -> Result<(), Interrupt> {
    let hash = claimed.keep_text(text).await?;
    let mut task = claimed.task.lock().await;
    if let Some(because) = &parked_because {
        task.note(claimed.now(), &format!("shadow: would ask a person: {because}"));
    }
    let ended = parked_because.as_ref().map(|_| shadow::ended(TaskOutput::Draft(hash.clone())));
    task.doc.question = (question != REPLY).then(|| question.to_owned());
    task.doc.draft = Some(DraftRef { hash, from, parked_because });
    ended.map_or(Ok(()), Err)
}
