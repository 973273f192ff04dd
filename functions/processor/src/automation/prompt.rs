//! The instruction for the answer model: the template of the task's intent, filled in.

use std::sync::Arc;

use domain::TaskError;
use settings::PromptValues;

use crate::Interrupt;
use crate::automation::untrusted::Fence;
use crate::task::claimed_task::ClaimedTask;

/// The instruction that the intent of the task has in agent.toml, or `instead` if it has none.
pub(crate) async fn instruction(claimed: &ClaimedTask, instead: &str) -> Result<String, Interrupt> {
    let (known, note) = {
        let doc = &claimed.task.lock().await.doc;
        (doc.classification.clone(), doc.retry_note.clone())
    };
    let Some(known) = known else { return Ok(instead.to_owned()) };
    let intent = claimed.resources.intent(&known.intent);
    let Some(template) = intent.and_then(|intent| intent.prompt.as_ref()) else {
        return Ok(instead.to_owned());
    };
    let values = PromptValues {
        agent: &claimed.resources.settings.agent.name,
        event: &claimed.event.name,
        title: claimed.event.title.as_deref(),
        actor: &claimed.event.actor,
        tenant: &claimed.event.tenant,
        thread: &claimed.event.thread,
        intent: &known.intent,
        confidence: known.confidence,
        parameters: Some(&known.parameters),
        retry_note: note.as_deref(),
    };
    let fence = Fence::of(&claimed.nonce);
    template.render(&values, Arc::new(move |text| fence.around("a value of the event", text))).map_err(
        |why| {
            let message = format!(
                "the prompt of the intent `{}` cannot be filled in: {why}; mend it and retry",
                known.intent
            );
            Interrupt::fail(TaskError::new("prompt", "bad_prompt", message))
        },
    )
}
