//! [`FleetModel`]: one model as all environments see it together, and [`AdmittedCall`].

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cells::{FleetCell, Shared, WhenCut, lock};
use domain::{ModelCall, StoreError, Timestamp, at_account};
use resilience::{Ask, Pass, Transition, Urgency};

use super::model_state::{Admit, Change, Denied, Ended, ModelState, Settlement};
use super::parked::Parked;
use super::permit::Permits;
use super::policy::Policy;
use super::{fresh_id, when_uncounted};
use crate::cache::{Demand, Digest};
use crate::failure::{FailureClass, pacific};
use crate::signal::{Signal, Signals};

/// What nobody has written to for so long is forgotten; longer than the longest pause, a day's.
const LIFE: Duration = Duration::from_secs(48 * 3600);

/// Between the first part of a fleet that tries again what was refused and the next, unless they hear of each other.
const TURN: Duration = Duration::from_secs(10);

/// One model: its limits, what the fleet knows of it, and this environment's permits.
#[derive(Debug)]
pub(crate) struct FleetModel {
    pub(crate) name: String,
    /// Its name and its account's, for people and for its state.
    pub(crate) title: String,
    /// The number of the account that it is called by.
    pub(crate) account: usize,
    pub(crate) policy: Policy,
    pub(crate) permits: Permits,
    /// What its state is kept under, and the part of the fleet that this environment is of.
    kept_as: String,
    shard: u32,
    cell: FleetCell<ModelState>,
    /// In place of `cell` while the state store is down, with this environment's share of the limits.
    alone: Mutex<ModelState>,
}

/// An admitted call. Settled with what came of it; dropped without (a panic, a cancelled task), it
/// gives back what it can with this environment's next write.
#[derive(Debug)]
pub(crate) struct AdmittedCall<'a> {
    model: &'a FleetModel,
    pass: Pass,
    reserved: u64,
    /// Calls that the whole fleet may have under way.
    pub(crate) limit: u32,
    /// How often the beginning of its prompt is read.
    pub(crate) demand: Demand,
    /// Whether it tries again what was refused.
    is_probe: bool,
    /// When it was admitted.
    at: Timestamp,
    /// Admitted by this environment alone.
    pub(super) is_alone: bool,
    /// Whether the request may have reached the service.
    pub(crate) sent: bool,
    is_open: bool,
}

/// What is asked for `call`, whose prompt has about `tokens`.
pub(crate) fn ask_for(call: &ModelCall, tokens: u64, slot: Option<Timestamp>, now: Timestamp) -> Ask {
    let urgency = match call.priority.lane() {
        domain::Lane::Express => Urgency::Express,
        domain::Lane::Standard => Urgency::Standard,
        domain::Lane::Bulk => Urgency::Bulk,
    };
    Ask { tokens, urgency, slot, day_ends: pacific::next_midnight(now) }
}

impl FleetModel {
    /// The model `name` as the account called `account`, which has this number, is served it.
    pub(crate) fn new(name: &str, account: (usize, &str), policy: Policy) -> Self {
        Self::in_shard(fresh_id() % policy.shards, name, account, policy)
    }

    pub(super) fn in_shard(
        shard: u32,
        name: &str,
        (number, account): (usize, &str),
        mut policy: Policy,
    ) -> Self {
        let kept_as = prices::kept_as(name, account);
        policy.rules.turn = TURN * shard;
        Self {
            name: name.to_owned(),
            title: at_account(name, account),
            account: number,
            policy,
            permits: Permits::default(),
            cell: FleetCell::new(key_of(&kept_as, shard), LIFE),
            kept_as,
            shard,
            alone: Mutex::default(),
        }
    }

    /// Admits a call if it may go out now; else says from when on, and why. With `book`, that time is a slot
    /// that nobody else gets.
    pub(crate) async fn admit(
        &self,
        shared: &Shared,
        ask: Ask,
        read: Option<&Digest>,
        now: Timestamp,
        book: bool,
    ) -> Result<AdmittedCall<'_>, Denied> {
        let admit = if book { ModelState::admit_or_book } else { ModelState::admit };
        let (rules, digest) = (self.policy.rules, read.cloned());
        let alone: Arc<Mutex<Option<bool>>> = Arc::default();
        let was_granted = Arc::clone(&alone);
        // Not written in time, it is written later: as what this environment has done alone.
        let change = move |state: &mut ModelState| match *lock(&was_granted) {
            None => admit(state, &rules, &ask, digest.as_ref(), now),
            Some(was_granted) => state.catch_up(&rules, &ask, was_granted, now),
        };
        let (decision, is_alone) = match self.cell.change(shared, now, when_uncounted(), change).await {
            Ok(decision) => (decision, false),
            Err(problem) => {
                tracing::warn!(model = self.title, %problem, "shared limits cannot be read; this environment keeps to its share of them");
                let decision = admit(&mut lock(&self.alone), &self.policy.alone, &ask, read, now);
                *lock(&alone) = Some(matches!(decision, Admit::Granted { .. }));
                (decision, true)
            }
        };
        match decision {
            Admit::Granted { pass, limit, demand, is_probe } => {
                let admitted = AdmittedCall {
                    model: self,
                    pass,
                    reserved: ask.tokens,
                    limit,
                    demand,
                    is_probe,
                    at: now,
                    is_alone,
                    sent: false,
                    is_open: true,
                };
                Ok(admitted)
            }
            Admit::Denied(denied) => Err(denied),
        }
    }

    /// The service says, in these `words`, that it has no such model: nobody asks it for an hour. Returns whether
    /// that is new.
    ///
    /// # Errors
    /// The fleet's state cannot be written.
    pub(crate) async fn is_missing(
        &self,
        shared: &Shared,
        words: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rules = self.policy.rules;
        let (parked, model) =
            (Parked::of(FailureClass::ModelRefused, &rules, words, now), self.title.clone());
        let ended = Ended { parked, ..Ended::UNKNOWN };
        let refused = ended.clone();
        let change = move |state: &mut ModelState| state.park_missing(&rules, &refused, now);
        let is_new = self.cell.change(shared, now, WhenCut::Forget, change).await? == Some(true);
        if is_new {
            self.tell_others(shared, &ended, now).await;
            tracing::error!(
                model,
                "the service has no such model any more; name another one in agent.toml, [models]"
            );
        }
        Ok(is_new)
    }

    /// What the service refuses, it refuses all parts of the fleet, and so it is with its end: without this, each part
    /// would try again by itself.
    async fn tell_others(&self, shared: &Shared, ended: &Ended, now: Timestamp) {
        for shard in (0..self.policy.shards).filter(|shard| *shard != self.shard) {
            let (rules, ended) = (self.policy.rules, ended.clone());
            let change = move |state: &mut ModelState| state.park(&rules, &ended);
            let cell = FleetCell::new(key_of(&self.kept_as, shard), LIFE);
            if let Err(problem) = cell.change(shared, now, WhenCut::Forget, change).await {
                tracing::warn!(model = self.title, %problem, "the refusal could not be shared; other environments learn of it by calls of their own");
                return;
            }
        }
    }

    /// The next free slot that is not before `from`, nor before the breaker opens; `None` if neither names a time.
    pub(crate) async fn next_slot(
        &self,
        shared: &Shared,
        ask: Ask,
        from: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let rules = self.policy.rules;
        let change = move |state: &mut ModelState| state.next_slot(&rules, &ask, from, now);
        match self.cell.change(shared, now, WhenCut::Forget, change).await {
            Ok(slot) => slot,
            Err(_) => lock(&self.alone).next_slot(&self.policy.alone, &ask, from, now),
        }
    }
}

impl AdmittedCall<'_> {
    /// Writes down how the call ended.
    pub(crate) async fn settle(mut self, shared: &Shared, signals: &Signals, ended: Ended, now: Timestamp) {
        self.is_open = false;
        let (model, settlement) = (self.model, self.settlement(ended.clone()));
        let refusal = ended.parked.as_ref();
        let change = if self.is_alone {
            lock(&model.alone).settle(&model.policy.alone, &settlement, now)
        } else {
            let rules = model.policy.rules;
            let change = move |state: &mut ModelState| state.settle(&rules, &settlement, now);
            let written = model.cell.change(shared, now, WhenCut::Drop, change).await;
            written.unwrap_or_else(|problem| {
                tracing::warn!(model = model.title, %problem, "the outcome of a call is not shared yet; the next call shares it");
                Change::default()
            })
        };
        if !self.is_alone && (self.is_probe || change.is_parked.is_some()) {
            model.tell_others(shared, &ended, now).await;
        }
        match change.is_parked {
            Some(true) => {
                tracing::error!(
                    model = model.title,
                    reason = refusal.map(|parked| &parked.words),
                    "the service refuses our calls; they wait"
                );
                let is_for_money = refusal.is_some_and(|parked| parked.is_for_money);
                signals.send(Signal::Parked { model: &model.name, is_for_money });
            }
            Some(false) => tracing::info!(model = model.title, "the service takes our calls again"),
            None => {}
        }
        if let Some(when) = &change.goes {
            tracing::warn!(model = model.title, %when, "the service says that it retires the model; name another one in agent.toml, [models]");
        }
        match change.breaker {
            Some(Transition::Opened) => {
                tracing::warn!(model = model.title, "the breaker opened");
                signals.send(Signal::BreakerOpened(&model.name));
            }
            Some(Transition::Closed) => tracing::info!(model = model.title, "the breaker closed"),
            None => {}
        }
    }

    fn settlement(&self, ended: Ended) -> Settlement {
        Settlement { pass: self.pass, reserved: self.reserved, sent: self.sent, ended }
    }
}

impl Drop for AdmittedCall<'_> {
    fn drop(&mut self) {
        if !self.is_open || self.is_alone {
            return;
        }
        // There is no clock to ask here; what is given back counts from when it was taken.
        let (rules, at) = (self.model.policy.rules, self.at);
        let settlement = self.settlement(Ended::UNKNOWN);
        self.model.cell.later(WhenCut::Drop, move |state: &mut ModelState| {
            state.settle(&rules, &settlement, at);
        });
    }
}

/// Where a part of the fleet keeps its state. The console shows the first.
fn key_of(kept_as: &str, shard: u32) -> String {
    if shard == 0 { kept_as.to_owned() } else { format!("{kept_as}#{shard}") }
}
