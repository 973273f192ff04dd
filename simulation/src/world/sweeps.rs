//! The schedule: sweeps every minute, by two sweepers that know nothing of each other.

use std::sync::Arc;
use std::time::Duration;

use domain::{Approver, after};
use futures::channel::oneshot;
use futures::future::select;

use super::task_store::look_at;
use super::{EnvId, World};

/// Sweeps come so often.
const EVERY: Duration = Duration::from_secs(60);
/// What one may take.
const INVOCATION: Duration = Duration::from_secs(50);
/// How many sweepers there are.
const SWEEPERS: usize = 2;

impl World {
    /// Starts the sweepers.
    pub(crate) fn start_sweepers(self: &Arc<Self>) {
        for _ in 0..SWEEPERS {
            self.scheduler.spawn(None, sweep_on(Arc::clone(self)));
        }
    }

    /// Waits until a sweep would find something. Sweeps that find nothing do nothing.
    async fn something_due(&self) {
        loop {
            let changed = Box::pin(self.tasks.changed());
            match look_at(self) {
                Some(at) if at <= self.now() => return,
                Some(at) => {
                    select(Box::pin(self.time.until(at)), changed).await;
                }
                None => changed.await,
            }
        }
    }
}

async fn sweep_on(world: Arc<World>) {
    tokio::time::sleep(world.millis(0..60_000)).await;
    let mut env = world.new_env("sweeper");
    loop {
        world.something_due().await;
        if world.scheduler.is_killed(env) {
            env = world.new_env("sweeper");
        }
        sweep(&world, env).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// One sweep, as the function does it: tasks first, then what it counts, then the messages, whatever becomes of the
/// count.
async fn sweep(world: &Arc<World>, env: EnvId) {
    let (tell, told) = oneshot::channel::<()>();
    let inner = Arc::clone(world);
    world.scheduler.spawn(Some(env), async move {
        let ports = inner.ports(env);
        let (sweeper, notices) = ports.sweeper();
        let deadline = after(inner.clock(env).now(), INVOCATION);
        let swept = sweeper.sweep(deadline).await;
        inner.note(|| format!("{} swept: {:?}", inner.name_of(env), swept.report));
        if let Err(error) = sweeper.count(&swept, deadline).await {
            inner.note(|| format!("{} could not count: {error}", inner.name_of(env)));
        }
        if let Some(error) = &swept.unasked {
            inner.note(|| format!("{} could not sweep all: {error}", inner.name_of(env)));
        }
        if inner.scenario.policy.asks_channel {
            let approver = ports.as_ref() as &dyn Approver;
            notices.deliver_notices(approver, swept.asked_about, deadline).await;
        }
        drop(tell);
    });
    // It ends when the sweep does, or its environment.
    let _ended = told.await;
}
