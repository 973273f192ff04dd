//! What the template creates and what the adapter creates for tests are the same tables and queues:
//! else the tests would hold for other resources than those that are deployed.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeDefinition, GlobalSecondaryIndexDescription, KeySchemaElement};
use aws_sdk_sqs::types::QueueAttributeName;
use e2e::emulator::Emulator;
use yaml_serde::Value;

use super::LANES;
use super::file::{Template, number, strings, text};

/// What of a table the code depends on.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    attributes: BTreeSet<Named>,
    key: Vec<Named>,
    indexes: BTreeSet<Index>,
    billing: String,
    ttl: Option<String>,
}

/// An attribute, and its type or its place in a key.
type Named = (String, String);

/// What of an index the code depends on.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Index {
    name: String,
    key: Vec<Named>,
    holds: String,
    beside_keys: Vec<String>,
}

impl Table {
    fn in_template(template: &Template, name: &str) -> Self {
        let table = template.properties(name);
        let ttl = &table["TimeToLiveSpecification"];
        let indexes = table["GlobalSecondaryIndexes"].as_sequence().map(Vec::as_slice).unwrap_or_default();
        Self {
            attributes: named(&table["AttributeDefinitions"], "AttributeType").into_iter().collect(),
            key: named(&table["KeySchema"], "KeyType"),
            indexes: indexes.iter().map(Index::in_template).collect(),
            billing: text(&table["BillingMode"]).to_owned(),
            ttl: (ttl["Enabled"].as_bool() == Some(true)).then(|| text(&ttl["AttributeName"]).to_owned()),
        }
    }

    async fn of_adapter(dynamo: &aws_sdk_dynamodb::Client, name: &str) -> Self {
        let table = dynamo.describe_table().table_name(name).send().await.unwrap().table.unwrap();
        let ttl = dynamo.describe_time_to_live().table_name(name).send().await.unwrap();
        let ttl = ttl.time_to_live_description.and_then(|ttl| ttl.attribute_name);
        Self {
            attributes: table.attribute_definitions().iter().map(attribute).collect(),
            key: table.key_schema().iter().map(key).collect(),
            indexes: table.global_secondary_indexes().iter().map(Index::of_adapter).collect(),
            billing: table.billing_mode_summary.unwrap().billing_mode.unwrap().as_str().to_owned(),
            ttl,
        }
    }
}

impl Index {
    fn in_template(index: &Value) -> Self {
        let held = &index["Projection"];
        let beside_keys = match &held["NonKeyAttributes"] {
            Value::Null => Vec::new(),
            others => strings(others).into_iter().map(str::to_owned).collect(),
        };
        Self {
            name: text(&index["IndexName"]).to_owned(),
            key: named(&index["KeySchema"], "KeyType"),
            holds: text(&held["ProjectionType"]).to_owned(),
            beside_keys,
        }
    }

    fn of_adapter(index: &GlobalSecondaryIndexDescription) -> Self {
        let held = index.projection().unwrap();
        Self {
            name: index.index_name().unwrap().to_owned(),
            key: index.key_schema().iter().map(key).collect(),
            holds: held.projection_type().unwrap().as_str().to_owned(),
            beside_keys: held.non_key_attributes().to_vec(),
        }
    }
}

fn named(list: &Value, kind: &str) -> Vec<Named> {
    let pair = |item: &Value| (text(&item["AttributeName"]).to_owned(), text(&item[kind]).to_owned());
    list.as_sequence().unwrap().iter().map(pair).collect()
}

fn attribute(attribute: &AttributeDefinition) -> Named {
    (attribute.attribute_name().to_owned(), attribute.attribute_type().as_str().to_owned())
}

fn key(key: &KeySchemaElement) -> Named {
    (key.attribute_name().to_owned(), key.key_type().as_str().to_owned())
}

#[tokio::test]
async fn tables_are_those_that_the_adapter_reads_and_writes() {
    let emulator = Emulator::shared();
    let names = emulator.resources().await.config;
    let dynamo = aws_sdk_dynamodb::Client::new(&emulator.sdk_config().await);
    let template = Template::read();
    for (resource, table) in [("TasksTable", names.tasks_table), ("StateTable", names.state_table)] {
        let created = Table::of_adapter(&dynamo, &table).await;
        assert_eq!(Table::in_template(&template, resource), created, "{resource}");
    }
}

#[tokio::test]
async fn lanes_keep_and_give_up_messages_as_those_of_the_adapter_do() {
    let emulator = Emulator::shared();
    let names = emulator.resources().await.config;
    let sqs = aws_sdk_sqs::Client::new(&emulator.sdk_config().await);
    let template = Template::read();
    for (lane, url) in
        LANES.iter().zip([names.queue_url_bulk, names.queue_url_express, names.queue_url_standard])
    {
        let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let created = asked.send().await.unwrap().attributes.unwrap();
        let lane = template.properties(lane);
        let retention = number(&lane["MessageRetentionPeriod"]).to_string();
        assert_eq!(created[&QueueAttributeName::MessageRetentionPeriod], retention);
        let redrive: serde_json::Value =
            serde_json::from_str(&created[&QueueAttributeName::RedrivePolicy]).unwrap();
        let receives = redrive["maxReceiveCount"].to_string();
        assert_eq!(receives.trim_matches('"'), number(&lane["RedrivePolicy"]["maxReceiveCount"]).to_string());
    }
}
