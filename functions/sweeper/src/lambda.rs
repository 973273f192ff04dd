//! The sweeper as a Lambda function, called by a schedule.

use std::time::Duration;

use domain::{Timestamp, after};
use lambda::BootError;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;

use crate::{Report, Sweeper};

/// Kept free at the end of an invocation for what is under way.
const LAST_TASKS: Duration = Duration::from_secs(10);

/// One execution environment.
pub struct Function(Sweeper);

impl Function {
    /// Starts the execution environment.
    ///
    /// # Errors
    /// [`BootError`].
    pub async fn start() -> Result<Self, BootError> {
        let booted = lambda::boot(None).await?;
        Ok(Self(Sweeper { stores: booted.stores, clock: booted.clock }))
    }

    /// One sweep; what the event says does not matter.
    ///
    /// # Errors
    /// When the stores do not even say what is due; the next minute tries again.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Report, Error> {
        let end = i64::try_from(event.context.deadline).ok();
        let end = end.and_then(|end| Timestamp::from_millisecond(end).ok());
        let deadline = end.and_then(|end| end.checked_sub(LAST_TASKS).ok());
        let deadline = deadline.unwrap_or_else(|| after(self.0.clock.now(), LAST_TASKS));
        Ok(self.0.sweep(deadline).await?)
    }
}
