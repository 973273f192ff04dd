//! The executor: which of those who can go on goes next is drawn by lot, and whoever dies is dropped where it
//! stands.
//!
//! It runs inside one task of a tokio runtime of one thread whose clock is paused. Waiting is tokio's, in the
//! code that is tested and here alike: once nobody can go on, tokio moves its clock to the next timer. turmoil
//! would bring a network that this system does not speak to itself, and madsim replaces tokio by a fork in the
//! whole dependency graph; both kill hosts between events, where this one can drop a future at any await.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// Whether an actor can go on: it is in the queue of its root once at most.
struct Ready {
    /// Where it is found.
    place: AtomicUsize,
    queued: AtomicBool,
    root: Arc<Root>,
}

impl Ready {
    /// Puts the actor into the queue, unless it is there.
    fn queue(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.root.queue).push(Arc::clone(self));
            self.root.wake();
        }
    }
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.queue();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.queue();
    }
}

/// The task that all actors run in.
#[derive(Default)]
struct Root {
    /// Whoever can go on.
    queue: Mutex<Vec<Arc<Ready>>>,
    waker: Mutex<Option<Waker>>,
    /// It looks at its queue anyway.
    is_going: AtomicBool,
}

impl Root {
    fn wake(&self) {
        if self.is_going.load(Ordering::Relaxed) {
            return;
        }
        if let Some(waker) = &*lock(&self.waker) {
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
    /// Somebody was killed, or started, since stock was taken.
    has_changed: bool,
    frozen: BTreeMap<EnvId, Timestamp>,
    /// Whoever could go on, but for being frozen.
    held: Vec<Arc<Ready>>,
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
        let ready = Arc::new(Ready {
            place: AtomicUsize::new(0),
            // Not before it has a place.
            queued: AtomicBool::new(true),
            root: Arc::clone(&self.root),
        });
        let waker = Waker::from(Arc::clone(&ready));
        let mut inner = lock(&self.inner);
        inner.fresh.push(Actor { env, leads, future, ready, waker });
        inner.has_changed = true;
        drop(inner);
        self.root.wake();
    }

    /// Everything in `env` is gone before anybody takes another step.
    pub(crate) fn kill(&self, env: EnvId) {
        let mut inner = lock(&self.inner);
        inner.killed.insert(env);
        inner.has_changed = true;
        drop(inner);
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
        let mut inner = lock(&self.inner);
        inner.frozen.retain(|_, until| *until > now);
        // Whoever is frozen still is held again when its turn comes.
        let held = std::mem::take(&mut inner.held);
        drop(inner);
        lock(&self.root.queue).extend(held);
        self.root.wake();
    }

    /// Drops what was started and never ran.
    pub(crate) fn close(&self) {
        let mut inner = lock(&self.inner);
        let (fresh, held) = (std::mem::take(&mut inner.fresh), std::mem::take(&mut inner.held));
        drop(inner);
        let queue = std::mem::take(&mut *lock(&self.root.queue));
        drop((fresh, held, queue));
    }

    /// Runs `lead` and everything that is started meanwhile, until `lead` is over.
    pub(crate) async fn run(&self, mut lot: fastrand::Rng, lead: impl Future<Output = ()> + Send + 'static) {
        self.start(None, true, Box::pin(lead));
        let mut actors = Vec::new();
        // Tokio's budget is per task, and all actors are one.
        tokio::task::unconstrained(poll_fn(move |cx| {
            *lock(&self.root.waker) = Some(cx.waker().clone());
            self.root.is_going.store(true, Ordering::Relaxed);
            let polled = self.go_on(&mut actors, &mut lot);
            self.root.is_going.store(false, Ordering::Relaxed);
            polled
        }))
        .await;
    }

    fn go_on(&self, actors: &mut Vec<Actor>, lot: &mut fastrand::Rng) -> Poll<()> {
        loop {
            self.take_stock(actors);
            let Some(chosen) = self.choose(actors, lot) else { return Poll::Pending };
            let Actor { env, future, ready, waker, .. } = &mut actors[chosen];
            ready.queued.store(false, Ordering::Relaxed);
            *lock(&self.going) = *env;
            let polled = future.as_mut().poll(&mut Context::from_waker(waker));
            *lock(&self.going) = None;
            if polled.is_ready() && remove(actors, chosen).leads {
                return Poll::Ready(());
            }
        }
    }

    /// Draws who goes next of those who can; `None` if nobody can.
    fn choose(&self, actors: &[Actor], lot: &mut fastrand::Rng) -> Option<usize> {
        loop {
            let ready = {
                let mut queue = lock(&self.root.queue);
                if queue.is_empty() {
                    return None;
                }
                let drawn = lot.usize(..queue.len());
                queue.swap_remove(drawn)
            };
            let place = ready.place.load(Ordering::Relaxed);
            // Whoever is over, or dead, has left its place to another, or to none.
            let Some(actor) = actors.get(place).filter(|actor| Arc::ptr_eq(&actor.ready, &ready)) else {
                continue;
            };
            let mut inner = lock(&self.inner);
            if actor.env.is_some_and(|env| inner.frozen.contains_key(&env)) {
                inner.held.push(ready);
                continue;
            }
            return Some(place);
        }
    }

    /// Takes new actors in and drops dead ones.
    fn take_stock(&self, actors: &mut Vec<Actor>) {
        // What the destructors of the dead do may start others, and kill.
        while let Some((fresh, dead)) = self.changes(actors) {
            drop(dead);
            for actor in fresh {
                actor.ready.place.store(actors.len(), Ordering::Relaxed);
                lock(&self.root.queue).push(Arc::clone(&actor.ready));
                actors.push(actor);
            }
        }
    }

    /// Who is new and who is dead, since this was asked last.
    fn changes(&self, actors: &mut Vec<Actor>) -> Option<(Vec<Actor>, Vec<Actor>)> {
        let mut inner = lock(&self.inner);
        if !std::mem::take(&mut inner.has_changed) {
            return None;
        }
        let fresh = std::mem::take(&mut inner.fresh);
        let is_dead = |actor: &Actor| actor.env.is_some_and(|env| inner.killed.contains(&env));
        let (mut dead, fresh): (Vec<Actor>, Vec<Actor>) = fresh.into_iter().partition(is_dead);
        let mut place = 0;
        while place < actors.len() {
            if is_dead(&actors[place]) {
                dead.push(remove(actors, place));
            } else {
                place += 1;
            }
        }
        Some((fresh, dead))
    }
}

/// Takes an actor out; the last one takes its place.
fn remove(actors: &mut Vec<Actor>, place: usize) -> Actor {
    let removed = actors.swap_remove(place);
    if let Some(moved) = actors.get(place) {
        moved.ready.place.store(place, Ordering::Relaxed);
    }
    removed
}
