//! [`TaskStore`] on DynamoDB: one request for each operation on a task.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::{
    Claim, ClaimRequest, Due, Insert, ListQuery, Page, Save, Stage, StoreError, Task, TaskId, TaskStatus,
    TaskStore, Timestamp,
};

use crate::conditional::{Written, written};
use crate::failure::Resource;
use crate::item::{Item, PART, TASK_ID, TASK_PART, number, text, time, time_of, time_text};
use crate::task_index::TaskIndex;
use crate::task_item::{NOT_BEFORE, OPEN_SHARDS, from_item, lease_of, open_key, status_of, to_item};

/// The condition of a claim: claimable, due, and nobody else's lease runs. A claim that has been
/// taken already, by the same owner until the same time, is not taken again: the SDK sent it twice,
/// and a second one would count a second try.
const CLAIMABLE: &str = "attribute_exists(task_id) \
    AND #status IN (:received, :waiting, :processing) \
    AND (attribute_not_exists(lease_until) OR lease_until <= :now \
         OR (lease_owner = :owner AND lease_until <> :until)) \
    AND (attribute_not_exists(not_before) OR not_before <= :now)";

const CLAIM: &str = "SET #status = :processing, revision = revision + :one, fence = fence + :one, \
    attempts = attempts + :one, lease_owner = :owner, lease_until = :until, #due = :until, \
    #open = :open, updated_at = :now \
    REMOVE not_before";

/// Tasks in the table `Tasks`.
pub(crate) struct DynamoTaskStore {
    dynamo: Client,
    table: Resource,
    index: TaskIndex,
}

impl DynamoTaskStore {
    pub(crate) fn new(dynamo: Client, table: String) -> Self {
        let table = Resource::new("DynamoDB table", table, "TASKS_TABLE");
        let index = TaskIndex::new(dynamo.clone(), table.clone());
        Self { dynamo, table, index }
    }

    /// Writes `item` if the condition that `conditioned` adds holds.
    async fn put(
        &self,
        operation: &'static str,
        item: Item,
        conditioned: impl FnOnce(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<Written<()>, StoreError> {
        let put = self
            .dynamo
            .put_item()
            .table_name(self.table.name())
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let answer = conditioned(put).send().await;
        written(operation, &self.table, answer.map(|_| ()))
    }

    fn update(&self, id: &TaskId, request: &ClaimRequest) -> UpdateItemFluentBuilder {
        self.dynamo
            .update_item()
            .table_name(self.table.name())
            .key(TASK_ID, text(id.as_str()))
            .key(PART, text(TASK_PART))
            .condition_expression(CLAIMABLE)
            .update_expression(CLAIM)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#due", "due")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":received", text(TaskStatus::Received.as_str()))
            .expression_attribute_values(":waiting", text(TaskStatus::Waiting.as_str()))
            .expression_attribute_values(":processing", text(TaskStatus::Processing.as_str()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", time(request.now))
            .expression_attribute_values(":owner", text(request.lease.owner.as_str()))
            .expression_attribute_values(":until", time(request.lease.until))
            .expression_attribute_values(":open", text(open_key(Stage::Processing, id.shard(OPEN_SHARDS))))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

#[async_trait]
impl TaskStore for DynamoTaskStore {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        let item = to_item(task, task.control.revision)?;
        match self
            .put("insert", item, |put| put.condition_expression("attribute_not_exists(task_id)"))
            .await?
        {
            Written::Done(()) => Ok(Insert::New),
            Written::Refused(found) => Ok(Insert::Exists(status_of(&found.unwrap_or_default())?)),
        }
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        let answer = self
            .dynamo
            .get_item()
            .table_name(self.table.name())
            .key(TASK_ID, text(id.as_str()))
            .key(PART, text(TASK_PART))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.table.store_error("get", &error))?;
        answer.item.map(from_item).transpose()
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        let answer = self.update(id, request).send().await;
        match written("claim", &self.table, answer)? {
            Written::Done(output) => {
                Ok(Claim::Claimed(Box::new(from_item(output.attributes.unwrap_or_default())?)))
            }
            Written::Refused(None) => Ok(Claim::Missing),
            Written::Refused(Some(found)) => refusal(found, request),
        }
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        let (seen, next) = (task.control.revision, task.control.revision + 1);
        let item = to_item(task, next)?;
        let answer = self
            .put("save", item, |put| {
                put.condition_expression("revision = :seen")
                    .expression_attribute_values(":seen", number(seen))
            })
            .await?;
        if let Written::Refused(found) = answer {
            // Our own write, sent twice by the SDK, is what it finds there.
            if found != Some(to_item(task, next)?) {
                return Ok(Save::Stale);
            }
        }
        task.control.revision = next;
        Ok(Save::Done)
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.index.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.index.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.index.list(query).await
    }
}

/// Why the claim was refused, read from the item as it was at that moment.
fn refusal(found: Item, request: &ClaimRequest) -> Result<Claim, StoreError> {
    let status = status_of(&found)?;
    if !status.is_claimable() {
        return Ok(Claim::Settled(status));
    }
    // As the condition had it: in milliseconds.
    let now = time_text(request.now);
    if let Some(lease) = lease_of(&found)?.filter(|lease| time_text(lease.until) > now) {
        if lease.owner == request.lease.owner {
            return Ok(Claim::Claimed(Box::new(from_item(found)?)));
        }
        return Ok(Claim::Busy { until: lease.until });
    }
    match time_of(&found, NOT_BEFORE)?.filter(|not_before| time_text(*not_before) > now) {
        Some(not_before) => Ok(Claim::NotDue { not_before }),
        None => Err(StoreError::unavailable("claim", "refused, although the task can be claimed")),
    }
}
