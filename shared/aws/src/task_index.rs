//! The questions that go through an index: which tasks are due, which are the newest, and which came after
//! one in its thread.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::{Due, Lane, ListQuery, Page, Stage, StoreError, Task, TaskId, Timestamp, Unreadable};
use futures::future::try_join_all;

use crate::failure::Resource;
use crate::item::{
    DUE, Item, LANE, LISTED, LISTED_INDEX, OPEN, OPEN_INDEX, PART, RECEIVED, TASK_ID, TASK_PART, THREAD,
    THREAD_INDEX, parse_time, text, text_of, time, time_of, unreadable,
};
use crate::task_item::{
    LISTED_SHARDS, OPEN_SHARDS, from_item, listed_key, open_key, received_key, task_id_of,
};

/// Keys that one BatchGetItem takes.
const BATCH: usize = 100;
/// Tasks that one page looks at when a filter matches few: the page ends short, with a cursor.
const LOOKED_AT: usize = 500;
/// Times that the rest of an incomplete BatchGetItem is asked for.
const BATCH_TRIES: u32 = 6;
const BATCH_BACKOFF: Duration = Duration::from_millis(50);

/// The indexes of the table `Tasks`.
pub(crate) struct TaskIndex {
    dynamo: Client,
    table: Resource,
}

impl TaskIndex {
    pub(crate) fn new(dynamo: Client, table: Resource) -> Self {
        Self { dynamo, table }
    }

    /// The tasks of `stage` that are due at `before`, longest due first.
    pub(crate) async fn due(
        &self,
        stage: Stage,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let shards = (0..OPEN_SHARDS).map(|shard| {
            let query = self
                .query(OPEN_INDEX)
                .key_condition_expression("#hash = :hash AND #range <= :before")
                .expression_attribute_names("#hash", OPEN)
                .expression_attribute_names("#range", DUE)
                .expression_attribute_values(":hash", text(open_key(stage, shard)))
                .expression_attribute_values(":before", time(before));
            self.first("due", query, limit)
        });
        let items = try_join_all(shards).await?.into_iter().flatten();
        let mut due = items.map(|item| due_of(&item)).collect::<Result<Vec<Due>, StoreError>>()?;
        due.sort_unstable_by(|a, b| (a.due_at, &a.task_id).cmp(&(b.due_at, &b.task_id)));
        due.truncate(limit);
        Ok(due)
    }

    /// A page of tasks, newest first.
    ///
    /// The index knows keys alone, so a filter is applied to the tasks behind them; a page gives up
    /// after `LOOKED_AT` of them.
    pub(crate) async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        let filtered = query.status.is_some() || query.source.is_some();
        let chunk = if filtered { query.limit.max(BATCH) } else { query.limit };
        let mut cursor = query.cursor.clone().map(checked_cursor).transpose()?;
        let (mut tasks, mut unreadable) = (Vec::new(), Vec::new());
        let mut looked_at = 0;
        while tasks.len() < query.limit && looked_at < LOOKED_AT.max(chunk) {
            let keys = self.newest(cursor.as_deref(), chunk).await?;
            let is_last = keys.len() < chunk;
            looked_at += keys.len();
            let mut found = self.get_all(&keys).await?;
            for key in keys {
                if tasks.len() == query.limit {
                    return Ok(Page { tasks, unreadable, cursor });
                }
                match found.remove(&key.task_id) {
                    Some(Ok(task)) => tasks.extend(Some(task).filter(|task| matches(task, query))),
                    Some(Err(problem)) => {
                        unreadable.push(Unreadable { task_id: key.task_id, problem: problem.to_string() });
                    }
                    None => {}
                }
                cursor = Some(key.received);
            }
            if is_last {
                return Ok(Page { tasks, unreadable, cursor: None });
            }
        }
        Ok(Page { tasks, unreadable, cursor })
    }

    /// The keys of the `count` newest tasks older than `cursor`.
    async fn newest(&self, cursor: Option<&str>, count: usize) -> Result<Vec<ListedKey>, StoreError> {
        let shards = (0..LISTED_SHARDS).map(|shard| {
            let condition =
                if cursor.is_some() { "#hash = :hash AND #range < :cursor" } else { "#hash = :hash" };
            let mut query = self
                .query(LISTED_INDEX)
                .key_condition_expression(condition)
                .expression_attribute_names("#hash", LISTED)
                .expression_attribute_values(":hash", text(listed_key(shard)))
                .scan_index_forward(false);
            if let Some(cursor) = cursor {
                query = query
                    .expression_attribute_names("#range", RECEIVED)
                    .expression_attribute_values(":cursor", text(cursor));
            }
            self.first("list", query, count)
        });
        let items = try_join_all(shards).await?.into_iter().flatten();
        let mut keys = items.map(|item| ListedKey::of(&item)).collect::<Result<Vec<_>, StoreError>>()?;
        keys.sort_unstable_by(|a, b| b.received.cmp(&a.received));
        keys.truncate(count);
        Ok(keys)
    }

    /// The tasks that were received in the thread of `task` after it, newest first. One request where there
    /// are none, which is the rule; the index knows neither source nor status, so the tasks are read too.
    pub(crate) async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        let query = self
            .query(THREAD_INDEX)
            .key_condition_expression("#hash = :hash AND #range > :own")
            .expression_attribute_names("#hash", THREAD)
            .expression_attribute_names("#range", RECEIVED)
            .expression_attribute_values(":hash", text(task.doc.thread.as_str()))
            .expression_attribute_values(":own", text(received_key(task.doc.received_at, &task.id)))
            .scan_index_forward(false);
        let items = self.first("newer in the thread", query, limit).await?;
        let keys = items.iter().map(ListedKey::of).collect::<Result<Vec<_>, StoreError>>()?;
        let mut found = self.get_all(&keys).await?;
        let tasks = keys.into_iter().filter_map(|key| found.remove(&key.task_id)?.ok());
        Ok(tasks.filter(|other| other.doc.source == task.doc.source).collect())
    }

    fn query(&self, index: &str) -> QueryFluentBuilder {
        self.dynamo.query().table_name(self.table.name()).index_name(index)
    }

    /// The first `limit` items that `query` finds, over as many pages as it takes.
    async fn first(
        &self,
        operation: &'static str,
        query: QueryFluentBuilder,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        while items.len() < limit {
            let rest = i32::try_from(limit - items.len()).unwrap_or(i32::MAX);
            let page = query.clone().limit(rest).set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| self.table.store_error(operation, &error))?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// The tasks behind `keys`, as far as they can be read, but for those that have been forgotten since.
    async fn get_all(
        &self,
        keys: &[ListedKey],
    ) -> Result<HashMap<TaskId, Result<Task, StoreError>>, StoreError> {
        let mut tasks = HashMap::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            let mut wanted: Vec<Item> = batch.iter().map(ListedKey::primary).collect();
            for attempt in 0.. {
                let (found, rest) = self.get_batch(wanted).await?;
                for item in found {
                    tasks.insert(task_id_of(&item)?, from_item(item));
                }
                if rest.is_empty() {
                    break;
                }
                if attempt == BATCH_TRIES {
                    return Err(StoreError::unavailable("list", "DynamoDB keeps answering in part"));
                }
                wanted = rest;
                tokio::time::sleep(BATCH_BACKOFF * 2_u32.pow(attempt)).await;
            }
        }
        Ok(tasks)
    }

    /// Some of `wanted`, and the keys of the rest: an answer ends at 16 MB, or when throttled.
    async fn get_batch(&self, wanted: Vec<Item>) -> Result<(Vec<Item>, Vec<Item>), StoreError> {
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(wanted))
            .build()
            .map_err(|error| StoreError::broken("list", error))?;
        let answer = self.dynamo.batch_get_item().request_items(self.table.name(), keys).send().await;
        let answer = answer.map_err(|error| self.table.store_error("list", &error))?;
        let mut found = answer.responses.unwrap_or_default();
        let mut rest = answer.unprocessed_keys.unwrap_or_default();
        let rest = rest.remove(self.table.name()).map(|keys| keys.keys).unwrap_or_default();
        Ok((found.remove(self.table.name()).unwrap_or_default(), rest))
    }
}

/// An entry of the index `listed` or `thread`.
struct ListedKey {
    task_id: TaskId,
    /// Time and id: the place in the list.
    received: String,
}

impl ListedKey {
    fn of(item: &Item) -> Result<Self, StoreError> {
        let received = text_of(item, RECEIVED).ok_or_else(|| unreadable(RECEIVED, "is not there"))?;
        Ok(Self { task_id: task_id_of(item)?, received: received.to_owned() })
    }

    fn primary(&self) -> Item {
        Item::from([(TASK_ID.to_owned(), text(self.task_id.as_str())), (PART.to_owned(), text(TASK_PART))])
    }
}

fn due_of(item: &Item) -> Result<Due, StoreError> {
    let lane = text_of(item, LANE).and_then(Lane::from_name);
    Ok(Due {
        task_id: task_id_of(item)?,
        due_at: time_of(item, DUE)?.ok_or_else(|| unreadable(DUE, "is not there"))?,
        // A later version's: whoever looks at the task finds out.
        lane: lane.unwrap_or(Lane::Standard),
    })
}

fn matches(task: &Task, query: &ListQuery) -> bool {
    query.status.is_none_or(|status| task.control.status == status)
        && query.source.as_ref().is_none_or(|source| task.doc.source == *source)
}

/// A cursor comes from outside. It is only ever compared, so a made-up one does no harm; but it
/// would give an empty page where an error is of more help.
fn checked_cursor(cursor: String) -> Result<String, StoreError> {
    let parts = cursor.split_once('#');
    let valid =
        parts.is_some_and(|(at, id)| parse_time(RECEIVED, at).is_ok() && id.parse::<TaskId>().is_ok());
    if valid {
        Ok(cursor)
    } else {
        Err(StoreError::broken("list", "the cursor is not one that a list has returned"))
    }
}
