//! Ids, statuses, pointers, and the cursors of lists: what people and programs put into addresses.

use domain::{Clock, ListQuery, StoreError, TaskId, TaskStatus};
use embedded::Embedded;
use futures::FutureExt;
use webhook::Pointer;

use super::text;
use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "ids",
    seeds: || {
        let id = TaskId::derive("github", b"1").to_string();
        let cursor = format!("1800000000000:{id}");
        [id.as_str(), cursor.as_str(), "awaiting_approval", "/data/object/id", "/a~1b/0"]
            .map(|seed| seed.as_bytes().to_vec())
            .to_vec()
    },
    words: &[
        "tsk_",
        ":",
        "~0",
        "~",
        "/",
        "-9223372036854775808",
        "9223372036854775807",
        "99999999999999999999",
    ],
    check,
};

fn check(input: &[u8]) {
    let text = text(input);
    if let Ok(id) = text.parse::<TaskId>() {
        assert_eq!(id.to_string(), text, "an id has one form");
        assert!(id.shard(4) < 4);
    }
    if let Ok(status) = text.parse::<TaskStatus>() {
        assert_eq!(status.as_str(), text);
    }
    if let Ok(pointer) = Pointer::new(&text) {
        assert!(pointer.as_str().starts_with('/'), "{text}");
    }
    cursor(&text);
}

/// A cursor that no list has returned is a mistake of whoever sends it, and nothing worse.
fn cursor(text: &str) {
    thread_local! {
        static STORE: Embedded = Embedded::in_memory(Clock::system()).unwrap();
    }
    let tasks = STORE.with(|store| store.stores().tasks);
    let query = ListQuery { limit: 10, cursor: Some(text.to_owned()), ..ListQuery::default() };
    let page = tasks.list(&query).now_or_never().expect("SQLite answers at once");
    match page {
        Ok(page) => assert!(page.tasks.is_empty()),
        Err(StoreError::Broken { .. }) => {}
        Err(StoreError::Unavailable { .. }) => panic!("a cursor took the store down"),
    }
}
