//! The tables and their indexes.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::TablesError;
use crate::item::{
    DUE, KEY, LANE, LISTED, LISTED_INDEX, OPEN, OPEN_INDEX, PART, RECEIVED, TASK_ID, THREAD, THREAD_INDEX,
    TTL,
};

/// AWS takes seconds, an emulator none.
const CREATION_TIMEOUT: Duration = Duration::from_secs(60);

/// Creates the table of tasks and parts.
pub(super) async fn create_tasks(dynamo: &Client, name: &str) -> Result<(), TablesError> {
    let request = tasks(dynamo.create_table().table_name(name));
    create(dynamo, name, request.map_err(|error| failure(name, &error))?).await
}

/// Creates the table of shared state.
pub(super) async fn create_state(dynamo: &Client, name: &str) -> Result<(), TablesError> {
    let request = keyed(dynamo.create_table().table_name(name), KEY, PART);
    create(dynamo, name, request.map_err(|error| failure(name, &error))?).await
}

fn tasks(mut table: CreateTableFluentBuilder) -> Result<CreateTableFluentBuilder, BuildError> {
    for attribute in [OPEN, DUE, LISTED, RECEIVED, THREAD] {
        table = table.attribute_definitions(string(attribute)?);
    }
    let keys_only = || Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    // A claim moves a task within this index without reading it, so the lane is beside the keys and
    // not in one of them.
    let with_lane =
        Projection::builder().projection_type(ProjectionType::Include).non_key_attributes(LANE).build();
    let table = table
        .global_secondary_indexes(index(OPEN_INDEX, OPEN, DUE, with_lane)?)
        .global_secondary_indexes(index(LISTED_INDEX, LISTED, RECEIVED, keys_only())?)
        .global_secondary_indexes(index(THREAD_INDEX, THREAD, RECEIVED, keys_only())?);
    keyed(table, TASK_ID, PART)
}

fn keyed(
    table: CreateTableFluentBuilder,
    hash: &str,
    range: &str,
) -> Result<CreateTableFluentBuilder, BuildError> {
    Ok(table
        .attribute_definitions(string(hash)?)
        .attribute_definitions(string(range)?)
        .set_key_schema(Some(keys(hash, range)?))
        .billing_mode(BillingMode::PayPerRequest))
}

fn index(name: &str, hash: &str, range: &str, held: Projection) -> Result<GlobalSecondaryIndex, BuildError> {
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(keys(hash, range)?))
        .projection(held)
        .build()
}

fn keys(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![key(hash, KeyType::Hash)?, key(range, KeyType::Range)?])
}

fn string(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}

/// Creates the table unless it is there, waits until it can be used, and switches TTL on.
async fn create(dynamo: &Client, name: &str, request: CreateTableFluentBuilder) -> Result<(), TablesError> {
    match request.send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => {}
        Err(error) => return Err(failure(name, &error)),
    }
    let active = dynamo.wait_until_table_exists().table_name(name).wait(CREATION_TIMEOUT).await;
    active.map_err(|error| failure(name, &error))?;
    switch_ttl_on(dynamo, name).await
}

/// Asks first: switching on what is on already is an error.
async fn switch_ttl_on(dynamo: &Client, name: &str) -> Result<(), TablesError> {
    let answer = dynamo.describe_time_to_live().table_name(name).send().await;
    let answer = answer.map_err(|error| failure(name, &error))?;
    let status = answer.time_to_live_description.and_then(|ttl| ttl.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build();
    let ttl = ttl.map_err(|error| failure(name, &error))?;
    let sent = dynamo.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await;
    sent.map(|_| ()).map_err(|error| failure(name, &error))
}

fn failure(name: &str, error: &(dyn std::error::Error + 'static)) -> TablesError {
    TablesError::new(format!("table `{name}`"), error)
}
