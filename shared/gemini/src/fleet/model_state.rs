//! [`ModelState`]: what the fleet knows of one model, in one item: quota, breaker, concurrency.

use std::time::Duration;

use domain::{Deferral, Jitter, Timestamp, after};
use resilience::{
    Admission, Ask, Breaker, Concurrency, Denial, EndedCall, LearntLimits, Outcome, Pass, Quota, QuotaLimits,
    Reserve, Transition,
};
use serde::{Deserialize, Serialize};

use super::parked::Parked;
use super::policy::Rules;
use crate::cache::{Demand, Digest, Traffic};
use crate::failure::FailureClass;

/// Spacing of those who wait for a model without a rate of its own to come back: a tenth of a second.
/// Let go all at once, they would meet the first probe and wait again.
const RETURNS_PER_MINUTE: u64 = 600;

/// The shared state of one model. One write admits a call, another settles it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelState {
    #[serde(default, rename = "q")]
    quota: Quota,
    #[serde(default, rename = "b")]
    breaker: Breaker,
    #[serde(default, rename = "c")]
    concurrency: Concurrency,
    #[serde(default, rename = "l", skip_serializing_if = "is_unknown")]
    learnt: LearntLimits,
    #[serde(default, rename = "r")]
    reads: Traffic,
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    parked: Option<Parked>,
    /// When the model will be gone, in words, if the service says so.
    #[serde(default, rename = "g", skip_serializing_if = "Option::is_none")]
    goes: Option<String>,
    /// When it last answered a call, in seconds since 1970.
    #[serde(default, rename = "a")]
    answered: i64,
    /// The credentials that met its limits: these concern no others.
    #[serde(default, rename = "k", skip_serializing_if = "Option::is_none")]
    limited: Option<u32>,
}

/// Whether a call may go out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Admit {
    /// It may.
    Granted {
        /// What the breaker wants back with the outcome.
        pass: Pass,
        /// Calls that the whole fleet may have under way.
        limit: u32,
        /// How often the beginning of its prompt is read.
        demand: Demand,
        /// Whether it tries again what was refused.
        is_probe: bool,
    },
    /// Not yet.
    Denied(Denied),
}

/// Not before `at`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Denied {
    /// The earliest time.
    pub(crate) at: Timestamp,
    /// Why.
    pub(crate) why: Deferral,
    /// What the service has refused, if that is the reason.
    pub(crate) parked: Option<Parked>,
}

/// What an outcome changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) breaker: Option<Transition>,
    /// The model was not parked before and is now, or the other way round.
    pub(crate) is_parked: Option<bool>,
    /// It was said for the first time that the model will be gone, in these words.
    pub(crate) goes: Option<String>,
}

/// How an admitted call ended.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    pub(crate) pass: Pass,
    pub(crate) reserved: u64,
    /// Whether the request got as far as the service.
    pub(crate) sent: bool,
    pub(crate) ended: Ended,
}

/// What came of an admitted call.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// Prompt tokens that the service has counted; `None` if it does not say.
    pub(crate) used: Option<u64>,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    /// It was refused for being too much.
    pub(crate) refusal: Option<Refusal>,
    /// The service refuses all calls like this one.
    pub(crate) parked: Option<Parked>,
    /// When the model will be gone, in words; `None` if there was no answer.
    pub(crate) goes: Option<Option<String>>,
    /// What the answer says of the beginning of its prompt.
    pub(crate) read: Option<Read>,
}

impl Ended {
    /// Nothing is known of it.
    pub(crate) const UNKNOWN: Self = Self {
        used: None,
        outcome: Outcome::Neutral,
        took: Duration::ZERO,
        refusal: None,
        parked: None,
        goes: None,
        read: None,
    };
}

/// A call that was refused for being too much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) class: FailureClass,
    /// The limits that the service named.
    pub(crate) told: QuotaLimits,
    /// Spreads what it did not name, 0 to 1.
    pub(crate) draw: f64,
}

impl Refusal {
    /// What was told of all limits, as one of so many parts has them.
    fn part_of(&self, parts: u32) -> QuotaLimits {
        self.told.map(|limit| limit.div_ceil(u64::from(parts.max(1))))
    }

    /// Until when nothing is asked of the model, and why; refusals without a time double it when they come `in_a_row`.
    fn pause(&self, in_a_row: u32, now: Timestamp) -> Option<(Timestamp, Denial)> {
        match self.class {
            FailureClass::DayUsedUp { until } => Some((until, Denial::Day)),
            class => {
                Some((after(now, class.wait(in_a_row.max(1), &Jitter::fixed(self.draw))?), Denial::Paused))
            }
        }
    }
}

/// The beginning of a prompt that was answered, by which model, and what of it the implicit cache served: see
/// [`Traffic::answered`].
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) digest: Digest,
    pub(crate) version: Option<String>,
    pub(crate) implicit: Option<f64>,
}

impl ModelState {
    /// Breaker, then quota: nothing is reserved at a model that is down.
    /// `read` is the beginning of the prompt, if it could be cached.
    pub(crate) fn admit(&mut self, rules: &Rules, ask: &Ask, read: Option<&Digest>, now: Timestamp) -> Admit {
        if self.limited.is_some_and(|met_by| met_by != rules.credentials) {
            (self.quota, self.learnt, self.limited) = Default::default();
        }
        if let Some(parked) = self.parked.as_ref().filter(|parked| parked.holds(rules, now)) {
            let (at, parked) = (parked.asks_at(rules, now), Some(parked.clone()));
            return Admit::Denied(Denied { at, why: Deferral::Unavailable, parked });
        }
        let mut breaker = self.breaker.clone();
        let pass = match breaker.admit(&rules.breaker, now) {
            Admission::Pass(pass) => pass,
            Admission::Rejected { until } => {
                return Admit::Denied(Denied { at: until, why: Deferral::Unavailable, parked: None });
            }
        };
        match self.quota.reserve(&self.limits(rules, now), ask, now) {
            Reserve::Granted => {
                self.breaker = breaker;
                self.learnt.granted(&rules.quota, rules.start, now);
                let parked = self.parked.as_mut().filter(|one| one.concerns(rules));
                let is_probe = parked.map(|parked| parked.probe(now)).is_some();
                let demand = read.map(|digest| self.reads.demand(digest, now));
                let limit = self.concurrency.limit(rules.ceiling);
                Admit::Granted { pass, limit, demand: demand.unwrap_or_default(), is_probe }
            }
            // The breaker is left as it was: a probe that does not go out must not be waited for.
            Reserve::Denied { at, why } => Admit::Denied(Denied { at, why: reason(why), parked: None }),
        }
    }

    /// [`Self::admit`]; if that is denied, the next free slot.
    pub(crate) fn admit_or_book(
        &mut self,
        rules: &Rules,
        ask: &Ask,
        read: Option<&Digest>,
        now: Timestamp,
    ) -> Admit {
        match self.admit(rules, ask, read, now) {
            Admit::Denied(denied) => {
                Admit::Denied(Denied { at: self.book(rules, ask, denied.at, now), ..denied })
            }
            granted @ Admit::Granted { .. } => granted,
        }
    }

    /// Counts what an environment granted alone while it could not write here.
    pub(crate) fn catch_up(&mut self, rules: &Rules, ask: &Ask, was_granted: bool, now: Timestamp) -> Admit {
        if was_granted {
            self.quota.charge(&self.limits(rules, now), ask, now);
        }
        Admit::Denied(Denied { at: now, why: Deferral::Unavailable, parked: None })
    }

    /// The next free slot that is not before `from` and not before the breaker lets calls pass; `None`
    /// if neither is a time.
    pub(crate) fn next_slot(
        &mut self,
        rules: &Rules,
        ask: &Ask,
        from: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let from = from.max(self.opens_at(rules, now))?;
        Some(self.book(rules, ask, from, now))
    }

    /// The next free slot that is not before `from`, now taken.
    fn book(&mut self, rules: &Rules, ask: &Ask, from: Timestamp, now: Timestamp) -> Timestamp {
        let known = self.limits(rules, now);
        let requests_per_minute = known.requests_per_minute.or(Some(RETURNS_PER_MINUTE));
        let limits = QuotaLimits { requests_per_minute, ..known };
        self.quota.book(&limits, ask, from, now)
    }

    /// When the next call passes, as far as the service's health is concerned; `None` if it does now.
    fn opens_at(&self, rules: &Rules, now: Timestamp) -> Option<Timestamp> {
        let parked = self.parked.as_ref().filter(|parked| parked.holds(rules, now));
        match self.breaker.clone().admit(&rules.breaker, now) {
            Admission::Pass(_) => parked.map(|parked| parked.asks_at(rules, now)),
            Admission::Rejected { until } => Some(until),
        }
    }

    /// What is configured, lowered to what was learnt.
    fn limits(&self, rules: &Rules, now: Timestamp) -> QuotaLimits {
        self.learnt.limits(&rules.quota, rules.start, now)
    }

    /// Counts the outcome of an admitted call.
    pub(crate) fn settle(&mut self, rules: &Rules, call: &Settlement, now: Timestamp) -> Change {
        let ended = &call.ended;
        let (limits, in_use) = (self.limits(rules, now), self.quota.under_way());
        if call.sent {
            let used = ended.used.unwrap_or(call.reserved);
            self.quota.settle(&limits, call.reserved, used, now);
            let ended = EndedCall { took: ended.took, throttled: ended.refusal.is_some(), in_use };
            self.concurrency.settle(rules.ceiling, ended, now);
        } else {
            self.quota.refund(&limits, call.reserved, now);
        }
        if let Some(Read { digest, version, implicit }) = &ended.read {
            self.reads.answered(digest, version.as_deref(), *implicit, now);
        }
        if matches!(ended.outcome, Outcome::Success { .. }) {
            self.answered = now.as_second();
        }
        if let Some(refusal) = &ended.refusal {
            self.limited = Some(rules.credentials);
            let start = rules.start.filter(|_| !matches!(refusal.class, FailureClass::DayUsedUp { .. }));
            self.learnt.refused(&refusal.part_of(rules.parts), start, now);
            if let Some((until, why)) = refusal.pause(self.concurrency.throttles_in_a_row(), now) {
                self.quota.pause(until, why);
            }
        }
        let (is_parked, goes) = (self.park(rules, ended), self.announce(ended));
        Change {
            breaker: self.breaker.settle(&rules.breaker, call.pass, ended.outcome, now),
            is_parked,
            goes,
        }
    }

    /// Takes note of what an answer says of the model's end. What is new of it is returned.
    fn announce(&mut self, ended: &Ended) -> Option<String> {
        let said = ended.goes.as_ref().filter(|said| **said != self.goes)?;
        self.goes.clone_from(said);
        self.goes.clone()
    }

    /// Parks the model of which the service says that there is none such, unless it has answered a call in the last hour:
    /// a gateway may know calls alone.
    pub(crate) fn park_missing(&mut self, rules: &Rules, missing: &Ended, now: Timestamp) -> Option<bool> {
        let is_there = now.as_second().saturating_sub(self.answered) < 3_600;
        if is_there { None } else { self.park(rules, missing) }
    }

    /// Parks the model that refuses all calls, and ends that when it answers one.
    pub(crate) fn park(&mut self, rules: &Rules, ended: &Ended) -> Option<bool> {
        let was_parked = self.parked.as_ref().is_some_and(|parked| parked.concerns(rules));
        if ended.parked.is_some() {
            self.parked.clone_from(&ended.parked);
            return (!was_parked).then_some(true);
        }
        let is_answered = matches!(ended.outcome, Outcome::Success { .. });
        if let Some(parked) = self.parked.as_mut().filter(|one| is_answered && one.is_of_name(rules)) {
            parked.is_over = true;
        }
        let is_back = was_parked && is_answered;
        if is_back {
            self.parked = None;
        }
        is_back.then_some(false)
    }
}

fn is_unknown(learnt: &LearntLimits) -> bool {
    *learnt == LearntLimits::default()
}

fn reason(why: Denial) -> Deferral {
    match why {
        Denial::Minute | Denial::Paused => Deferral::Quota,
        Denial::Day => Deferral::DailyQuota,
    }
}
