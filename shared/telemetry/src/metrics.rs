//! [`Metrics`]: every metric by its name. They are written as lines of the log that CloudWatch makes
//! metrics of, so there is no call to wait for and nothing to lose when an environment is frozen.
//!
//! OPERATIONS.md lists them with their alarms; a test holds the list to this file and to template.yaml.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Clock, CorrectionKind, Lane, StepUsage, TaskStatus};

use crate::emf::{Document, Metric, Set};
use crate::sink::Sink;
use crate::{Recorded, Unit};

/// The metrics that alarms and the dashboard of template.yaml look at. They are written a second time by
/// stack: two stacks of one account share the namespace, and an alarm cannot know the names of models.
pub const WATCHED: [&str; 20] = [
    "Accepted",
    "ApprovalsExpiring",
    "ApprovalsOldest",
    "ApprovalsWaiting",
    "BreakerOpen",
    "BreakersOpen",
    "BudgetUsed",
    "CostUSD",
    "Duplicates",
    "EndToEnd",
    "FailedTasks",
    "ModelRefused",
    "NotReady",
    "OutOfMoney",
    "PermitWait",
    "QueueWait",
    "Rejected",
    "TaskDuration",
    "Throttled",
    "Unaccounted",
];
/// The dimension of the second set.
const STACK: &str = "stack";

/// Writes metrics; cheap to clone, and next to free when switched off.
#[derive(Clone)]
pub struct Metrics {
    sink: Sink,
    clock: Clock,
    stack: Option<Arc<str>>,
    version: Option<Arc<str>>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ended<'a> {
    /// The status it ended in.
    pub status: TaskStatus,
    /// Its intent, if triage got that far.
    pub intent: Option<&'a str>,
    /// The version of the agent that worked on it, if one did.
    pub version: Option<&'a str>,
    /// Time of work, waiting not counted.
    pub worked: Duration,
    /// Time since it was received.
    pub since_received: Duration,
}

impl Metrics {
    /// No metrics at all.
    #[must_use]
    pub fn none() -> Self {
        Self::to(Sink::None, Clock::system())
    }

    /// Metrics as lines of the process's log ([`init`](crate::init)), as Lambda wants them. None are written before that.
    #[must_use]
    pub fn logged(clock: Clock) -> Self {
        Self::to(Sink::Log, clock)
    }

    /// Metrics as lines in `writer`.
    pub fn writer(clock: Clock, writer: impl Write + Send + 'static) -> Self {
        Self::to(Sink::Writer(Arc::new(Mutex::new(writer))), clock)
    }

    /// Metrics in memory, for tests, and the handle to look at them.
    #[must_use]
    pub fn memory(clock: Clock) -> (Self, Recorded) {
        let recorded = Recorded::default();
        (Self::to(Sink::Memory(recorded.clone()), clock), recorded)
    }

    /// The same, with what is watched written by `stack` as well.
    #[must_use]
    pub fn of_stack(self, stack: Option<&str>) -> Self {
        Self { stack: stack.map(Arc::from), ..self }
    }

    /// The same, with failures written by the version of the function as well: a rollout is judged by its own version.
    #[must_use]
    pub fn of_version(self, version: Option<&str>) -> Self {
        Self { version: version.map(Arc::from), ..self }
    }

    fn to(sink: Sink, clock: Clock) -> Self {
        Self { sink, clock, stack: None, version: None }
    }

    /// Writes one line: metrics of any names (each once), all with the same dimensions. Values that are
    /// no finite number are left out.
    pub fn emit(&self, metrics: &[(&str, Unit, f64)], dimensions: &[(&str, &str)]) {
        self.write(&[Set { metrics, dimensions }]);
    }

    /// Accepted, AckLatency: an event was stored and enqueued, and answered after `ack`.
    pub fn accepted(&self, ack: Duration) {
        self.emit(&[one("Accepted"), time("AckLatency", ack)], &[]);
    }

    /// Duplicates, AckLatency: an event was known already.
    pub fn duplicate(&self, ack: Duration) {
        self.emit(&[one("Duplicates"), time("AckLatency", ack)], &[]);
    }

    /// Rejected{reason}: a request was refused. `reason` is one of a few words of ours, never what the
    /// sender wrote: every new value is a metric of its own, which costs money.
    pub fn rejected(&self, reason: &'static str) {
        self.emit(&[one("Rejected")], &[("reason", reason)]);
    }

    /// QueueWait{lane}: a task was claimed `wait` after it was enqueued or due.
    pub fn claimed(&self, lane: Lane, wait: Duration) {
        self.emit(&[time("QueueWait", wait)], &[("lane", lane.as_str())]);
    }

    /// RefusedSignatures{source}, RefusedSignatures{stack,source}, Unverified{stack,source}: a request to `source`, one of
    /// agent.toml, was not signed by its sender, or too long ago.
    pub fn signature_refused(&self, source: &str) {
        let of_stack = self.stack.as_deref().map(|stack| [(STACK, stack), ("source", source)]);
        let of_stack = of_stack.as_ref().map(<[_; 2]>::as_slice);
        let of_source = [("source", source)];
        let refused = [one("RefusedSignatures"), one("Unverified")];
        let of_source = Set { metrics: &refused[..1], dimensions: &of_source };
        let of_stack = of_stack.map(|dimensions| Set { metrics: &refused, dimensions });
        let sets: Vec<Set<'_>> = of_stack.into_iter().chain([of_source]).collect();
        self.write(&sets);
    }

    /// Unverified{stack,source}: a request to `source` was signed by its sender. It outweighs what strangers do, so that
    /// the sum over some time is above 0 only where signatures were refused and none has held.
    pub fn signature_held(&self, source: &str) {
        if let Some(stack) = self.stack.as_deref() {
            self.emit(&[("Unverified", Unit::Count, -1_000.0)], &[(STACK, stack), ("source", source)]);
        }
    }

    /// Failures{stack,function}, Failures{stack,function,version}: a function panicked, or could not do its work for a
    /// fault of ours or of what it needs; never for what strangers can bring about where no code of ours is wrong.
    pub fn failed(&self, function: &'static str) {
        let [stack, version] = [&self.stack, &self.version].map(|name| name.as_deref().unwrap_or_default());
        let (failed, dimensions) =
            ([one("Failures")], [(STACK, stack), ("function", function), ("version", version)]);
        let sets = [&dimensions[..2], &dimensions].map(|dimensions| Set { metrics: &failed, dimensions });
        self.write(&sets);
    }

    /// Corrections{kind}: a person said that something would have been right, or that an answer is good or not.
    pub fn corrected(&self, kind: CorrectionKind) {
        self.emit(&[one("Corrections")], &[("kind", kind.as_str())]);
    }

    /// NotReady{reason}: a batch went back because there is nothing to work on it with, or a webhook was refused because
    /// there is no secret to check it with. `reason` is one of a few words of ours.
    pub fn not_ready(&self, reason: &'static str) {
        self.emit(&[one("NotReady")], &[("reason", reason)]);
    }

    /// TaskOutcome{status,intent}, TaskOutcome{status,version}, TaskDuration, EndToEnd: a task ended. FailedTasks: it failed.
    pub fn task_ended(&self, ended: &Ended<'_>) {
        let times = [time("TaskDuration", ended.worked), time("EndToEnd", ended.since_received)];
        let failed = (ended.status == TaskStatus::Failed).then(|| one("FailedTasks"));
        let outcome = [("status", ended.status.as_str()), ("intent", ended.intent.unwrap_or_default())];
        let by_version = [("status", ended.status.as_str()), ("version", ended.version.unwrap_or_default())];
        let of_version = ended.version.map(|_| one("TaskOutcome"));
        self.write(&[
            Set { metrics: &[one("TaskOutcome")], dimensions: &outcome },
            Set { metrics: of_version.as_slice(), dimensions: &by_version },
            Set { metrics: &times, dimensions: &[] },
            Set { metrics: failed.as_slice(), dimensions: &[] },
        ]);
    }

    /// ModelCalls{model,outcome}, ModelLatency, TimeToFirstToken: a request to a model came to something after
    /// `took`.
    pub fn model_called(
        &self,
        model: &str,
        outcome: &'static str,
        took: Duration,
        first_byte: Option<Duration>,
    ) {
        let times =
            [Some(time("ModelLatency", took)), first_byte.map(|first| time("TimeToFirstToken", first))];
        let times: Vec<Metric<'_>> = times.into_iter().flatten().collect();
        self.write(&[
            Set { metrics: &[one("ModelCalls")], dimensions: &[("model", model), ("outcome", outcome)] },
            Set { metrics: &times, dimensions: &[] },
        ]);
    }

    /// CostUSD{model}, Tokens{model,kind}: an answer was paid for. A cost that is not known is left out,
    /// never zero.
    pub fn model_billed(&self, usage: &StepUsage) {
        let model = ("model", usage.model.as_str());
        let cost = usage.cost_usd.map(|cost| ("CostUSD", Unit::None, cost));
        self.emit(cost.as_slice(), &[model]);
        let kinds = [
            ("prompt", usage.prompt_tokens),
            ("cached", usage.cached_tokens),
            ("output", usage.output_tokens),
            ("thought", usage.thought_tokens),
        ];
        for (kind, tokens) in kinds.into_iter().filter(|(_, tokens)| *tokens > 0) {
            self.emit(&[("Tokens", Unit::Count, number(tokens))], &[model, ("kind", kind)]);
        }
    }

    /// BreakerOpen{model}: the fleet stops asking a model for a while.
    pub fn breaker_opened(&self, model: &str) {
        self.emit(&[one("BreakerOpen")], &[("model", model)]);
    }

    /// BreakersOpen{model}: 1 while the fleet leaves a model alone, or only tries it; 0 while calls pass.
    pub fn breaker_is_open(&self, model: &str, is_open: bool) {
        self.emit(&[("BreakersOpen", Unit::Count, f64::from(u8::from(is_open)))], &[("model", model)]);
    }

    /// OutOfMoney{model} or ModelRefused{model}: the service refuses all calls, because the account's money is used up, or
    /// for the account or the model itself.
    pub fn model_refused(&self, model: &str, is_for_money: bool) {
        let name = if is_for_money { "OutOfMoney" } else { "ModelRefused" };
        self.emit(&[one(name)], &[("model", model)]);
    }

    /// PermitWait, PermitUtilisation: a call had its turn after `waited`; `utilisation`, 0 to 1, is the share of
    /// the environment's permits in use.
    pub fn permit(&self, waited: Duration, utilisation: f64) {
        let metrics = [time("PermitWait", waited), ("PermitUtilisation", Unit::Percent, utilisation * 100.0)];
        self.emit(&metrics, &[]);
    }

    /// ConnectionsOpened.
    pub fn connection_opened(&self) {
        self.emit(&[one("ConnectionsOpened")], &[]);
    }

    /// Coalesced: a call was served by an identical one under way.
    pub fn coalesced(&self) {
        self.emit(&[one("Coalesced")], &[]);
    }

    /// CacheHits: a context cache served part of a prompt.
    pub fn cache_hit(&self) {
        self.emit(&[one("CacheHits")], &[]);
    }

    /// BudgetUsed{budget}: `share` of a budget is spent or set aside, 0 to 1; written as per cent.
    pub fn budget_used(&self, budget: &str, share: f64) {
        self.emit(&[("BudgetUsed", Unit::Percent, share * 100.0)], &[("budget", budget)]);
    }

    /// Throttled{model}: the service answered 429.
    pub fn throttled(&self, model: &str) {
        self.emit(&[one("Throttled")], &[("model", model)]);
    }

    /// ApprovalsWaiting, ApprovalsOldest, ApprovalsExpiring: parked drafts, as the sweeper counts them, for how long the
    /// one that has waited longest has, and the share, 0 to 1, that a draft has used up of the time until it expires;
    /// written as per cent, while there is one.
    pub fn approvals_waiting(&self, count: u64, oldest: Duration, used: Option<f64>) {
        let waiting = ("ApprovalsWaiting", Unit::Count, number(count));
        let oldest = ("ApprovalsOldest", Unit::Seconds, oldest.as_secs_f64());
        let used = used.map(|share| ("ApprovalsExpiring", Unit::Percent, share * 100.0));
        let metrics: Vec<Metric<'_>> = [waiting, oldest].into_iter().chain(used).collect();
        self.emit(&metrics, &[]);
    }

    /// Unaccounted: tasks that were accepted and have not ended, and that nothing will happen to any more. The
    /// sweeper counts those that have been due for long; anything but 0 is an alarm.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 tasks")]
    pub fn unaccounted(&self, count: i64) {
        self.emit(&[("Unaccounted", Unit::Count, count as f64)], &[]);
    }

    fn write(&self, sets: &[Set<'_>]) {
        if matches!(self.sink, Sink::None) {
            return;
        }
        let watched: Vec<Metric<'_>> = sets
            .iter()
            .flat_map(|set| set.metrics)
            .filter(|(name, ..)| WATCHED.contains(name))
            .copied()
            .collect();
        let dimension = self.stack.as_deref().filter(|_| !watched.is_empty()).map(|stack| (STACK, stack));
        let by_stack = dimension
            .as_ref()
            .map(|stack| Set { metrics: &watched, dimensions: std::slice::from_ref(stack) });
        let sets: Vec<Set<'_>> = sets.iter().copied().chain(by_stack).collect();
        let Some(line) = (Document { at: self.clock.now(), sets: &sets }).line() else { return };
        if let Err(error) = self.sink.write(&line) {
            tracing::warn!(%error, "metrics could not be written");
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.sink {
            Sink::None => "Metrics(none)",
            Sink::Log => "Metrics(log)",
            Sink::Writer(_) => "Metrics(writer)",
            Sink::Memory(_) => "Metrics(memory)",
        })
    }
}

fn one(name: &str) -> Metric<'_> {
    (name, Unit::Count, 1.0)
}

fn time(name: &str, time: Duration) -> Metric<'_> {
    (name, Unit::Milliseconds, time.as_secs_f64() * 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
