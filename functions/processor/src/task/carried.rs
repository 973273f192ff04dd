//! The texts of tasks that gave way to a newer one: the newer task carries them, whatever the thread shows by then.

use domain::{Blob, Comment, Event, HandedOver, PartKey, PayloadStore, StoreError, Task, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Interrupt;
use crate::resources::Resources;

/// A text that a newer task answers for, as a part of that task.
#[derive(Debug, Serialize, Deserialize)]
struct Carried {
    comment: String,
    author: String,
    text: String,
    at: Timestamp,
}

/// Whether tasks of this kind of event give way to each other: comments of a thread that lists them.
#[must_use]
pub fn is_conversational(event: &Event) -> bool {
    event.comment_id.is_some() && event.target.is_some() && !event.unlisted
}

/// What fails when a text cannot be packed.
const HAND_OVER: &str = "hand a text over";
/// What a task may carry of older ones, bytes as they are stored unpacked. With its own text and the thread's last comments,
/// it stays far below what a model takes: what no model takes, no model sees.
const MAX_CARRIED: usize = 64 * 1024;

/// Hands everything that `task` was to answer to `newer`: its own text, unless `newer` is its new wording, and
/// what older ones have left it. Both are of one thread, whose lease `task` holds: `newer` reads it later. `false`: with what
/// `newer` carries already it would be more than [`MAX_CARRIED`], or `newer` has given some of it back before, and nothing is
/// handed over.
pub(crate) async fn hand_over(
    resources: &Resources,
    task: &Task,
    event: &Event,
    newer: &Task,
    is_new_wording: bool,
) -> Result<bool, StoreError> {
    let payloads = &resources.stores.payloads;
    let mut parts = HandedOver::to(&**payloads, &task.id).await?.parts;
    if !is_new_wording {
        parts.push((PartKey::superseded(&task.id), pack(task, event)?));
    }
    let HandedOver { parts: carried, given_back } = HandedOver::to(&**payloads, &newer.id).await?;
    let is_known =
        |(part, _): &(PartKey, Blob)| part.superseded_task().is_some_and(|id| given_back.contains(&id));
    if given_back.contains(&task.id) || parts.iter().any(is_known) {
        return Ok(false);
    }
    parts.retain(|(part, _)| carried.iter().all(|(known, _)| known != part));
    if !parts.is_empty() && bytes(parts.iter().chain(&carried))? > MAX_CARRIED {
        return Ok(false);
    }
    for (part, blob) in parts {
        let _first_or_again = payloads.put_new(&newer.id, &part, &blob, newer.parts_forgotten_at()).await?;
    }
    Ok(true)
}

fn bytes<'p>(parts: impl Iterator<Item = &'p (PartKey, Blob)>) -> Result<usize, StoreError> {
    let mut bytes = 0;
    for (_, blob) in parts {
        bytes += blob.unpack().map_err(|error| StoreError::broken("read a text", error))?.len();
    }
    Ok(bytes)
}

fn pack(task: &Task, event: &Event) -> Result<Blob, StoreError> {
    let carried = Carried {
        comment: event.comment_id.clone().unwrap_or_default(),
        author: event.actor.clone(),
        text: event.text.clone(),
        at: event.occurred_at.unwrap_or(task.doc.received_at),
    };
    Blob::of_json(HAND_OVER, &carried)
}

/// Hands to `task`, before it is taken in, what its actor `said` just before: as if older tasks had given way to it.
///
/// # Errors
/// [`StoreError`].
pub async fn carry(payloads: &dyn PayloadStore, task: &Task, said: &[String]) -> Result<(), StoreError> {
    for (at, text) in (0..).zip(said) {
        let older = TaskId::derive("said before", format!("{}:{at}", task.id).as_bytes());
        // Before everything that a thread shows.
        let at = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let (comment, author) = (older.to_string(), task.doc.actor.clone());
        let blob = Blob::of_json(HAND_OVER, &Carried { comment, author, text: text.clone(), at })?;
        payloads.put_new(&task.id, &PartKey::superseded(&older), &blob, task.parts_forgotten_at()).await?;
    }
    Ok(())
}

/// What was handed to `task`, the oldest first.
pub(crate) async fn carried(
    resources: &Resources,
    id: &TaskId,
    event: &Event,
) -> Result<Vec<Comment>, Interrupt> {
    if !is_conversational(event) {
        return Ok(Vec::new());
    }
    let HandedOver { parts, .. } = HandedOver::to(&*resources.stores.payloads, id).await?;
    let mut comments = Vec::with_capacity(parts.len());
    for (_, blob) in parts {
        let Carried { comment: id, author, text, at } = blob.json("read a text")?;
        comments.push(Comment { id, author, ours: false, text, at });
    }
    comments.sort_by_key(|comment| comment.at);
    Ok(comments)
}

/// The thread's `history` with what is `carried` and does not stand in it, in the order of time.
#[must_use]
pub(crate) fn among(history: Vec<Comment>, carried: &[Comment]) -> Vec<Comment> {
    let missing: Vec<Comment> = carried
        .iter()
        .filter(|text| history.iter().all(|known| known.id != text.id || !known.text.contains(&text.text)))
        .cloned()
        .collect();
    let mut all = missing;
    all.extend(history);
    all.sort_by_key(|comment| comment.at);
    all
}
