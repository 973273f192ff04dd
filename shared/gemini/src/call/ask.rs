//! One model asked until it gives an answer that can be used, or has had its second chances.

use super::context::CallContext;
use super::prompt;
use super::reading::{Flaw, Reading, read};
use super::retry;
use super::settle::CallRecord;
use super::thinking::Thinking;
use crate::failure::{About, Failure};
use crate::fleet::FleetModel;
use crate::wire::GenerateContentRequest;

/// What has been tried already; each of them once.
#[derive(Debug, Default)]
struct SecondChances {
    bared: bool,
    untiered: bool,
    unschemed: bool,
    lessened: bool,
    raised: bool,
    repeated: bool,
    repaired: bool,
}

/// The answer of `model`.
///
/// # Errors
/// The model gave no answer, or none that can be used.
pub(crate) async fn ask(
    context: &CallContext<'_>,
    record: &mut CallRecord,
    model: &FleetModel,
) -> Result<Reading, Failure> {
    let mut request = prompt::request(context.call, context.generation());
    context.thinking.apply(context.call.role, &model.name, &mut request);
    let mut chances = SecondChances::default();
    loop {
        let response = match retry::send(context, record, model, &request).await {
            Err(failure) if chances.mend(failure.about, context, model, &mut request) => continue,
            response => response?,
        };
        let flaw = match read(&response, &context.call.output) {
            Ok(reading) => return Ok(reading),
            Err(Flaw::Blocked(reason)) => return Err(Failure::blocked(&model.title, &reason)),
            Err(flaw) => flaw,
        };
        let description = flaw.describe();
        tracing::debug!(task_id = %context.call.task_id, step = %context.call.step, model = model.name, flaw = %description, "the answer cannot be used");
        if !chances.take(flaw, context.thinking, &model.name, &mut request) {
            return Err(Failure::unusable(&model.title, &description));
        }
    }
}

/// `true` the first time.
fn once(done: &mut bool) -> bool {
    !std::mem::replace(done, true)
}

impl SecondChances {
    /// Changes what was refused `about` the request. `false` if nothing can be done.
    fn mend(
        &mut self,
        about: Option<About>,
        context: &CallContext<'_>,
        model: &FleetModel,
        request: &mut GenerateContentRequest,
    ) -> bool {
        match about {
            Some(About::Thinking) => {
                let is_mended = context.thinking.refused(&model.name, request);
                // What was to be lessened is not: then there must be room for it.
                if is_mended && self.lessened && once(&mut self.raised) {
                    prompt::raise_output_bound(request);
                }
                is_mended
            }
            Some(About::Tier) => once(&mut self.untiered) && context.tiers.refused(context, model),
            Some(About::Schema) => once(&mut self.unschemed) && prompt::put_schema_in_words(request),
            // What we have added ourselves is left out, once.
            Some(About::Unsaid) => {
                once(&mut self.bared) && (Thinking::drop(request) | prompt::put_schema_in_words(request))
            }
            Some(About::Request) | None => false,
        }
    }

    /// Changes `request` so that another try makes sense. `false` if there is none left.
    fn take(
        &mut self,
        flaw: Flaw,
        thinking: &Thinking,
        model: &str,
        request: &mut GenerateContentRequest,
    ) -> bool {
        match flaw {
            // A higher bound would only make room for more thoughts.
            Flaw::Truncated { by_thoughts: true }
                if once(&mut self.lessened) && thinking.lessen(model, request) =>
            {
                true
            }
            // Sent unchanged, it would be cut off at the same place, for the same money.
            Flaw::Truncated { .. } => once(&mut self.raised) && prompt::raise_output_bound(request),
            Flaw::Malformed(_) | Flaw::Withheld(_) => once(&mut self.repeated),
            Flaw::Unfit { problem, said } => {
                let first = once(&mut self.repaired);
                if first {
                    prompt::ask_for_repair(request, &problem, said);
                }
                first
            }
            Flaw::Blocked(_) => false,
        }
    }
}
