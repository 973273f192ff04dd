//! [`StateStore`] on DynamoDB. A value, a counter and a lease under one key are three items, so they never mix.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::{Acquire, Expected, StateStore, StoreError, Swap, Timestamp, Versioned};
use serde_json::Value;

use crate::conditional::{OnlyRefused, Written, written};
use crate::failure::Resource;
use crate::item::{Item, KEY, PART, number, number_of, take_text, text, time, time_of, ttl, unreadable};

const VALUE: &str = "value";
const VERSION: &str = "version";
const FORGET_AT: &str = "forget_at";
const COUNT: &str = "count";
const LEASE: &str = "lease";
const UNTIL: &str = "until";

/// A key's version begins at the present in milliseconds and rises by one on every write. So it is higher after the
/// item was deleted and made again, and nobody takes the new item for the old one.
const SWAP_ABSENT: (&str, &str) = (
    "attribute_not_exists(#key) OR forget_at <= :now",
    "SET #value = :value, version = if_not_exists(version, :seed) + :one, \
     forget_at = :forget_at, #ttl = :ttl",
);
const SWAP_VERSION: (&str, &str) = (
    "version = :seen AND forget_at > :now",
    "SET #value = :value, version = :next, forget_at = :forget_at, #ttl = :ttl",
);

/// Shared values in the table `State`.
pub(crate) struct DynamoStateStore {
    dynamo: Client,
    table: Resource,
}

impl DynamoStateStore {
    pub(crate) fn new(dynamo: Client, table: String) -> Self {
        Self { dynamo, table: Resource::new("DynamoDB table", table, "STATE_TABLE") }
    }

    fn update(&self, key: &str, part: &str, forget_at: Timestamp) -> UpdateItemFluentBuilder {
        self.dynamo
            .update_item()
            .table_name(self.table.name())
            .key(KEY, text(key))
            .key(PART, text(part))
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":ttl", ttl(forget_at))
    }
}

#[async_trait]
impl StateStore for DynamoStateStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
        let answer = self
            .dynamo
            .get_item()
            .table_name(self.table.name())
            .key(KEY, text(key))
            .key(PART, text(VALUE))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.table.store_error("get a value", &error))?;
        answer.item.map_or(Ok(None), |item| versioned(item, now))
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError> {
        let update = self
            .update(key, VALUE, forget_at)
            .expression_attribute_names("#value", VALUE)
            .expression_attribute_values(":value", text(value.to_string()))
            .expression_attribute_values(":forget_at", time(forget_at))
            .expression_attribute_values(":now", time(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let once = Config::builder().retry_classifier(OnlyRefused);
        let answer = conditioned(update, expected, now).customize().config_override(once).send().await;
        let answer = written("swap a value", &self.table, answer)?;
        match (answer, expected) {
            (Written::Done(_), Expected::Version(seen)) => Ok(Swap::Done(seen + 1)),
            (Written::Done(output), Expected::Absent) => {
                Ok(Swap::Done(number_of(&output.attributes.unwrap_or_default(), VERSION)?))
            }
            (Written::Refused(found), _) => {
                found.map_or(Ok(None), |item| versioned(item, now)).map(Swap::Conflict)
            }
        }
    }

    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError> {
        let answer = self
            .update(key, COUNT, forget_at)
            .update_expression("ADD #count :amount SET #ttl = :ttl")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":amount", number(amount))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| self.table.store_error("add to a counter", &error))?;
        number_of(&answer.attributes.unwrap_or_default(), COUNT)
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        let answer = self
            .update(key, LEASE, until)
            .condition_expression("attribute_not_exists(#owner) OR #until <= :now OR #owner = :owner")
            .update_expression("SET #owner = :owner, #until = :until, #ttl = :ttl")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", time(until))
            .expression_attribute_values(":now", time(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match written("acquire a lease", &self.table, answer)? {
            Written::Done(_) => Ok(Acquire::Held),
            Written::Refused(found) => {
                let until = time_of(&found.unwrap_or_default(), UNTIL)?;
                until.map(|until| Acquire::Busy { until }).ok_or_else(|| unreadable(UNTIL, "is not there"))
            }
        }
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        let answer = self
            .dynamo
            .delete_item()
            .table_name(self.table.name())
            .key(KEY, text(key))
            .key(PART, text(LEASE))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .send()
            .await;
        // Refused: it is another's by now, or gone. Either way it is not ours.
        written("release a lease", &self.table, answer).map(|_| ())
    }
}

/// The value in `item`, unless it is past its time.
fn versioned(mut item: Item, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
    let forget_at = time_of(&item, FORGET_AT)?.ok_or_else(|| unreadable(FORGET_AT, "is not there"))?;
    if forget_at <= now {
        return Ok(None);
    }
    let value = take_text(&mut item, VALUE)?;
    let value = serde_json::from_str(&value).map_err(|_| unreadable(VALUE, "is not JSON"))?;
    Ok(Some(Versioned { value, version: number_of(&item, VERSION)? }))
}

/// Adds what `expected` asks for.
fn conditioned(
    update: UpdateItemFluentBuilder,
    expected: Expected,
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    match expected {
        Expected::Absent => update
            .condition_expression(SWAP_ABSENT.0)
            .update_expression(SWAP_ABSENT.1)
            .expression_attribute_names("#key", KEY)
            .expression_attribute_values(":seed", number(now.as_millisecond()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew),
        Expected::Version(seen) => update
            .condition_expression(SWAP_VERSION.0)
            .update_expression(SWAP_VERSION.1)
            .expression_attribute_values(":seen", number(seen))
            .expression_attribute_values(":next", number(seen.saturating_add(1))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_dynamodb::config::{Credentials, Region};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// How often a swap is sent, and whether it comes to something, given the first answer to it. A second one is
    /// answered with success.
    async fn sent(first: &str) -> (u32, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sdk = crate::config_loader()
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .load();
        let store = DynamoStateStore::new(crate::client::dynamo(&sdk.await), "State".to_owned());
        let now = Timestamp::UNIX_EPOCH;
        let swapped = tokio::spawn(async move {
            let until = domain::after(now, Duration::from_secs(60));
            store.swap("budget", Expected::Version(7), &Value::Null, now, until).await
        });
        let mut answers = vec!["200 OK\r\ncontent-length: 2\r\n\r\n{}", first];
        let mut sent = 0;
        while !swapped.is_finished() {
            let accepted = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
            let Ok(Ok((mut peer, _))) = accepted else { continue };
            read_request(&mut peer).await;
            sent += 1;
            let answer = format!("HTTP/1.1 {}", answers.pop().unwrap());
            peer.write_all(answer.as_bytes()).await.unwrap();
        }
        (sent, swapped.await.unwrap().is_ok())
    }

    /// All of it: what is left unread when a connection is closed may cost the answer.
    async fn read_request(peer: &mut TcpStream) {
        let mut read = Vec::new();
        loop {
            assert_ne!(peer.read_buf(&mut read).await.unwrap(), 0);
            let read = String::from_utf8_lossy(&read).to_ascii_lowercase();
            let Some((head, body)) = read.split_once("\r\n\r\n") else { continue };
            let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return;
            }
        }
    }

    /// By a second try, so many others may have written that nobody knows the first one again: what it gave back would
    /// be given back twice.
    #[tokio::test]
    async fn a_swap_that_may_have_been_made_is_not_sent_again() {
        let body = |status: &str, body: &str| {
            let head = "connection: close\r\ncontent-type: application/x-amz-json-1.0";
            format!("{status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        let failed = body("500 Internal Server Error", r#"{"__type":"InternalServerError"}"#);
        assert_eq!(sent(&failed).await, (1, false));
        assert_eq!(sent("200 OK\r\ncontent-length: 2\r\n\r\n").await, (1, false), "the connection breaks");
        let throttled = body("400 Bad Request", r#"{"__type":"ThrottlingException"}"#);
        assert_eq!(sent(&throttled).await, (2, true), "what was refused was not made");
    }
}
