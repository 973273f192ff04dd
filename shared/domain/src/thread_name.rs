//! [`thread_name`]: what people call a thread.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{API_SOURCE, TaskDoc, clip};

/// Bytes of the name of a thread.
const NAME_BYTES: usize = 64;

/// What people call the thread: by the name that its sender gave it (`ENG-123`, `EXPORT-4F`, `#812`), where the thread
/// itself is an id of programs.
#[must_use]
pub fn thread_name<'t>(source: &str, metadata: &'t Map<String, Value>, thread: &'t str) -> Cow<'t, str> {
    let said = |key: &str| metadata.get(key).filter(|_| source != API_SOURCE);
    let name = ["issue", "short_id"].iter().find_map(|key| said(key).and_then(Value::as_str));
    match (name.filter(|name| !name.is_empty()), said("number").and_then(Value::as_u64)) {
        (Some(name), _) => clip(name, NAME_BYTES).into(),
        (None, Some(number)) => format!("#{number}").into(),
        (None, None) => thread.into(),
    }
}

impl TaskDoc {
    /// What people call its thread.
    #[must_use]
    pub fn thread_name(&self) -> Cow<'_, str> {
        thread_name(&self.source, &self.metadata, &self.thread)
    }
}
