//! Independent work side by side, and calls of outside hosts, within the invocation's time.

use std::future::Future;
use std::time::Duration;

use domain::{TaskError, between};
use futures::StreamExt;
use futures::stream;

use crate::automation::bulkhead::with_host_permit;
use crate::reply::shadow;
use crate::{Context, Interrupt};

/// Pieces of one task's work that run at once.
const SIDE_BY_SIDE: usize = 10;
/// How long a call may take that an automation makes itself.
const MAX_CALL: Duration = Duration::from_secs(30);
/// A call with less time than this is left to the next invocation.
const MIN_CALL: Duration = Duration::from_secs(1);

impl Context {
    /// Runs independent `work` side by side, at most ten at once, and returns what came out in the same
    /// order. All of it runs to its end before the first failure is passed up: what was paid for is saved.
    ///
    /// ```
    /// use processor::{Context, Finished, Interrupt};
    ///
    /// async fn compare(context: Context) -> Result<Finished, Interrupt> {
    ///     let views = ["a user's", "a maintainer's"].map(|view| {
    ///         let context = &context;
    ///         async move { context.ask(view, &format!("Sum up the issue from {view} view.")).await }
    ///     });
    ///     let views = context.together(views).await?;
    ///     context.reply(views.join("\n\n")).await
    /// }
    /// ```
    ///
    /// # Errors
    /// The gravest [`Interrupt`], to be passed up.
    pub async fn together<T, W>(&self, work: impl IntoIterator<Item = W>) -> Result<Vec<T>, Interrupt>
    where
        W: Future<Output = Result<T, Interrupt>>,
    {
        let outcomes: Vec<Result<T, Interrupt>> = stream::iter(work).buffered(SIDE_BY_SIDE).collect().await;
        let (mut done, mut failures) = (Vec::with_capacity(outcomes.len()), Vec::new());
        for outcome in outcomes {
            match outcome {
                Ok(value) => done.push(value),
                Err(interrupt) => failures.push(interrupt),
            }
        }
        failures.into_iter().reduce(Interrupt::or_worse).map_or(Ok(done), Err)
    }

    /// Makes a call of `host` that changes nothing there, under one of the permits that all processors share
    /// (`calls_per_host`), and abandons it after 30 s or at the end of the invocation. Within
    /// [`Context::step`] its result is saved. What changes something is a [`crate::Action`]. Offline, the task ends in its
    /// place ([`crate::unread`]).
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up: the task comes back when no permit is free, and tries again when no
    /// answer came in time.
    pub async fn outside<T, W>(&self, host: &str, work: W) -> Result<T, Interrupt>
    where
        W: Future<Output = Result<T, Interrupt>>,
    {
        let claimed = &self.0;
        shadow::offline(claimed, host)?;
        let call = async {
            let left = between(claimed.now(), claimed.answer_by()).min(MAX_CALL);
            if left < MIN_CALL {
                let why = format!("too little time left to call {host}");
                return Err(Interrupt::defer(why, Some(claimed.now())));
            }
            tokio::time::timeout(left, work).await.unwrap_or_else(|_| {
                let message = format!("{host} did not answer within {} s", left.as_secs());
                Err(Interrupt::retry(TaskError::new(host, "no_answer", message)))
            })
        };
        with_host_permit(claimed, Some(host), MAX_CALL, call).await?
    }
}
