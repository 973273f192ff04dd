//! Automations that block: they stall every task of their environment, which has one thread.
//!
//! Code that an automation runs between two of its awaits keeps all others waiting. If that takes long, the log
//! names the automation and its task: afterwards, or, from a thread of its own, while it lasts. A loop that never
//! ends is killed with its environment and could say nothing afterwards.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::TaskId;
use tracing::error;

/// An automation that runs for so long without an await is named.
const STALL: Duration = Duration::from_secs(2);
/// How often the thread looks.
const LOOK: Duration = Duration::from_millis(500);

/// The automation that runs at this moment.
#[derive(Default)]
pub(crate) struct Stalls {
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    is_stopped: bool,
    /// What was named in the log.
    #[cfg(test)]
    named: Vec<String>,
}

struct Running {
    automation: String,
    task: TaskId,
    since: Instant,
    is_named: bool,
}

impl State {
    /// Names what runs, once a turn, if that has run for long.
    fn name_if_stalled(&mut self) {
        let Some(running) = &mut self.running else { return };
        if running.is_named || running.since.elapsed() < STALL {
            return;
        }
        running.is_named = true;
        let (automation, blocked_ms) = (&running.automation, running.since.elapsed().as_millis() as u64);
        error!(
            task_id = %running.task, automation, blocked_ms,
            "an automation blocks its thread, and every other task of its environment; await in it, or hand the \
             work to spawn_blocking"
        );
        #[cfg(test)]
        self.named.push(running.automation.clone());
    }
}

impl Stalls {
    /// Runs `work`, which is the automation `automation` on `task`.
    pub(crate) async fn watched<F: Future>(&self, automation: &str, task: &TaskId, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            let _turn = self.begin(automation, task);
            work.as_mut().poll(context)
        })
        .await
    }

    fn begin(&self, automation: &str, task: &TaskId) -> Turn<'_> {
        let (automation, task) = (automation.to_owned(), task.clone());
        self.state().running = Some(Running { automation, task, since: Instant::now(), is_named: false });
        Turn(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks from another thread, until the guard is dropped.
    pub(crate) fn watch(self: &Arc<Self>) -> StallWatch {
        self.state().is_stopped = false;
        let stalls = Arc::clone(self);
        let thread = std::thread::Builder::new().name("stalls".to_owned()).spawn(move || stalls.look());
        StallWatch { stalls: Arc::clone(self), thread: thread.ok() }
    }

    fn look(&self) {
        let mut state = self.state();
        while !state.is_stopped {
            state.name_if_stalled();
            state = self.stopped.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// One turn of an automation on the thread.
struct Turn<'s>(&'s Stalls);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.name_if_stalled();
        state.running = None;
    }
}

/// The thread that looks; it ends with this guard.
pub struct StallWatch {
    stalls: Arc<Stalls>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for StallWatch {
    fn drop(&mut self) {
        self.stalls.state().is_stopped = true;
        self.stalls.stopped.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the thread that looks for blocking automations panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn automation_that_blocks_is_named_and_one_that_waits_is_not() {
        let stalls = Stalls::default();
        let id = TaskId::derive("github", b"1");
        stalls.watched("patient", &id, tokio::time::sleep(Duration::from_millis(10))).await;
        let busy = async {
            let began = Instant::now();
            while began.elapsed() < STALL {
                std::hint::spin_loop();
            }
        };
        stalls.watched("hasty", &id, busy).await;
        assert_eq!(stalls.state().named, ["hasty"]);
    }

    #[test]
    fn automation_that_never_ends_is_named_while_it_runs() {
        let stalls = Arc::new(Stalls::default());
        let watch = stalls.watch();
        let turn = stalls.begin("endless", &TaskId::derive("github", b"1"));
        let began = Instant::now();
        let is_named = || stalls.state().named == ["endless"];
        while !is_named() && began.elapsed() < STALL * 5 {
            std::thread::yield_now();
        }
        assert!(is_named());
        drop(turn);
        drop(watch);
        assert_eq!(stalls.state().named.len(), 1, "once");
    }
}
