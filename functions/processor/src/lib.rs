//! The processor: takes SQS batches, claims tasks, lets the model think, publishes or parks.
//!
//! [`Processor::handle_batch`] is what Lambda calls and [`Processor::handle`] what the local runner
//! calls; the way of one task reads from top to bottom in `process.rs` (claim), `work.rs` (sort and
//! dispatch), `context.rs` (what an automation can do) and `settle.rs` (the last write).

mod approver;
mod automations;
mod batch;
mod callback;
mod cap;
mod clean;
mod config;
mod context;
mod conversation;
mod disposition;
mod effect;
mod fallback;
mod follow_up;
mod gate;
mod hosts;
mod interrupt;
#[cfg(feature = "lambda")]
pub mod lambda;
mod media;
#[cfg(feature = "lambda")]
mod not_ready;
mod observe;
mod person;
mod process;
mod prompt;
mod registry;
mod run;
mod services;
mod settle;
mod steps;
mod supersede;
mod thread;
mod triage;
mod untrusted;
mod wire;
mod work;

use std::sync::Arc;

use domain::{Approver, Clock, Jitter, Model, StatsRecorder, Stores};
use telemetry::Metrics;

pub use automations::registry;
pub use batch::{BatchItemFailure, Fate, SqsAttributes, SqsBatchResponse, SqsEvent, SqsRecord};
pub use config::Config;
pub use context::{Context, Finished};
pub use disposition::Disposition;
pub use effect::{Deed, Found};
pub use interrupt::{Deferred, Interrupt};
pub use person::Approval;
pub use registry::{Automation, Registry};
pub use services::{MissingCredential, OutsideService, Services, ServicesError, needs, services};
pub use wire::{Parts, WireError, gemini};

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
    pub daybook: StatsRecorder,
}
