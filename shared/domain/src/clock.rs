//! Time and randomness as values, so that tests and simulations can supply their own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An instant on the UTC time line, with nanosecond precision; RFC 3339 in JSON.
pub type Timestamp = jiff::Timestamp;

/// So far apart the clocks of two processes are at most: each may be two minutes wrong, in opposite directions.
pub const CLOCKS_APART: Duration = Duration::from_secs(240);

/// Where the wall-clock time comes from.
///
/// A plain value instead of a trait: production has [`Clock::system`], a simulation passes its own
/// closure.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    is_everybodys: bool,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// A clock that answers what `now` returns.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), is_everybodys: false }
    }

    /// Likewise, where everybody who writes into the stores reads this very clock: on one machine.
    #[must_use]
    pub fn everybodys(self) -> Self {
        Self { is_everybodys: true, ..self }
    }

    /// How far it is from the clocks of those who write into the stores too, at most: by so much longer is a time until it
    /// is over for all of them.
    #[must_use]
    pub fn apart(&self) -> Duration {
        if self.is_everybodys { Duration::ZERO } else { CLOCKS_APART }
    }

    /// A clock that stands still at `at`.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::from_fn(move || at)
    }

    /// The present, rounded down to the millisecond: every store keeps that precision, so a time
    /// compares equal before and after it was stored.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = (self.now)();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// `at` + `delay`, at most the end of time.
#[must_use]
pub fn after(at: Timestamp, delay: Duration) -> Timestamp {
    let delay = jiff::SignedDuration::try_from(delay).unwrap_or(jiff::SignedDuration::MAX);
    at.saturating_add(delay).unwrap_or(Timestamp::MAX)
}

/// The time from `from` to `to`; zero when `to` is not later.
#[must_use]
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Where randomness for back-off comes from: a number in `0.0..1.0`.
#[derive(Clone)]
pub struct Jitter(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Jitter {
    /// Jitter drawn from `draw`, which must return numbers in `0.0..1.0`.
    pub fn from_fn(draw: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(draw))
    }

    /// No randomness at all: always `share`.
    #[must_use]
    pub fn fixed(share: f64) -> Self {
        Self::from_fn(move || share)
    }

    /// The next draw, clamped into `0.0..=1.0`.
    #[must_use]
    pub fn draw(&self) -> f64 {
        (self.0)().clamp(0.0, 1.0)
    }

    /// A delay between half of `ceiling` and `ceiling`: spread enough to break up a herd, and never
    /// so short that a retry comes at once.
    #[must_use]
    pub fn spread(&self, ceiling: Duration) -> Duration {
        ceiling.mul_f64(0.5 + self.draw() / 2.0)
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}
