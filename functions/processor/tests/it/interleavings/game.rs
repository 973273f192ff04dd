//! One course of events: who goes next is chosen from outside, step by step.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use domain::*;
use futures::future::BoxFuture;
use processor::{Ack, Processor};
use sweeper::{Notices, Sweeper};
use telemetry::Metrics;
use tokio::task::unconstrained;

use super::world::{ACTORS, Known, State, World};

/// Longer than a lease, than an intent takes to settle, than the grace, and than any wait for a message.
pub(super) const TICK: Duration = Duration::from_secs(600);

/// Who there is, by place: two who decide, the sweeper, and two processors.
pub(super) const DECIDERS: [usize; 2] = [0, 1];
pub(super) const SWEEPER: usize = 2;
pub(super) const WORKERS: [usize; 2] = [3, 4];

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The actor takes its next step.
    Run(usize),
    /// The actor dies.
    Crash(usize),
    /// Time passes.
    Tick,
}

/// How much may happen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) ticks: u32,
    pub(super) crashes: u32,
    pub(super) sweeps: u32,
    pub(super) workers: usize,
}

/// A state with all that makes a difference to what may come of it.
pub(super) type Key = (u64, [u8; ACTORS], [u32; 3], [u8; 2]);

/// What the two people want.
pub(super) type Decisions = [Option<DecisionInput>; 2];

/// Everything that an exploration begins with.
pub(super) struct Setup {
    pub(super) world: World,
    pub(super) start: State,
    pub(super) processor: Arc<Processor>,
    pub(super) decisions: Decisions,
    pub(super) draft_hash: String,
    pub(super) budget: Budget,
}

/// What somebody was told who decided.
pub(super) type Answer = Result<(), Rc<DecideError>>;

enum Done {
    Decided(Result<(), DecideError>),
    Swept,
    Worked { message: u32, ack: Ack },
}

enum Slot {
    Idle,
    Running(BoxFuture<'static, Done>),
    Over,
}

/// One course of events.
pub(super) struct Game<'s> {
    setup: &'s Setup,
    slots: Vec<Slot>,
    left: Budget,
    /// What became of each decision: `None` while it is not known, or its maker died.
    pub(super) answers: [Option<Answer>; 2],
}

/// A course of events at a moment when nobody is at work: all of it can be kept, which no future can.
#[derive(Clone)]
pub(super) struct Lull {
    state: State,
    /// Who comes no more.
    over: [bool; ACTORS],
    left: Budget,
    answers: [Option<Answer>; 2],
}

impl Lull {
    /// Before anybody has begun.
    pub(super) fn start(setup: &Setup) -> Self {
        let mut state = setup.start.clone();
        state.stepping = true;
        Self { state, over: [false; ACTORS], left: setup.budget, answers: [None, None] }
    }
}

impl<'s> Game<'s> {
    /// Goes on from there.
    pub(super) fn resume(setup: &'s Setup, from: &Lull) -> Self {
        *setup.world.state() = from.state.clone();
        let slots = from.over.map(|over| if over { Slot::Over } else { Slot::Idle }).into_iter().collect();
        Self { setup, slots, left: from.left, answers: from.answers.clone() }
    }

    /// This course, if nobody is at work.
    pub(super) fn lull(&self) -> Option<Lull> {
        let over = std::array::from_fn(|actor| matches!(self.slots[actor], Slot::Over));
        let at_work = self.slots.iter().any(|slot| matches!(slot, Slot::Running(_)));
        let state = self.setup.world.state().clone();
        (!at_work).then(|| Lull { state, over, left: self.left, answers: self.answers.clone() })
    }

    /// Goes the way to a state once more that is known.
    pub(super) fn replay(&mut self, way: &[Action], known: Known) {
        self.setup.world.state().replay();
        way.iter().for_each(|action| self.act(*action));
        self.setup.world.state().arrive(known);
    }

    /// What tells this course from others that go on differently.
    pub(super) fn key(&self) -> Key {
        let stage = |slot: &Slot| match slot {
            Slot::Idle => 0,
            Slot::Running(_) => 1,
            Slot::Over => 2,
        };
        let stages = std::array::from_fn(|actor| stage(&self.slots[actor]));
        let answer = |at: usize| match &self.answers[at] {
            None => 0,
            Some(Ok(())) => 1,
            Some(Err(_)) => 2,
        };
        let left = [self.left.ticks, self.left.crashes, self.left.sweeps];
        (self.setup.world.state().essence(), stages, left, [answer(0), answer(1)])
    }

    /// What may happen now.
    pub(super) fn enabled(&self) -> Vec<Action> {
        let state = self.setup.world.state();
        let mut enabled: Vec<Action> =
            (0..ACTORS).filter(|actor| self.may_run(*actor, &state)).map(Action::Run).collect();
        if self.left.crashes > 0 {
            let alive = |actor: &usize| matches!(self.slots[*actor], Slot::Running(_));
            enabled.extend((0..ACTORS).filter(alive).map(Action::Crash));
        }
        // A call ends within 10 s of its intent, and an intent settles in 60: nobody sleeps in between.
        if self.left.ticks > 0 && !state.acting.contains(&true) {
            enabled.push(Action::Tick);
        }
        enabled
    }

    fn may_run(&self, actor: usize, state: &State) -> bool {
        match &self.slots[actor] {
            Slot::Running(_) => true,
            Slot::Over => false,
            Slot::Idle if DECIDERS.contains(&actor) => self.setup.decisions[actor].is_some(),
            Slot::Idle if actor == SWEEPER => self.left.sweeps > 0,
            Slot::Idle => {
                actor < WORKERS[0] + self.setup.budget.workers && state.messages.iter().any(|it| it.visible)
            }
        }
    }

    /// Lets it happen.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Run(actor) => self.run(actor),
            Action::Crash(actor) => {
                self.left.crashes -= 1;
                // Whoever dies may be succeeded, but nobody decides twice.
                let successor = if DECIDERS.contains(&actor) { Slot::Over } else { Slot::Idle };
                self.slots[actor] = successor;
                let mut state = self.setup.world.state();
                (state.acting[actor], state.seen[actor]) = (false, 0);
            }
            Action::Tick => {
                self.left.ticks -= 1;
                self.pass();
            }
        }
    }

    /// Time passes: leases end, and messages that nobody deleted come back.
    pub(super) fn pass(&self) {
        let mut state = self.setup.world.state();
        state.now = after(state.now, TICK);
        state.messages.iter_mut().for_each(|message| message.visible = true);
    }

    fn run(&mut self, actor: usize) {
        self.setup.world.state().current = actor;
        if matches!(self.slots[actor], Slot::Idle) {
            self.slots[actor] = Slot::Running(self.begin(actor));
        }
        let Slot::Running(future) = &mut self.slots[actor] else { panic!("actor {actor} is not there") };
        self.setup.world.state().waited = false;
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => {
                assert!(self.setup.world.state().waited, "actor {actor} waits for something else")
            }
            Poll::Ready(done) => self.end(actor, done),
        }
    }

    fn begin(&mut self, actor: usize) -> BoxFuture<'static, Done> {
        let (world, processor) = (self.setup.world.clone(), Arc::clone(&self.setup.processor));
        let stores = world.stores();
        if let Some(input) = self.setup.decisions.get(actor).cloned().flatten() {
            let (id, hash) = (self.id(), self.setup.draft_hash.clone());
            let (at, name) = (world.state().now, format!("person {actor}"));
            return Box::pin(unconstrained(async move {
                let decider = Decider { name: &name, request: &name, at, from: &Origin::CONSOLE };
                Done::Decided(decide(&stores, &id, input, &hash, decider).await.map(drop))
            }));
        }
        if actor == SWEEPER {
            self.left.sweeps -= 1;
            let sweeps = f64::from(self.left.sweeps) / 100.0;
            return Box::pin(unconstrained(async move { sweep(&world, sweeps).await }));
        }
        let delivery = self.receive();
        Box::pin(unconstrained(async move {
            // Short enough for one lease: the real clock takes no part in the game.
            let deadline = after(processor.clock().now(), Duration::from_secs(60));
            let ack = processor.handle(&delivery, deadline).await;
            Done::Worked { message: delivery.message_id.parse().unwrap(), ack }
        }))
    }

    fn id(&self) -> TaskId {
        self.setup.start.task.as_ref().unwrap().id.clone()
    }

    fn receive(&self) -> Delivery {
        let mut state = self.setup.world.state();
        let message = state.messages.iter_mut().find(|message| message.visible).unwrap();
        message.visible = false;
        message.receives += 1;
        let handle = format!("{}-{}", message.id, message.receives);
        Delivery {
            message_id: message.id.to_string(),
            receipt: Receipt { lane: Some(Lane::Express), handle },
            body: format!(r#"{{"task_id":"{}"}}"#, self.setup.start.task.as_ref().unwrap().id),
            receive_count: message.receives,
            age: Duration::ZERO,
        }
    }

    fn end(&mut self, actor: usize, done: Done) {
        let mut state = self.setup.world.state();
        state.seen[actor] = 0;
        self.slots[actor] = match done {
            Done::Decided(answer) => {
                self.answers[actor] = Some(answer.map_err(Rc::new));
                Slot::Over
            }
            Done::Swept => Slot::Idle,
            Done::Worked { message, ack } => {
                if ack == Ack::Delete {
                    state.messages.retain(|known| known.id != message);
                }
                Slot::Idle
            }
        };
    }

    /// Everything goes on by itself, in turns and without another crash, until nothing happens any more.
    pub(super) fn settle(&mut self) {
        self.left.sweeps = 0;
        for _ in 0..40 {
            while let Some(actor) = (0..ACTORS).find(|actor| {
                let state = self.setup.world.state();
                self.may_run(*actor, &state)
            }) {
                self.run(actor);
            }
            let quiet = {
                let state = self.setup.world.state();
                let task = state.task.as_ref().unwrap();
                task.control.status.is_end() && task.control.due_at.is_none() && state.messages.is_empty()
            };
            if quiet {
                return;
            }
            self.pass();
            self.left.sweeps = 1;
        }
    }
}

/// One sweep over tasks, and one over messages.
async fn sweep(world: &World, draw: f64) -> Done {
    let (stores, clock) = (world.stores(), world.clock());
    let deadline = Timestamp::MAX;
    let sweeper = Sweeper { stores: stores.clone(), clock: clock.clone(), metrics: Metrics::none() };
    let swept = sweeper.sweep(deadline).await.whole().unwrap();
    let notices = Notices { stores, clock, jitter: Jitter::fixed(draw) };
    notices.deliver_notices(world, swept.asked_about, deadline).await;
    Done::Swept
}
