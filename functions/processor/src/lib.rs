//! The processor: takes SQS batches, claims tasks, lets the model think, publishes or parks.
//!
//! [`Processor::handle_batch`] is what Lambda calls and [`Processor::handle`] what the local runner
//! calls. The way of one task reads from top to bottom in `task/pipeline.rs` (claim, work, settle) and
//! `task/work.rs` (read, sort, dispatch); `automation/context.rs` is what an automation can do.

mod after_end;
mod automation;
mod automations;
mod compose;
#[cfg(feature = "lambda")]
pub mod lambda;
mod observe;
mod queue;
mod reply;
mod resources;
mod second_agent;
mod shadow_model;
#[cfg(feature = "simulated")]
pub mod simulated;
#[cfg(not(feature = "simulated"))]
mod simulated;
mod task;
mod triage;
mod version_documents;

pub use automation::context::Context;
pub use automation::conversation::note_in;
pub use automation::registry::{Automation, Registry};
pub use automation::stalls::StallWatch;
pub use automations::{register, registry};
pub use compose::{ComposeError, Parts, Processor, gemini, version};
pub use queue::ack::Ack;
pub use queue::shadows::{Capacity, Shadows};
pub use queue::sqs::{BatchItemFailure, SqsAttributes, SqsBatchResponse, SqsEvent, SqsRecord};
pub use reply::approval::Approval;
pub use reply::effect::{Action, Found};
pub use reply::shadow::unread;
pub use shadow_model::shadow_model;
pub use task::carried::{carry, is_conversational};
pub use task::interrupt::{Deferred, Finished, Interrupt, RefusedBy};
pub use triage::budget::schema_warnings;
pub use triage::question::said_before;

/// The cleaner of drafts: `draft` as it could be published in answer to `author`, who alone may be mentioned. It may
/// lead to hosts that `persona` names, and nowhere else.
#[cfg(feature = "fuzzing")]
#[must_use]
pub fn clean_draft(draft: &str, author: &str, persona: &str) -> String {
    use reply::clean::{Allowed, clean};
    clean(
        draft,
        &Allowed::new(author, &settings::Hosts::default(), &settings::Hosts::default())
            .with_hosts_of(persona),
        persona,
    )
    .text
}
