//! A bulkhead per host: a limit on concurrent calls, kept by all processors together.
//!
//! A host has so many permits. Each is a lease in the state store: a crash frees it when the lease ends, by anybody's
//! clock, which is minutes later where clocks may differ. A task that finds none free for 2 s goes back to the queue. So a
//! slow host holds up its own tasks alone, and never more than a few processors at once.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use domain::{Acquire, after};
use futures::FutureExt;
use tracing::warn;

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;

/// How long a task waits for a free permit: paying an environment to wait is waste.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time between two looks, each at one permit: within the time-out, each of ten is looked at twice.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How soon a task comes back that found no permit.
const COME_BACK: Duration = Duration::from_secs(5);
/// A permit's lease runs from before the store is asked for it, and the work begins once it has answered.
const ANSWER: Duration = Duration::from_secs(10);

/// A permit to call a host, held until it is released or its lease ends.
struct Permit {
    key: String,
    owner: String,
}

/// Runs `work` under a permit of `host`, if it calls one. It must end within `hold`: after that the permit counts as free.
pub(crate) async fn with_host_permit<W: Future>(
    claimed: &ClaimedTask,
    host: Option<&str>,
    hold: Duration,
    work: W,
) -> Result<W::Output, Interrupt> {
    let Some(host) = host else { return Ok(work.await) };
    let permit = take_permit(claimed, host, hold).await?;
    let result = AssertUnwindSafe(work).catch_unwind().await;
    give_back(claimed, &permit.key, &permit.owner).await;
    Ok(result.unwrap_or_else(|panic| resume_unwind(panic)))
}

async fn give_back(claimed: &ClaimedTask, key: &str, owner: &str) {
    if let Err(problem) = claimed.resources.stores.state.release(key, owner).await {
        warn!(key, %problem, "a permit of the host stays taken until its lease ends");
    }
}

async fn take_permit(claimed: &ClaimedTask, host: &str, hold: Duration) -> Result<Permit, Interrupt> {
    let permits = claimed.resources.settings.automations.calls_per_host;
    let drawn = claimed.resources.jitter.draw();
    // Several may look after a task that has ended, under one fence: whoever had another's permit would call beside it.
    let owner = format!("{}:{}:{}:{:x}", claimed.id, claimed.fence, claimed.next_permit(), drawn.to_bits());
    // Tasks that come at once begin at different permits.
    let mut next = (f64::from(permits) * drawn) as u32;
    for _ in 0..permits {
        if let Some(permit) = try_permit(claimed, host, next % permits, &owner, hold).await? {
            return Ok(permit);
        }
        next += 1;
    }
    let waiting_since = tokio::time::Instant::now();
    while waiting_since.elapsed() < PERMIT_TIMEOUT {
        tokio::time::sleep(LOOK_AGAIN).await;
        if let Some(permit) = try_permit(claimed, host, next % permits, &owner, hold).await? {
            return Ok(permit);
        }
        next += 1;
    }
    let at = after(claimed.now(), claimed.resources.jitter.spread(COME_BACK));
    Err(Interrupt::defer(format!("{permits} calls of {host} are under way already"), Some(at)))
}

async fn try_permit(
    claimed: &ClaimedTask,
    host: &str,
    number: u32,
    owner: &str,
    hold: Duration,
) -> Result<Option<Permit>, Interrupt> {
    let (key, now) = (format!("host:{host}:{number}"), claimed.now());
    let owner = owner.to_owned();
    // Whoever's clock is ahead takes it for over no sooner either.
    let until = after(now, hold + ANSWER + claimed.resources.clock.apart());
    match claimed.resources.stores.state.acquire(&key, &owner, now, until).await {
        // Whoever stood still meanwhile would call under a permit that has ended by then.
        Ok(Acquire::Held) if claimed.now() > after(now, ANSWER) => {
            give_back(claimed, &key, &owner).await;
            Err(Interrupt::defer("the store was long in giving a permit".to_owned(), None))
        }
        Ok(Acquire::Held) => Ok(Some(Permit { key, owner })),
        Ok(Acquire::Busy { .. }) => Ok(None),
        Err(problem) => {
            // It may have been given.
            give_back(claimed, &key, &owner).await;
            Err(problem.into())
        }
    }
}
