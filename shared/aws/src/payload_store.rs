//! [`PayloadStore`] on DynamoDB: a part is an item beside its task; above 100 KB its bytes are in S3
//! and the item points to them, so that no item nears DynamoDB's limit of 400 KB.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::{Blob, PartKey, PayloadStore, PutNew, StoreError, TaskId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};

use crate::conditional::{Written, written};
use crate::failure::Resource;
use crate::item::{
    BYTES, Item, OBJECT, PART, TASK_ID, TASK_PART, TTL, bytes, take_text, text, text_of, ttl, unreadable,
};
use crate::objects::Objects;

/// Compressed bytes that an item holds itself.
const INLINE: usize = 100 << 10;
/// Objects that a list fetches at the same time.
const FETCHED_AT_ONCE: usize = 8;

/// Parts in the table `Tasks`, and in the bucket.
pub(crate) struct DynamoPayloadStore {
    dynamo: Client,
    table: Resource,
    objects: Objects,
}

impl DynamoPayloadStore {
    pub(crate) fn new(dynamo: Client, table: String, objects: Objects) -> Self {
        Self { dynamo, table: Resource::new("DynamoDB table", table, "TASKS_TABLE"), objects }
    }

    /// The bytes of `item`, from the item itself or from the bucket.
    async fn blob_of(&self, mut item: Item) -> Result<Blob, StoreError> {
        if let Some(key) = text_of(&item, OBJECT) {
            return self.objects.get(key).await;
        }
        let bytes = item.remove(BYTES).and_then(|value| match value {
            aws_sdk_dynamodb::types::AttributeValue::B(bytes) => Some(bytes.into_inner()),
            _ => None,
        });
        bytes.map(Blob::from_packed).ok_or_else(|| unreadable(BYTES, "is not there, or is not binary"))
    }

    /// The write of a part, whose large bytes are in the bucket by then.
    async fn item(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutItemFluentBuilder, StoreError> {
        if part.as_str() == TASK_PART {
            return Err(StoreError::broken("put a part", "the part `task` is the task itself"));
        }
        let (name, value) = if blob.packed().len() > INLINE {
            // The object comes first: a crash in between leaves an object that nothing points to,
            // which the bucket's lifecycle removes, and never a pointer to nothing.
            (OBJECT, text(self.objects.put(id, part, blob).await?))
        } else {
            (BYTES, bytes(blob.packed()))
        };
        let item = self.dynamo.put_item().table_name(self.table.name());
        let item = item.item(TASK_ID, text(id.as_str())).item(PART, text(part.as_str()));
        Ok(item.item(TTL, ttl(forget_at)).item(name, value))
    }

    async fn part_of(&self, mut item: Item) -> Result<(PartKey, Blob), StoreError> {
        let part = PartKey::from_name(take_text(&mut item, PART)?);
        Ok((part, self.blob_of(item).await?))
    }

    /// Asks for the parts whose name begins with `prefix`, the task item included.
    fn query(&self, id: &TaskId, prefix: &str) -> QueryFluentBuilder {
        let query = self
            .dynamo
            .query()
            .table_name(self.table.name())
            .key_condition_expression("task_id = :id")
            .expression_attribute_values(":id", text(id.as_str()))
            .consistent_read(true);
        // DynamoDB takes no empty string in a key condition.
        if prefix.is_empty() {
            return query;
        }
        query
            .key_condition_expression("task_id = :id AND begins_with(part, :prefix)")
            .expression_attribute_values(":prefix", text(prefix))
    }

    /// The first `limit` parts that `query` finds.
    async fn parts(
        &self,
        query: QueryFluentBuilder,
        limit: usize,
    ) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while items.len() < limit
            && let Some(item) = pages.next().await
        {
            let item = item.map_err(|error| self.table.store_error("list parts", &error))?;
            if text_of(&item, PART) != Some(TASK_PART) {
                items.push(item);
            }
        }
        let parts = items.into_iter().map(|item| self.part_of(item));
        stream::iter(parts).buffered(FETCHED_AT_ONCE).try_collect().await
    }
}

#[async_trait]
impl PayloadStore for DynamoPayloadStore {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError> {
        let item = self.item(id, part, blob, forget_at).await?;
        let answer = item.condition_expression("attribute_not_exists(task_id)").send().await;
        Ok(match written("put a part", &self.table, answer)? {
            Written::Done(_) => PutNew::Stored,
            Written::Refused(_) => PutNew::Exists,
        })
    }

    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        let answer = self.item(id, part, blob, forget_at).await?.send().await;
        answer.map(drop).map_err(|error| self.table.store_error("put a part", &error))
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        let answer = self
            .dynamo
            .get_item()
            .table_name(self.table.name())
            .key(TASK_ID, text(id.as_str()))
            .key(PART, text(part.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.table.store_error("get a part", &error))?;
        match answer.item {
            Some(item) => self.blob_of(item).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        self.parts(self.query(id, prefix), usize::MAX).await
    }

    async fn list_last(
        &self,
        id: &TaskId,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        // A page has the parts that are wanted, and the task item, which may be among them.
        let page = i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX);
        let query = self.query(id, prefix).scan_index_forward(false).limit(page);
        self.parts(query, limit).await
    }
}
