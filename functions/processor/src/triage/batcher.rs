//! [`Batcher`]: tasks of one invocation that may ask the triage model together.
//!
//! Every delivery has a [`Member`] from the start. So the first task that comes to its question knows whether
//! others are on their way. It waits for them for [`WINDOW`] at most, and not at all if none can come. A
//! member that is dropped (nothing to claim, a panic, the end of the invocation) is a task that does not
//! come. The first task leads its batch. If the leader is dropped, the channels of its followers close, and
//! they ask alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ModelCall;
use tokio::sync::{oneshot, watch};

use super::batch_prompt::Share;

/// How long a leader waits for followers. Time is the runtime's.
const WINDOW: Duration = Duration::from_millis(100);

/// Questions of one batch.
pub(super) const MAX_MEMBERS: usize = 10;

/// Bytes of the questions of one batch: long texts among many would blur the answers.
const MAX_BYTES: usize = 96 * 1024;

/// Tasks that may share a batch: one sender's text must not stand beside another's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    /// Name of the source.
    pub source: String,
    /// The tenant.
    pub tenant: String,
}

/// The members of one invocation.
pub(crate) struct Batcher(watch::Sender<State>);

#[derive(Default)]
struct State {
    /// Deliveries of which it is not known yet whether they have a question.
    undecided: usize,
    /// Tasks that are on their way to their question.
    coming: BTreeMap<Group, usize>,
    /// Batches whose leader waits for followers.
    batches: Vec<Batch>,
    batches_so_far: u64,
}

/// A leader's question, and the followers that joined it.
struct Batch {
    number: u64,
    group: Group,
    bytes: usize,
    followers: Vec<Follower>,
}

/// A task whose question the leader asks.
pub(super) struct Follower {
    /// The question, as the task would ask it alone.
    pub(super) call: ModelCall,
    /// Where its share of the answer goes.
    pub(super) tell: oneshot::Sender<Share>,
}

/// A delivery that may come to a question. Dropped, it does not.
pub(crate) struct Member {
    batcher: Arc<Batcher>,
    place: Place,
}

enum Place {
    Undecided,
    Coming(Group),
    Gone,
}

/// How a task asks its question.
pub(super) enum Arrival {
    /// By itself.
    Alone,
    /// It asks for itself and for its followers.
    Leads(Leader),
    /// The leader asks it.
    Follows(oneshot::Receiver<Share>),
}

/// The right to ask the questions of a batch. Dropped, it leaves the followers to ask alone.
pub(super) struct Leader {
    batcher: Arc<Batcher>,
    number: u64,
}

impl Batcher {
    /// The members of so many `deliveries` that are worked on together.
    pub(crate) fn members(deliveries: usize) -> Vec<Member> {
        let state = State { undecided: deliveries, ..State::default() };
        let batcher = Arc::new(Self(watch::Sender::new(state)));
        (0..deliveries).map(|_| Member { batcher: Arc::clone(&batcher), place: Place::Undecided }).collect()
    }
}

impl Member {
    /// The member of a delivery that is worked on alone.
    pub(crate) fn alone() -> Self {
        Self { batcher: Arc::new(Batcher(watch::Sender::default())), place: Place::Gone }
    }

    /// The task will have a question, and may ask it together with its group.
    pub(crate) fn expect(&mut self, group: Group) {
        if let Place::Undecided = self.place {
            self.batcher.0.send_modify(|state| {
                state.undecided -= 1;
                *state.coming.entry(group.clone()).or_default() += 1;
            });
            self.place = Place::Coming(group);
        }
    }

    /// The task has come to its question.
    pub(super) fn arrive(mut self, call: &ModelCall) -> Arrival {
        let Place::Coming(group) = std::mem::replace(&mut self.place, Place::Gone) else {
            return Arrival::Alone;
        };
        let mut arrival = Arrival::Alone;
        self.batcher.0.send_modify(|state| {
            state.no_longer_coming(&group);
            arrival = match state.join(&group, call) {
                Ok(told) => Arrival::Follows(told),
                Err(number) => Arrival::Leads(Leader { batcher: Arc::clone(&self.batcher), number }),
            };
        });
        arrival
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.place, Place::Gone) {
            Place::Undecided => self.batcher.0.send_modify(|state| state.undecided -= 1),
            Place::Coming(group) => self.batcher.0.send_modify(|state| state.no_longer_coming(&group)),
            Place::Gone => {}
        }
    }
}

impl State {
    fn no_longer_coming(&mut self, group: &Group) {
        if let Some(coming) = self.coming.get_mut(group) {
            *coming = coming.saturating_sub(1);
        }
    }

    /// Adds `call` to a batch that has room; the number of its own batch if there is none.
    fn join(&mut self, group: &Group, call: &ModelCall) -> Result<oneshot::Receiver<Share>, u64> {
        let bytes = call.turns.iter().map(|turn| turn.text.len()).sum();
        match self.batches.iter_mut().find(|batch| batch.group == *group && batch.has_room(bytes)) {
            Some(batch) => {
                let (tell, told) = oneshot::channel();
                batch.bytes += bytes;
                batch.followers.push(Follower { call: call.clone(), tell });
                Ok(told)
            }
            None => {
                self.batches_so_far += 1;
                let number = self.batches_so_far;
                self.batches.push(Batch { number, group: group.clone(), bytes, followers: Vec::new() });
                Err(number)
            }
        }
    }

    /// Whether nobody will join the batch any more.
    fn is_complete(&self, number: u64) -> bool {
        let Some(batch) = self.batches.iter().find(|batch| batch.number == number) else { return true };
        let nobody_comes =
            self.undecided == 0 && self.coming.get(&batch.group).is_none_or(|coming| *coming == 0);
        nobody_comes || !batch.has_room(0)
    }
}

impl Batch {
    fn has_room(&self, bytes: usize) -> bool {
        // The leader's own question counts.
        self.followers.len() + 1 < MAX_MEMBERS && self.bytes + bytes <= MAX_BYTES
    }
}

impl Leader {
    /// Those that came within the window; it ends as soon as nobody else can come.
    pub(super) async fn gather(self) -> Vec<Follower> {
        let mut state = self.batcher.0.subscribe();
        let complete = state.wait_for(|state| state.is_complete(self.number));
        drop(tokio::time::timeout(WINDOW, complete).await);
        self.take()
    }

    fn take(&self) -> Vec<Follower> {
        let mut followers = Vec::new();
        self.batcher.0.send_if_modified(|state| {
            if let Some(at) = state.batches.iter().position(|batch| batch.number == self.number) {
                followers = state.batches.swap_remove(at).followers;
            }
            // Nobody waits for a batch to go.
            false
        });
        followers
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        drop(self.take());
    }
}
