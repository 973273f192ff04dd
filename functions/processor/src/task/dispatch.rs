//! The automation of an intent, run so that a panic fails its task alone.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::{Classification, TaskError};
use futures::FutureExt;

use crate::task::claimed_task::ClaimedTask;
use crate::{Automation, Context, Finished, Interrupt, Registry};

/// Runs the automation of the intent. A panic fails this task alone.
pub(crate) async fn dispatch(
    registry: &Registry,
    claimed: &Arc<ClaimedTask>,
    classification: Classification,
) -> Result<Finished, Interrupt> {
    let source = claimed.task.lock().await.doc.source.clone();
    let (name, automation) = automation_of(registry, claimed, &source, &classification.intent)?;
    let work = automation.run(Context(Arc::clone(claimed)), classification.parameters);
    let work = claimed.resources.stalls.watched(name, &claimed.id, work);
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(panicked(name, Some(name), panic.as_ref()))).map_err(|interrupt| {
        match interrupt {
            Interrupt::Fail(mut error) => {
                error.automation.get_or_insert_with(|| name.to_owned());
                Interrupt::Fail(error)
            }
            other => other,
        }
    })
}

/// The automation of `intent`, with its name; the default one of `source` if agent.toml has no such intent.
fn automation_of<'a>(
    registry: &'a Registry,
    claimed: &'a ClaimedTask,
    source: &str,
    intent: &str,
) -> Result<(&'a str, &'a Automation), Interrupt> {
    let resources = &claimed.resources;
    let default = resources.default_automation(source);
    let name = resources.intent(intent).map_or(default, |intent| intent.automation.as_str());
    let automation = registry.get(name).ok_or_else(|| {
        let message = format!("there is no automation `{name}`; name another in agent.toml and retry");
        Interrupt::fail(TaskError::new("dispatch", "unknown_automation", message))
    })?;
    Ok((name, automation))
}

pub(crate) fn panicked(step: &str, automation: Option<&str>, panic: &(dyn Any + Send)) -> Interrupt {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let mut error =
        TaskError::new(step, "panic", format!("panicked: {}", text.unwrap_or("without a message")));
    error.automation = automation.map(str::to_owned);
    Interrupt::fail(error)
}
