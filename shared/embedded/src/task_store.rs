//! [`TaskStore`] on SQLite: every write is one conditional statement, as on DynamoDB.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Claim, ClaimRequest, Control, Due, Insert, Lane, Lease, ListQuery, Page, Save, Stage, StoreError, Task,
    TaskId, TaskStatus, TaskStore, Timestamp, Unreadable,
};
use rusqlite::{Connection, Row, named_params};

use crate::database::{Database, returned};
use crate::failure::{Failure, counter, integer, millis, timestamp};

/// The columns that [`task`] reads, in its order.
macro_rules! columns {
    () => {
        "task_id, status, revision, fence, attempts, lease_owner, lease_until, not_before, due_at, \
         updated_at, doc"
    };
}

const INSERT: &str = "
    INSERT INTO task (task_id, status, revision, fence, attempts, lease_owner, lease_until, not_before,
        due_at, updated_at, source, thread, lane, received_at, forget_at, doc)
    VALUES (:task_id, :status, :revision, :fence, :attempts, :lease_owner, :lease_until, :not_before,
        :due_at, :updated_at, :source, :thread, :lane, :received_at, :forget_at, :doc)
    ON CONFLICT (task_id) DO NOTHING";

const CLAIM: &str = concat!(
    "UPDATE task SET status = 'processing', revision = revision + 1, fence = fence + 1,
        attempts = attempts + 1, lease_owner = :owner, lease_until = :until, not_before = NULL,
        due_at = :until, updated_at = :now
    WHERE task_id = :task_id AND (status = 'received'
        OR (status = 'waiting' AND ifnull(not_before, :now) <= :now)
        OR (status = 'processing' AND ifnull(lease_until, :now) <= :now))
    RETURNING ",
    columns!()
);

const SAVE: &str = "
    UPDATE task SET status = :status, revision = revision + 1, fence = :fence, attempts = :attempts,
        lease_owner = :lease_owner, lease_until = :lease_until, not_before = :not_before,
        due_at = :due_at, updated_at = :updated_at, source = :source, thread = :thread, lane = :lane,
        received_at = :received_at, forget_at = :forget_at, doc = :doc
    WHERE task_id = :task_id AND revision = :revision";

/// Whether the stored task is what [`SAVE`] with the same parameters leaves behind.
const SAVED_BEFORE: &str = "
    SELECT 1 FROM task WHERE task_id = :task_id AND revision = :revision + 1 AND status = :status
        AND fence = :fence AND attempts = :attempts AND lease_owner IS :lease_owner
        AND lease_until IS :lease_until AND not_before IS :not_before AND due_at IS :due_at
        AND updated_at = :updated_at AND source = :source AND thread = :thread AND lane = :lane
        AND received_at = :received_at AND forget_at = :forget_at AND doc = :doc";

/// Tasks in table `task`.
pub(crate) struct SqliteTasks {
    database: Arc<Database>,
}

impl SqliteTasks {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl TaskStore for SqliteTasks {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.database.write("insert", |connection| insert(connection, task))
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.database.read("get", |connection| get(connection, id))
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.database.write("claim", |connection| claim(connection, id, request))
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        let answer = self.database.write("save", |connection| save(connection, task))?;
        if answer == Save::Done {
            task.control.revision += 1;
        }
        Ok(answer)
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.database.read("due", |connection| due(connection, stage, before, limit))
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.database.read("newer in the thread", |connection| newer_in_thread(connection, task, limit))
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.database.read("list", |connection| list(connection, query))
    }
}

fn insert(connection: &Connection, task: &Task) -> Result<Insert, Failure> {
    if write(connection, INSERT, task)? == 1 {
        return Ok(Insert::New);
    }
    let status: String = connection
        .prepare_cached("SELECT status FROM task WHERE task_id = ?1")?
        .query_row([task.id.as_str()], |row| row.get(0))?;
    Ok(Insert::Exists(status.parse().map_err(Failure::Value)?))
}

fn get(connection: &Connection, id: &TaskId) -> Result<Option<Task>, Failure> {
    let mut statement =
        connection.prepare_cached(concat!("SELECT ", columns!(), " FROM task WHERE task_id = ?1"))?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(task).transpose()
}

fn claim(connection: &Connection, id: &TaskId, request: &ClaimRequest) -> Result<Claim, Failure> {
    let parameters = named_params! {
        ":task_id": id.as_str(),
        ":owner": request.lease.owner,
        ":until": millis(request.lease.until),
        ":now": millis(request.now),
    };
    let mut statement = connection.prepare_cached(CLAIM)?;
    if let Some(claimed) = returned(&mut statement, parameters, task)? {
        return Ok(Claim::Claimed(Box::new(claimed)));
    }
    Ok(get(connection, id)?.map_or(Claim::Missing, |task| refusal(task, request)))
}

/// Why a task could not be claimed; or the claim, if the same request was sent before.
fn refusal(task: Task, request: &ClaimRequest) -> Claim {
    let control = &task.control;
    match (control.status, &control.lease, control.not_before) {
        (TaskStatus::Processing, Some(lease), _) if lease.owner == request.lease.owner => {
            Claim::Claimed(Box::new(task))
        }
        (TaskStatus::Processing, Some(lease), _) => Claim::Busy { until: lease.until },
        (TaskStatus::Waiting, _, Some(not_before)) => Claim::NotDue { not_before },
        (status, ..) => Claim::Settled(status),
    }
}

fn save(connection: &Connection, task: &Task) -> Result<Save, Failure> {
    if write(connection, SAVE, task)? == 1 || write(connection, SAVED_BEFORE, task)? == 1 {
        Ok(Save::Done)
    } else {
        Ok(Save::Stale)
    }
}

/// Runs a statement that takes the whole task, and says how many rows it changed or found.
fn write(connection: &Connection, sql: &'static str, task: &Task) -> Result<usize, Failure> {
    let (control, doc) = (&task.control, &task.doc);
    let mut statement = connection.prepare_cached(sql)?;
    let text = serde_json::to_string(doc)?;
    let parameters = named_params! {
        ":task_id": task.id.as_str(),
        ":status": control.status.as_str(),
        ":revision": integer(control.revision)?,
        ":fence": integer(control.fence)?,
        ":attempts": control.attempts,
        ":lease_owner": control.lease.as_ref().map(|lease| lease.owner.as_str()),
        ":lease_until": control.lease.as_ref().map(|lease| millis(lease.until)),
        ":not_before": control.not_before.map(millis),
        ":due_at": control.due_at.map(millis),
        ":updated_at": millis(control.updated_at),
        ":source": doc.source,
        ":thread": doc.thread,
        ":lane": doc.priority.lane().as_str(),
        ":received_at": millis(doc.received_at),
        ":forget_at": millis(task.forgotten_at()),
        ":doc": text,
    };
    if statement.readonly() {
        Ok(usize::from(statement.exists(parameters)?))
    } else {
        Ok(statement.execute(parameters)?)
    }
}

fn due(connection: &Connection, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, Failure> {
    let statuses = TaskStatus::ALL.into_iter().filter(|status| Stage::of(*status) == stage);
    let statuses: Vec<&str> = statuses.map(TaskStatus::as_str).collect();
    let mut statement = connection.prepare_cached(
        "SELECT task_id, due_at, lane FROM task
         WHERE status IN (SELECT value FROM json_each(?1)) AND due_at <= ?2
         ORDER BY due_at, task_id LIMIT ?3",
    )?;
    let statuses = serde_json::to_string(&statuses)?;
    let rows = statement.query_and_then((statuses, millis(before), at_most(limit)), |row| {
        let lane: String = row.get(2)?;
        Ok(Due {
            task_id: id(&row.get::<_, String>(0)?)?,
            due_at: timestamp(row.get(1)?)?,
            // A later version's: whoever looks at the task finds out.
            lane: Lane::from_name(&lane).unwrap_or(Lane::Standard),
        })
    })?;
    rows.collect()
}

fn newer_in_thread(connection: &Connection, than: &Task, limit: usize) -> Result<Vec<Task>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM task WHERE thread = :thread AND source = :source
            AND (received_at, task_id) > (:received_at, :task_id)
         ORDER BY received_at DESC, task_id DESC LIMIT :limit"
    ))?;
    let rows = statement.query_and_then(
        named_params! {
            ":thread": than.doc.thread,
            ":source": than.doc.source,
            ":received_at": millis(than.doc.received_at),
            ":task_id": than.id.as_str(),
            ":limit": at_most(limit),
        },
        |row| Ok(task(row).ok()),
    )?;
    rows.filter_map(Result::transpose).collect()
}

fn list(connection: &Connection, query: &ListQuery) -> Result<Page, Failure> {
    let (received_at, task_id) = match &query.cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (i64::MAX, String::new()),
    };
    let mut statement =
        connection.prepare_cached(list_statement(query.status.is_some(), query.source.is_some()))?;
    // One more than asked for tells whether there is a next page.
    let rows = statement.query_and_then(
        named_params! {
            ":status": query.status.map(TaskStatus::as_str),
            ":source": query.source,
            ":received_at": received_at,
            ":task_id": task_id,
            ":limit": at_most(query.limit.saturating_add(1)),
        },
        listed,
    )?;
    let mut rows: Vec<(String, Result<Task, Unreadable>)> = rows.collect::<Result<_, Failure>>()?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let mut page =
        Page { cursor: rows.last().filter(|_| more).map(|(place, _)| place.clone()), ..Page::default() };
    for (_, row) in rows {
        match row {
            Ok(task) => page.tasks.push(task),
            Err(unreadable) => page.unreadable.push(unreadable),
        }
    }
    Ok(page)
}

/// The place of a task in the list, and the task. The newest is first; within a millisecond, the highest id.
fn listed(row: &Row<'_>) -> Result<(String, Result<Task, Unreadable>), Failure> {
    let task_id = id(&row.get::<_, String>(0)?)?;
    let place = format!("{}.{task_id}", row.get::<_, i64>("received_at")?);
    let task = task(row).map_err(|failure| match failure {
        // Where, not what: the document may quote what users wrote.
        Failure::Json(error) => {
            format!("its document is a later version's (line {}, column {})", error.line(), error.column())
        }
        other => other.to_string(),
    });
    Ok((place, task.map_err(|problem| Unreadable { task_id, problem })))
}

/// Spelled out for each pair of filters: a condition such as `:source IS NULL OR …` would keep SQLite
/// from its indexes. The idle comparisons bind the parameters that a statement does not use.
fn list_statement(by_status: bool, by_source: bool) -> &'static str {
    macro_rules! statement {
        ($filter:literal) => {
            concat!(
                "SELECT ",
                columns!(),
                ", received_at FROM task WHERE ",
                $filter,
                " AND (received_at, task_id) < (:received_at, :task_id)",
                " ORDER BY received_at DESC, task_id DESC LIMIT :limit"
            )
        };
    }
    match (by_status, by_source) {
        (true, true) => statement!("status = :status AND source = :source"),
        (true, false) => statement!("status = :status AND :source IS NULL"),
        (false, true) => statement!("source = :source AND :status IS NULL"),
        (false, false) => statement!(":status IS NULL AND :source IS NULL"),
    }
}

fn read_cursor(cursor: &str) -> Result<(i64, String), Failure> {
    cursor
        .split_once('.')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.parse::<TaskId>().ok()?.to_string())))
        .ok_or_else(|| Failure::Value("the cursor is not one that a list has returned".to_owned()))
}

fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn id(text: &str) -> Result<TaskId, Failure> {
    text.parse().map_err(|error: domain::TaskIdError| Failure::Value(error.to_string()))
}

/// The task in a row of [`columns`].
fn task(row: &Row<'_>) -> Result<Task, Failure> {
    let time = |column: usize| row.get::<_, Option<i64>>(column)?.map(timestamp).transpose();
    let lease = match (row.get::<_, Option<String>>(5)?, time(6)?) {
        (Some(owner), Some(until)) => Some(Lease { owner, until }),
        _ => None,
    };
    let control = Control {
        status: row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?.parse().map_err(Failure::Value)?,
        revision: counter(row.get(2)?)?,
        fence: counter(row.get(3)?)?,
        attempts: counter(row.get(4)?)?,
        lease,
        not_before: time(7)?,
        due_at: time(8)?,
        updated_at: timestamp(row.get(9)?)?,
    };
    let doc = row.get_ref(10)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(Task::stored(id(&row.get::<_, String>(0)?)?, control, doc)?)
}
