//! What is read of a task whose stored document is damaged: as much as can be, so that it ends like any other.

use serde_json::{Map, Value};

use crate::{Control, Task, TaskDoc, TaskError, TaskId, Timestamp, clip};

/// The format of the documents that this version writes. A version that writes what an earlier one cannot read raises it:
/// during a rollout both read the same tasks, and what a later version wrote is not damaged.
pub(crate) const FORMAT: u32 = 0;

/// [`TaskError::kind`] of a task whose document was damaged.
pub const DAMAGED_RECORD: &str = "damaged_record";

/// Bytes that are kept of a damaged document. A whole one has a few thousand.
const KEPT_BYTES: usize = 100 << 10;
/// What stands for a name that was lost: stores have no index of the empty one.
const LOST: &str = "unknown";

impl Task {
    /// The task that is stored as `control` and `document`. Of a damaged document the fields that can be read are there,
    /// the others hold their defaults, and the whole is kept in [`TaskDoc::damaged`].
    ///
    /// # Errors
    /// The document is a later version's, and not for this one to read.
    pub fn stored(id: TaskId, control: Control, document: &str) -> Result<Self, serde_json::Error> {
        let doc = match serde_json::from_str(document) {
            Ok(doc) => doc,
            Err(problem) => salvage(document, control.updated_at).ok_or(problem)?,
        };
        Ok(Self { id, control, doc })
    }

    /// Why the task ends if its document was damaged.
    #[must_use]
    pub fn damage(&self) -> Option<TaskError> {
        let message = "the stored record of the task is damaged and its state is not fully known. The task stops and cannot be retried: repair it by hand";
        self.doc.damaged.as_ref().map(|_| TaskError::new("read the task", DAMAGED_RECORD, message))
    }
}

/// What can be read of `document`, field by field; `None` if a later version wrote it.
fn salvage(document: &str, updated_at: Timestamp) -> Option<TaskDoc> {
    let fields: Map<String, Value> = serde_json::from_str(document).unwrap_or_default();
    if fields.get("format").and_then(Value::as_u64).is_some_and(|format| format > FORMAT.into()) {
        return None;
    }
    let unknown = TaskDoc {
        received_at: updated_at,
        opened_at: updated_at,
        source: LOST.to_owned(),
        tenant: LOST.to_owned(),
        thread: LOST.to_owned(),
        ..TaskDoc::default()
    };
    let mut known = serde_json::to_value(unknown).ok()?;
    for (name, value) in fields {
        let mut more = known.clone();
        more[name] = value;
        if serde_json::from_value::<TaskDoc>(more.clone()).is_ok() {
            known = more;
        }
    }
    let doc: TaskDoc = serde_json::from_value(known).ok()?;
    Some(TaskDoc { damaged: Some(clip(document, KEPT_BYTES).to_owned()), ..doc })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::full_task;

    fn full() -> Task {
        full_task(Timestamp::from_second(1_800_000_000).unwrap())
    }

    fn read(document: &Value) -> Result<Task, serde_json::Error> {
        let Task { id, control, .. } = full();
        Task::stored(id, control, &document.to_string())
    }

    #[test]
    fn damaged_field_takes_no_other_along() {
        let whole = json!(full().doc);
        for name in whole.as_object().unwrap().keys().filter(|name| *name != "damaged") {
            let mut damaged = whole.clone();
            damaged[name] = json!([[[]]]);
            let task = read(&damaged).unwrap();
            assert_eq!(task.doc.damaged.as_deref(), Some(&*damaged.to_string()), "{name}");
            let mut rest = json!(task.doc);
            for fields in [&mut rest, &mut damaged] {
                let fields = fields.as_object_mut().unwrap();
                fields.remove("damaged");
                fields.remove(name);
            }
            assert_eq!(rest, damaged, "{name}");
        }
    }

    #[test]
    fn document_of_which_nothing_can_be_read_is_kept_and_makes_a_task_that_can_be_stored() {
        for document in ["", "{", "null", "[1]", "{\"source\":"] {
            let Task { id, control, .. } = full();
            let task = Task::stored(id.clone(), control.clone(), document).unwrap();
            assert_eq!(
                (task.doc.damaged.as_deref(), task.damage().unwrap().kind),
                (Some(document), DAMAGED_RECORD.to_owned())
            );
            assert_eq!(
                (task.doc.source.as_str(), task.doc.thread.as_str(), task.doc.tenant.as_str()),
                (LOST, LOST, LOST)
            );
            assert_eq!(task.doc.received_at, control.updated_at, "else it would be forgotten at once");
            let again = Task::stored(id, control, &json!(task.doc).to_string()).unwrap();
            assert_eq!(again, task, "it stays damaged, whoever writes it");
        }
    }

    #[test]
    fn document_of_a_later_version_is_not_damaged() {
        let later = json!({"format": FORMAT + 1, "source": {"of": "tomorrow"}});
        assert!(read(&later).is_err());
        let mut readable = json!(full().doc);
        readable["format"] = json!(FORMAT + 1);
        assert_eq!(
            read(&readable).unwrap().doc.format,
            FORMAT + 1,
            "whoever writes it does not take that back"
        );
        assert_eq!(full().doc.format, FORMAT);
    }
}
