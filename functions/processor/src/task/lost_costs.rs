//! What a processor has paid for a task and died before it could write so: it stands with the stored calls.

use domain::{Blob, Exchange, PartKey, StepUsage, StoreError, Task};
use serde::Serialize;
use serde_json::Value;

use crate::resources::Resources;

/// A call as it is stored: what was said, and what it and those that were stored with it have cost.
#[derive(Serialize)]
pub(crate) struct BilledCall<'c> {
    #[serde(flatten)]
    pub(crate) exchange: &'c Exchange,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) usage: &'c [StepUsage],
}

/// Adds to `task` what its earlier claims have spent beyond what it tells, and returns that. A call that is behind
/// [`domain::TaskDoc::counted_call`] is in no write of the task: each write has both, or none.
///
/// # Errors
/// The calls cannot be read.
pub(crate) async fn find(resources: &Resources, task: &mut Task) -> Result<Vec<StepUsage>, StoreError> {
    let own = PartKey::call(task.control.fence, 0);
    let mut found = Vec::new();
    for (part, call) in resources.stores.payloads.list(&task.id, PartKey::CALLS).await? {
        let is_counted = task.doc.counted_call.as_deref().is_some_and(|last| part.as_str() <= last);
        if !is_counted && part < own {
            found.extend(cost_of(&call)?);
            task.doc.counted_call = Some(part.to_string());
        }
    }
    found.iter().for_each(|usage| task.add_usage(usage.clone()));
    Ok(found)
}

/// What a stored call has cost; nothing of one that was stored before calls had their costs with them.
fn cost_of(call: &Blob) -> Result<Vec<StepUsage>, StoreError> {
    const READ: &str = "read a call";
    let usage = call.json::<Value>(READ)?.get_mut("usage").map(Value::take);
    let usage = usage.map(serde_json::from_value).transpose();
    Ok(usage.map_err(|error| StoreError::broken(READ, error))?.unwrap_or_default())
}
