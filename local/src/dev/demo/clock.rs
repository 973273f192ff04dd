//! [`DemoClock`]: the time of the demo, which begins in the past and can be put forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Clock, Timestamp};

/// Behind everybody's clock by so many seconds. It never goes back.
#[derive(Clone)]
pub(super) struct DemoClock {
    behind: Arc<AtomicU64>,
}

impl DemoClock {
    /// Thirty hours ago.
    pub(super) fn yesterday() -> Self {
        Self { behind: Arc::new(AtomicU64::new(30 * 3_600)) }
    }

    pub(super) fn clock(&self) -> Clock {
        let behind = Arc::clone(&self.behind);
        let real = Clock::system();
        Clock::from_fn(move || {
            let behind = Duration::from_secs(behind.load(Ordering::Relaxed));
            real.now().checked_sub(behind).unwrap_or(Timestamp::UNIX_EPOCH)
        })
    }

    /// Puts it to `behind` ago, if that is later.
    pub(super) fn forward_to(&self, behind: Duration) {
        self.behind.fetch_min(behind.as_secs(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward_and_never_back() {
        let demo = DemoClock::yesterday();
        let (clock, begin) = (demo.clock(), demo.clock().now());
        demo.forward_to(Duration::from_secs(60));
        let later = clock.now();
        assert!(domain::between(begin, later) >= Duration::from_secs(29 * 3_600));
        demo.forward_to(Duration::from_secs(7_200));
        assert!(clock.now() >= later);
        demo.forward_to(Duration::ZERO);
        assert!(domain::between(clock.now(), Clock::system().now()) < Duration::from_secs(5));
    }
}
