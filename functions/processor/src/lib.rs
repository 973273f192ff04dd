//! The processor: takes SQS batches, claims tasks, lets the model think, publishes or parks.
//!
//! [`Processor::handle_batch`] is what Lambda calls and [`Processor::handle`] what the local runner
//! calls. The way of one task: `queue/batch.rs` (the message), `task/claim.rs` (claim), `task/work.rs`
//! (sort and dispatch), `automation/context.rs` (what an automation can do), `task/settle.rs` (the last
//! write).

mod after_end;
mod automation;
mod automations;
mod compose;
mod config;
#[cfg(feature = "lambda")]
pub mod lambda;
mod observe;
mod queue;
mod reply;
mod services;
mod task;
mod triage;

use std::sync::Arc;

use domain::{Approver, Clock, Jitter, Model, StatsRecorder, Stores};
use telemetry::Metrics;

pub use automation::context::{Context, Finished};
pub use automation::registry::{Automation, Registry};
pub use automations::registry;
pub use compose::{ComposeError, Parts, gemini};
pub use config::Config;
pub use queue::ack::Disposition;
pub use queue::batch::{BatchItemFailure, Fate, SqsAttributes, SqsBatchResponse, SqsEvent, SqsRecord};
pub use reply::approval::Approval;
pub use reply::effect::{Action, Found};
pub use services::{MissingCredential, OutsideService, Services, ServicesError, needs, services};
pub use task::interrupt::{Deferred, Interrupt};

/// Everything that the work on tasks needs. Holds no state of its own but figures
/// that are about to be written: a crash loses no work.
pub struct Processor {
    /// Storage and queues.
    pub stores: Stores,
    /// What thinks.
    pub model: Arc<dyn Model>,
    /// Where results go.
    pub services: Services,
    /// Where people are asked about drafts, besides the console.
    pub approver: Option<Arc<dyn Approver>>,
    /// The automations.
    pub registry: Arc<Registry>,
    /// What agent.toml says.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Randomness for back-off.
    pub jitter: Jitter,
    /// Where metrics go.
    pub metrics: Metrics,
    /// What the day brings, for the console.
    pub stats: StatsRecorder,
}
