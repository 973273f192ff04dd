//! Attributes of DynamoDB items: their names, and reading and writing them.
//!
//! The table `Tasks` has the key (`task_id`, `part`). The item with the part `task` is the task;
//! every other item is one of its parts. Three indexes, all over the task items alone:
//!
//! | index | hash | range | holds | for |
//! |-|-|-|-|-|
//! | `open` | `open` = `stage#shard` | `due` = time | keys and `lane` | unfinished tasks, the longest due first |
//! | `listed` | `listed` = shard | `received` = `time#task_id` | keys | all tasks, the newest first |
//! | `thread` | `thread` | `received` | keys | the tasks of one conversation |
//!
//! The table `State` has the key (`key`, `part`).

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob as Bytes;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{StoreError, Timestamp};

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const TASK_ID: &str = "task_id";
pub(crate) const PART: &str = "part";
/// The part of the task item itself.
pub(crate) const TASK_PART: &str = "task";
pub(crate) const TTL: &str = "ttl";
/// Compressed bytes of a part.
pub(crate) const BYTES: &str = "bytes";
/// Key of the S3 object that holds the bytes instead.
pub(crate) const OBJECT: &str = "object";

pub(crate) const OPEN_INDEX: &str = "open";
pub(crate) const OPEN: &str = "open";
pub(crate) const DUE: &str = "due";
pub(crate) const LANE: &str = "lane";
pub(crate) const LISTED_INDEX: &str = "listed";
pub(crate) const LISTED: &str = "listed";
pub(crate) const RECEIVED: &str = "received";
pub(crate) const THREAD_INDEX: &str = "thread";
pub(crate) const THREAD: &str = "thread";

pub(crate) const KEY: &str = "key";

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A binary attribute.
pub(crate) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Bytes::new(value))
}

/// A time as text of fixed width, RFC 3339 with milliseconds, so that texts compare as times do.
pub(crate) fn time(at: Timestamp) -> AttributeValue {
    text(time_text(at))
}

pub(crate) fn time_text(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// `at` in whole seconds for DynamoDB's TTL, rounded up: nothing is deleted before its time.
pub(crate) fn ttl(at: Timestamp) -> AttributeValue {
    number(domain::after(at, Duration::from_millis(999)).as_second())
}

/// The attribute `name` as text, taken out of the item.
pub(crate) fn take_text(item: &mut Item, name: &str) -> Result<String, StoreError> {
    match item.remove(name) {
        Some(AttributeValue::S(value)) => Ok(value),
        _ => Err(unreadable(name, "is not there, or is not a string")),
    }
}

/// The attribute `name` as text, if there is one.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// The attribute `name` as a time, if there is one.
pub(crate) fn time_of(item: &Item, name: &str) -> Result<Option<Timestamp>, StoreError> {
    text_of(item, name).map(|value| parse_time(name, value)).transpose()
}

/// A time in the attribute `name`.
pub(crate) fn parse_time(name: &str, value: &str) -> Result<Timestamp, StoreError> {
    value.parse().map_err(|_| unreadable(name, "is not a time"))
}

/// The attribute `name` as a number.
pub(crate) fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    let value = item.get(name).and_then(|value| value.as_n().ok()).and_then(|value| value.parse().ok());
    value.ok_or_else(|| unreadable(name, "is not there, or is not a number in range"))
}

/// The error for a stored attribute that cannot be read: written by hand, or by another version.
pub(crate) fn unreadable(name: &str, why: &str) -> StoreError {
    StoreError::broken("read an item", format!("attribute `{name}` {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_times_sort_as_times_do() {
        let times = ["0001-01-01T00:00:00Z", "2026-11-20T09:59:59.999999Z", "2026-11-20T10:00:00Z"];
        let texts: Vec<String> = times.iter().map(|at| time_text(at.parse().unwrap())).collect();
        assert_eq!(
            texts,
            ["0001-01-01T00:00:00.000Z", "2026-11-20T09:59:59.999Z", "2026-11-20T10:00:00.000Z"]
        );
    }

    #[test]
    fn ttl_is_rounded_up_to_the_second() {
        assert_eq!(ttl("1970-01-01T00:00:10Z".parse().unwrap()), number(10));
        assert_eq!(ttl("1970-01-01T00:00:10.001Z".parse().unwrap()), number(11));
    }
}
