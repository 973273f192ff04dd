//! [`Signal`]: what happens inside the chain, told to whoever keeps figures of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::StepUsage;

/// Something that happened, while it happens. Names no tenant and holds no text of a prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Signal<'a> {
    /// A request was sent, and came to something.
    Called {
        /// The model as it was asked for.
        model: &'a str,
        /// What it came to.
        outcome: CallOutcome,
        /// From sending to the last byte.
        took: Duration,
        /// From sending to the first byte of the answer, if one came.
        first_byte: Option<Duration>,
    },
    /// An answer was paid for: tokens and price, under the model that the answer names.
    Billed(&'a StepUsage),
    /// The service said "too many requests" for this model.
    Throttled(&'a str),
    /// The breaker of this model opened.
    BreakerOpened(&'a str),
    /// The service refuses all calls to this model: for the account, for want of money, or because the model
    /// is gone. They wait, and one tries again now and then.
    Parked {
        /// The model.
        model: &'a str,
        /// Whether it is for want of money.
        is_for_money: bool,
    },
    /// A permit to call was had, or the wait for it given up.
    Permit {
        /// The model.
        model: &'a str,
        /// How long it was waited for.
        waited: Duration,
        /// Share of this environment's permits in use, this one included, 0 to 1.
        utilisation: f64,
    },
    /// A connection to the service was opened.
    ConnectionOpened,
    /// A call was served by an identical one that was under way.
    Coalesced,
    /// A context cache served part of a prompt.
    CacheHit {
        /// The model.
        model: &'a str,
        /// Prompt tokens that came from it.
        tokens: u64,
    },
    /// Money was reserved; how much of a budget is spoken for, 0 to 1.
    BudgetUsed {
        /// `day` or `tenant`.
        budget: &'a str,
        /// Share of it.
        share: f64,
    },
}

/// What one request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// An answer, usable or not.
    Answered,
    /// "Too many requests".
    Throttled,
    /// The service failed, or could not be reached.
    Failed,
    /// No answer in time.
    TimedOut,
    /// The service refused the request.
    Refused,
    /// Our own deadline came before the answer.
    CutShort,
}

impl CallOutcome {
    /// Its name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::CutShort => "cut_short",
        }
    }
}

/// Who is told. Must be quick: calls wait for it.
#[derive(Clone)]
pub struct Signals(Arc<dyn Fn(Signal<'_>) + Send + Sync>);

impl Signals {
    /// Tells `listener`.
    pub fn to(listener: impl Fn(Signal<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Tells nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::to(|_| ())
    }

    /// Passes `signal` on.
    pub fn send(&self, signal: Signal<'_>) {
        (self.0)(signal);
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signals")
    }
}
