//! The executor: which of those who can go on goes next is drawn by lot, and whoever dies is dropped where it
//! stands.
//!
//! It runs inside one task of a tokio runtime of one thread whose clock is paused. Waiting is tokio's, in the
//! code that is tested and here alike: once nobody can go on, tokio moves its clock to the next timer. turmoil
//! would bring a network that this system does not speak to itself, and madsim replaces tokio by a fork in the
//! whole dependency graph; both kill hosts between events, where this one can drop a future at any await.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use domain::Timestamp;
use futures::future::BoxFuture;

use super::EnvId;

/// Something that runs on its own.
struct Actor {
    /// In which execution environment; `None` for what is outside the system.
    env: Option<EnvId>,
    /// Whether the run is over when this is.
    leads: bool,
    future: BoxFuture<'static, ()>,
    ready: Arc<Ready>,
    waker: Waker,
}

/// Whether an actor can go on.
struct Ready {
    set: AtomicBool,
    root: Arc<Root>,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.set.store(true, Ordering::Relaxed);
        self.root.wake();
    }
}

/// The task that all actors run in.
#[derive(Default)]
struct Root(Mutex<Option<Waker>>);

impl Root {
    fn wake(&self) {
        if let Some(waker) = &*lock(&self.0) {
            waker.wake_by_ref();
        }
    }
}

/// Starts, kills and freezes actors.
#[derive(Default)]
pub(crate) struct Scheduler {
    root: Arc<Root>,
    inner: Mutex<Inner>,
    /// Whose step it is.
    going: Mutex<Option<EnvId>>,
}

#[derive(Default)]
struct Inner {
    fresh: Vec<Actor>,
    killed: BTreeSet<EnvId>,
    frozen: BTreeMap<EnvId, Timestamp>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scheduler {
    /// Lets `work` run beside everything else.
    pub(crate) fn spawn(&self, env: Option<EnvId>, work: impl Future<Output = ()> + Send + 'static) {
        self.start(env, false, Box::pin(work));
    }

    fn start(&self, env: Option<EnvId>, leads: bool, future: BoxFuture<'static, ()>) {
        let ready = Arc::new(Ready { set: AtomicBool::new(true), root: Arc::clone(&self.root) });
        let waker = Waker::from(Arc::clone(&ready));
        lock(&self.inner).fresh.push(Actor { env, leads, future, ready, waker });
        self.root.wake();
    }

    /// Everything in `env` is gone before anybody takes another step.
    pub(crate) fn kill(&self, env: EnvId) {
        lock(&self.inner).killed.insert(env);
        self.root.wake();
    }

    /// Whether `env` was killed.
    pub(crate) fn is_killed(&self, env: EnvId) -> bool {
        lock(&self.inner).killed.contains(&env)
    }

    /// How many environments were killed.
    pub(crate) fn killed(&self) -> usize {
        lock(&self.inner).killed.len()
    }

    /// The environment whose step it is; `None` for what is outside the system.
    pub(crate) fn going(&self) -> Option<EnvId> {
        *lock(&self.going)
    }

    /// Nothing in `env` takes a step until `until`.
    pub(crate) fn freeze(&self, env: EnvId, until: Timestamp) {
        lock(&self.inner).frozen.insert(env, until);
    }

    /// Whoever was frozen until now goes on.
    pub(crate) fn thaw(&self, now: Timestamp) {
        lock(&self.inner).frozen.retain(|_, until| *until > now);
        self.root.wake();
    }

    /// Drops what was started and never ran.
    pub(crate) fn close(&self) {
        let fresh = std::mem::take(&mut lock(&self.inner).fresh);
        drop(fresh);
    }

    /// Runs `lead` and everything that is started meanwhile, until `lead` is over.
    pub(crate) async fn run(&self, mut lot: fastrand::Rng, lead: impl Future<Output = ()> + Send + 'static) {
        self.start(None, true, Box::pin(lead));
        let mut actors: Vec<Actor> = Vec::new();
        // Tokio's budget is per task, and all actors are one.
        tokio::task::unconstrained(poll_fn(move |cx| {
            *lock(&self.root.0) = Some(cx.waker().clone());
            self.go_on(&mut actors, &mut lot)
        }))
        .await;
    }

    fn go_on(&self, actors: &mut Vec<Actor>, lot: &mut fastrand::Rng) -> Poll<()> {
        let mut choices: Vec<usize> = Vec::new();
        loop {
            self.take_stock(actors, &mut choices);
            if choices.is_empty() {
                return Poll::Pending;
            }
            let chosen = choices[lot.usize(..choices.len())];
            let actor = &mut actors[chosen];
            actor.ready.set.store(false, Ordering::Relaxed);
            let waker = actor.waker.clone();
            *lock(&self.going) = actor.env;
            let polled = actor.future.as_mut().poll(&mut Context::from_waker(&waker));
            *lock(&self.going) = None;
            if polled.is_ready() && actors.swap_remove(chosen).leads {
                return Poll::Ready(());
            }
        }
    }

    /// Takes new actors in and drops dead ones; `choices` is who can go on.
    fn take_stock(&self, actors: &mut Vec<Actor>, choices: &mut Vec<usize>) {
        let (fresh, dead) = {
            let mut inner = lock(&self.inner);
            let is_dead = |actor: &Actor| actor.env.is_some_and(|env| inner.killed.contains(&env));
            let any_dead = !inner.killed.is_empty() && actors.iter().any(is_dead);
            let dead: Vec<Actor> =
                if any_dead { actors.extract_if(.., |actor| is_dead(actor)).collect() } else { Vec::new() };
            (std::mem::take(&mut inner.fresh), dead)
        };
        // What their destructors do may start others.
        drop(dead);
        actors.extend(fresh);
        let inner = lock(&self.inner);
        choices.clear();
        let can_go = |actor: &Actor| {
            actor.ready.set.load(Ordering::Relaxed)
                && actor
                    .env
                    .is_none_or(|env| !inner.frozen.contains_key(&env) && !inner.killed.contains(&env))
        };
        choices.extend((0..actors.len()).filter(|index| can_go(&actors[*index])));
    }
}
