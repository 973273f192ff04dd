//! The world around the system: stores, lanes, services and people, and everything that goes wrong with them.
//!
//! The code that is tested reaches it through `Ports`, one handful for each execution environment: so the
//! world knows who asks, and can let that one die in the middle of it.

mod channel;
mod env;
mod executor;
mod faults;
mod gateway;
mod gemini;
mod github;
mod glue;
mod history;
mod invocations;
mod ledger;
mod model;
mod network;
mod payload_store;
mod people;
mod port;
mod queue;
mod receiver;
mod secrets;
mod senders;
mod state_store;
mod sweeps;
mod task_store;
mod threads;
mod time;
mod trace;
mod troubles;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use domain::{Clock, Jitter, TaskId, Timestamp, between};
use http::Request;

pub use env::{EnvId, Skew};
pub use faults::{Injected, Mishap, Port, Which, Window};
pub use history::{Acknowledged, Callback, End, History, Paid, Publication, Violation};
pub(crate) use invocations::ON_LAMBDA;
pub(crate) use ledger::{Counted, Minute, ON_ITS_WAY, Purse};
pub(crate) use network::ToWorld;
pub use queue::Left;
pub(crate) use senders::text_of;
pub(crate) use state_store::{GIVE, SPEND};
pub use threads::{Posted, THREADS_LOGIN};
pub use time::Time;

use crate::planted::Planted;
use crate::scenario::Scenario;
use channel::Channel;
use env::Env;
use executor::Scheduler;
use faults::Faults;
use gateway::Gateway;
use ledger::Ledger;
use model::Natures;
use payload_store::Parts;
pub use port::Bugs;
use port::Ports;
use queue::Lanes;
use receiver::Receiver;
use secrets::Vault;
use state_store::Values;
use task_store::Tasks;
use threads::Threads;
use trace::Trace;
use troubles::Troubles;

/// A dead processor holds its tasks for no longer.
const DEAD_LEASE: Duration = Duration::from_secs(90);

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One run's world.
pub struct World {
    /// What happens in it.
    pub scenario: Arc<Scenario>,
    /// Its time.
    pub time: Time,
    /// The bug that was planted, if one was.
    pub planted: Option<Planted>,
    pub(crate) scheduler: Scheduler,
    pub(crate) faults: Faults,
    pub(crate) trace: Trace,
    pub(crate) tasks: Tasks,
    pub(crate) parts: Parts,
    pub(crate) values: Values,
    pub(crate) lanes: Lanes,
    pub(crate) threads: Threads,
    pub(crate) channel: Channel,
    pub(crate) receiver: Receiver,
    pub(crate) natures: Natures,
    pub(crate) ledger: Ledger,
    pub(crate) vault: Vault,
    pub(crate) gateway: Gateway,
    pub(crate) troubles: Troubles,
    pub(crate) me: Weak<World>,
    pub(crate) history: Mutex<History>,
    envs: Mutex<Vec<Env>>,
    lot: Mutex<fastrand::Rng>,
}

impl World {
    /// An empty world. To be called on a runtime whose clock is paused.
    pub(crate) fn new(scenario: Arc<Scenario>, planted: Option<Planted>, traced: bool) -> Arc<Self> {
        let mut lots = fastrand::Rng::with_seed(scenario.seed);
        let faults = Faults::new(scenario.weather.clone(), lots.fork());
        Arc::new_cyclic(|me| Self {
            time: Time::begin(),
            planted,
            scheduler: Scheduler::default(),
            faults,
            trace: Trace::new(traced),
            tasks: Tasks::default(),
            parts: Parts::default(),
            values: Values::default(),
            lanes: Lanes::default(),
            threads: Threads::default(),
            channel: Channel::default(),
            receiver: Receiver::default(),
            natures: Natures::default(),
            ledger: Ledger::default(),
            vault: Vault::default(),
            gateway: Gateway::default(),
            troubles: Troubles::default(),
            me: Weak::clone(me),
            history: Mutex::default(),
            envs: Mutex::default(),
            lot: Mutex::new(lots.fork()),
            scenario,
        })
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Whether nothing goes wrong any more.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.time.elapsed() >= self.scenario.calm
    }

    /// What has happened.
    pub fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    /// A new execution environment.
    pub(crate) fn new_env(&self, kind: &str) -> EnvId {
        let skew = self.draw_skew();
        let mut envs = lock(&self.envs);
        let id = EnvId(u32::try_from(envs.len()).unwrap_or(u32::MAX));
        envs.push(Env { name: format!("{kind}/{}", id.0), skew });
        id
    }

    fn draw_skew(&self) -> Skew {
        let most = i64::try_from(self.scenario.max_skew.as_millis()).unwrap_or_default();
        if most == 0 || self.chance(500) { Skew::default() } else { Skew(self.between(-most..most + 1)) }
    }

    pub(crate) fn name_of(&self, env: EnvId) -> String {
        lock(&self.envs).get(env.0 as usize).map_or_else(String::new, |env| env.name.clone())
    }

    /// The clock of `env`.
    pub(crate) fn clock(&self, env: EnvId) -> Clock {
        self.time.clock(lock(&self.envs).get(env.0 as usize).map(|env| env.skew).unwrap_or_default())
    }

    /// The randomness of `env`.
    pub(crate) fn jitter(&self, env: EnvId) -> Jitter {
        let seed = self.scenario.seed ^ (u64::from(env.0) << 32);
        let lot = Mutex::new(fastrand::Rng::with_seed(seed));
        Jitter::from_fn(move || lock(&lot).f64())
    }

    pub(crate) fn ports(self: &Arc<Self>, env: EnvId) -> Arc<Ports> {
        Arc::new(Ports { world: Arc::clone(self), env, delivery: None })
    }

    /// Ports for one request alone: what a planted bug needs to know of it.
    pub(crate) fn ports_of<B>(self: &Arc<Self>, env: EnvId, request: &Request<B>) -> Arc<Ports> {
        let delivery = request.headers().get("x-github-delivery").and_then(|id| id.to_str().ok());
        Arc::new(Ports { world: Arc::clone(self), env, delivery: delivery.map(str::to_owned) })
    }

    /// Whether nothing is left to be done.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.tasks.are_at_rest() && self.lanes.are_empty()
    }

    /// Nothing happens any more: forgets what knows the world.
    pub(crate) fn close(&self) {
        self.gateway.close();
        self.scheduler.close();
    }

    /// True for so many of a thousand.
    pub(crate) fn chance(&self, per_mille: u32) -> bool {
        lock(&self.lot).u32(..1_000) < per_mille
    }

    pub(crate) fn between(&self, range: std::ops::Range<i64>) -> i64 {
        lock(&self.lot).i64(range)
    }

    /// Somewhere between these many milliseconds.
    pub(crate) fn millis(&self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(lock(&self.lot).u64(range))
    }

    /// Writes a line into the trace, if there is one.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        self.trace.note(self.time.elapsed(), line);
    }

    /// Everything in `env` dies.
    pub(crate) fn kill(&self, env: EnvId) {
        if self.scheduler.is_killed(env) {
            return;
        }
        self.note(|| format!("!! {} dies", self.name_of(env)));
        let held = self.tasks.held_by(env, self.now());
        self.watch_leases(&held);
        self.crashed(&held);
        self.scheduler.kill(env);
    }

    /// The processor that `held` these tasks is dead: nobody else gets one of them before its lease ends.
    fn watch_leases(&self, held: &[TaskId]) {
        for id in held {
            let Some(until) = self.tasks.held_until(id) else { continue };
            let left = between(self.now(), until);
            if left > DEAD_LEASE + self.scenario.max_skew {
                self.violated(
                    "a dead processor holds no task for long",
                    format!("{id} is held for {left:?}"),
                );
            }
        }
    }

    /// `env` stands still for so long.
    pub(crate) fn freeze(self: &Arc<Self>, env: EnvId, time: Duration) {
        self.note(|| format!("!! {} stands still for {time:?}", self.name_of(env)));
        let until = domain::after(self.now(), time);
        // Whoever outlives its leases has ended them without a word, as the dead do.
        let outlived = self.tasks.held_by(env, until);
        let held = self.tasks.held_by(env, self.now());
        self.crashed(&held.into_iter().filter(|id| !outlived.contains(id)).collect::<Vec<_>>());
        self.scheduler.freeze(env, until);
        self.troubles.stands_still(env, until);
        let world = Arc::clone(self);
        self.scheduler.spawn(None, async move {
            tokio::time::sleep(time).await;
            world.note(|| format!("!! {} goes on", world.name_of(env)));
            world.scheduler.thaw(world.now());
        });
    }

    /// Environments of processors that are at work.
    pub(crate) fn at_work(&self) -> Vec<EnvId> {
        self.tasks.holders(self.now())
    }
}
