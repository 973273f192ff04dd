//! A task as a DynamoDB item: each control field an attribute of its own, so that conditions can
//! look at it; the rest one JSON document.

use domain::{Control, Lease, Stage, StoreError, Task, TaskId, TaskStatus, Timestamp};

use crate::item::{
    DUE, Item, LANE, LISTED, OPEN, PART, RECEIVED, TASK_ID, TASK_PART, THREAD, TTL, number, number_of,
    take_text, text, text_of, time, time_of, time_text, ttl, unreadable,
};

pub(crate) const STATUS: &str = "status";
pub(crate) const REVISION: &str = "revision";
pub(crate) const FENCE: &str = "fence";
pub(crate) const ATTEMPTS: &str = "attempts";
pub(crate) const LEASE_OWNER: &str = "lease_owner";
pub(crate) const LEASE_UNTIL: &str = "lease_until";
pub(crate) const NOT_BEFORE: &str = "not_before";
pub(crate) const UPDATED_AT: &str = "updated_at";
const DOC: &str = "doc";

/// Partitions of the index `open`, for each stage. A partition takes 1,000 writes a second.
pub(crate) const OPEN_SHARDS: u32 = 16;
/// Partitions of the index `listed`, which every new task is written to once.
pub(crate) const LISTED_SHARDS: u32 = 4;

/// What a document may weigh. A typical one has 2 KB, and the domain caps its lists; more than this
/// is a mistake that DynamoDB would refuse at 400 KB anyway, in less helpful words.
const MAX_DOC_BYTES: usize = 300 << 10;

/// Hash of the index `open` for tasks of `stage` in the `shard`.
pub(crate) fn open_key(stage: Stage, shard: u32) -> String {
    format!("{}#{shard:02}", stage.as_str())
}

/// Hash of the index `listed`.
pub(crate) fn listed_key(shard: u32) -> String {
    shard.to_string()
}

/// Range of the indexes `listed` and `thread`: the id behind the time gives tasks of the same
/// millisecond an order, so that pages neither lose nor repeat one.
pub(crate) fn received_key(received_at: Timestamp, id: &TaskId) -> String {
    format!("{}#{id}", time_text(received_at))
}

/// The item of `task`, with `revision` as its revision.
pub(crate) fn to_item(task: &Task, revision: u64) -> Result<Item, StoreError> {
    let doc = serde_json::to_string(&task.doc).map_err(|error| StoreError::broken("write a task", error))?;
    if doc.len() > MAX_DOC_BYTES {
        let message =
            format!("the document of task {} has {} bytes, more than {MAX_DOC_BYTES}", task.id, doc.len());
        return Err(StoreError::broken("write a task", message));
    }
    let mut item = Item::with_capacity(20);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(TASK_ID, text(task.id.as_str()));
    set(PART, text(TASK_PART));
    set(DOC, text(doc));
    set(LANE, text(task.doc.priority.lane().as_str()));
    set(LISTED, text(listed_key(task.id.shard(LISTED_SHARDS))));
    set(RECEIVED, text(received_key(task.doc.received_at, &task.id)));
    set(THREAD, text(task.doc.thread.as_str()));
    set(TTL, ttl(task.forgotten_at()));
    set(REVISION, number(revision));
    set_control(&mut item, &task.id, &task.control);
    Ok(item)
}

fn set_control(item: &mut Item, id: &TaskId, control: &Control) {
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(STATUS, text(control.status.as_str()));
    set(FENCE, number(control.fence));
    set(ATTEMPTS, number(control.attempts));
    set(UPDATED_AT, time(control.updated_at));
    if let Some(lease) = &control.lease {
        set(LEASE_OWNER, text(lease.owner.as_str()));
        set(LEASE_UNTIL, time(lease.until));
    }
    if let Some(not_before) = control.not_before {
        set(NOT_BEFORE, time(not_before));
    }
    if let Some(due_at) = control.due_at {
        set(DUE, time(due_at));
        // An ended task that is not due any more has left the index: without this attribute an item is in
        // none.
        set(OPEN, text(open_key(Stage::of(control.status), id.shard(OPEN_SHARDS))));
    }
}

pub(crate) fn from_item(mut item: Item) -> Result<Task, StoreError> {
    let id = task_id_of(&item)?;
    let doc = take_text(&mut item, DOC).unwrap_or_default();
    Task::stored(id.clone(), control_of(&item)?, &doc).map_err(|error| {
        // Where, not what: the document may quote what users wrote.
        let place = format!("line {}, column {}", error.line(), error.column());
        unreadable(DOC, &format!("of task {id} is a later version's ({place})"))
    })
}

/// The id of the task that `item` belongs to.
pub(crate) fn task_id_of(item: &Item) -> Result<TaskId, StoreError> {
    let id = text_of(item, TASK_ID).and_then(|id| id.parse().ok());
    id.ok_or_else(|| unreadable(TASK_ID, "is not there, or is not a task id"))
}

pub(crate) fn status_of(item: &Item) -> Result<TaskStatus, StoreError> {
    let status = text_of(item, STATUS).and_then(|status| status.parse().ok());
    status.ok_or_else(|| unreadable(STATUS, "is not there, or is not a status"))
}

/// The lease of the task of `item`, if it has one.
pub(crate) fn lease_of(item: &Item) -> Result<Option<Lease>, StoreError> {
    let until = time_of(item, LEASE_UNTIL)?;
    let owner = text_of(item, LEASE_OWNER).map(str::to_owned);
    Ok(owner.zip(until).map(|(owner, until)| Lease { owner, until }))
}

fn control_of(item: &Item) -> Result<Control, StoreError> {
    let updated_at = time_of(item, UPDATED_AT)?;
    Ok(Control {
        status: status_of(item)?,
        revision: number_of(item, REVISION)?,
        fence: number_of(item, FENCE)?,
        attempts: number_of(item, ATTEMPTS)?,
        lease: lease_of(item)?,
        not_before: time_of(item, NOT_BEFORE)?,
        due_at: time_of(item, DUE)?,
        updated_at: updated_at.ok_or_else(|| unreadable(UPDATED_AT, "is not there"))?,
    })
}
