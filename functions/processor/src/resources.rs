//! [`Resources`]: what the work on a task draws on.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Jitter, Model, StatsRecorder, Stores};
use telemetry::Metrics;

use crate::Services;
use crate::config::Config;

/// How long an outside call may take, whatever the service's own client thinks.
pub(crate) const OUTSIDE_CALL: Duration = Duration::from_secs(10);

/// What the work on a task draws on, the same for all tasks of an execution environment. It holds no state
/// of its own but figures that are about to be written: a crash loses no work.
pub(crate) struct Resources {
    /// Storage and queues.
    pub(crate) stores: Stores,
    /// What thinks.
    pub(crate) model: Arc<dyn Model>,
    /// Where results go.
    pub(crate) services: Services,
    /// What agent.toml says.
    pub(crate) config: Config,
    /// The time.
    pub(crate) clock: Clock,
    /// Randomness for back-off.
    pub(crate) jitter: Jitter,
    /// Where metrics go.
    pub(crate) metrics: Metrics,
    /// The figures of the day, for the console.
    pub(crate) stats: StatsRecorder,
}
