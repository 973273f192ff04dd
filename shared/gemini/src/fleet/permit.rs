//! [`Permits`]: how many calls to one model this environment may have under way.

use std::sync::Mutex;
use std::time::Duration;

use cells::lock;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Calls under way, and those that wait. The bound comes with each request, since it follows the fleet-wide limit.
#[derive(Debug, Default)]
pub(crate) struct Permits {
    in_use: Mutex<u32>,
    released: Notify,
}

/// The right to one call, given back when dropped: after an answer, a panic and a time-out alike.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    permits: &'a Permits,
    /// How long it was waited for.
    pub(crate) waited: Duration,
    /// Share of the bound in use, this one included.
    pub(crate) utilisation: f64,
}

impl Permits {
    /// A permit, if one of `bound` becomes free within `patience`.
    pub(crate) async fn acquire(&self, bound: u32, patience: Duration) -> Option<Permit<'_>> {
        let asked = Instant::now();
        loop {
            let released = self.released.notified();
            if let Some(in_use) = self.take(bound) {
                let utilisation = f64::from(in_use) / f64::from(bound.max(1));
                return Some(Permit { permits: self, waited: asked.elapsed(), utilisation });
            }
            timeout_at(asked + patience, released).await.ok()?;
        }
    }

    /// One more in use, if that is within `bound`.
    fn take(&self, bound: u32) -> Option<u32> {
        let mut in_use = lock(&self.in_use);
        if *in_use >= bound.max(1) {
            return None;
        }
        *in_use += 1;
        Some(*in_use)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut in_use = lock(&self.permits.in_use);
        *in_use = in_use.saturating_sub(1);
        drop(in_use);
        // One place, one of those who wait. Whoever is notified and gone wakes the next by Notify's own rule.
        self.permits.released.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const TIMEOUT: Duration = Duration::from_secs(2);

    fn in_use(permits: &Permits) -> u32 {
        *permits.in_use.lock().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_calls_than_the_bound() {
        let permits = Permits::default();
        let (first, second) = (permits.acquire(2, TIMEOUT).await, permits.acquire(2, TIMEOUT).await);
        assert!((second.as_ref().unwrap().utilisation - 1.0).abs() < f64::EPSILON);
        let began = Instant::now();
        assert!(permits.acquire(2, TIMEOUT).await.is_none());
        assert_eq!(began.elapsed(), TIMEOUT);
        drop(first);
        assert!(permits.acquire(2, TIMEOUT).await.is_some());
        drop(second);
        assert_eq!(in_use(&permits), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_the_next_free_one() {
        let permits = Arc::new(Permits::default());
        let held = permits.acquire(1, TIMEOUT).await.unwrap();
        let waiting = {
            let permits = Arc::clone(&permits);
            tokio::spawn(async move { permits.acquire(1, TIMEOUT).await.map(|permit| permit.waited) })
        };
        tokio::time::sleep(Duration::from_millis(700)).await;
        drop(held);
        assert_eq!(waiting.await.unwrap(), Some(Duration::from_millis(700)));
        assert_eq!(in_use(&permits), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn panic_and_cancellation_release() {
        let permits = Arc::new(Permits::default());
        let panicking = {
            let permits = Arc::clone(&permits);
            tokio::spawn(async move {
                let _permit = permits.acquire(1, TIMEOUT).await;
                std::panic::resume_unwind(Box::new("in mid-call"));
            })
        };
        assert!(panicking.await.is_err());
        let cancelled = async {
            let _permit = permits.acquire(1, TIMEOUT).await;
            std::future::pending::<()>().await;
        };
        assert!(tokio::time::timeout(Duration::from_secs(1), cancelled).await.is_err());
        assert_eq!(in_use(&permits), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bound_that_fell_holds_for_the_next() {
        let permits = Permits::default();
        let _held = (permits.acquire(3, TIMEOUT).await.unwrap(), permits.acquire(3, TIMEOUT).await.unwrap());
        assert!(permits.acquire(2, Duration::ZERO).await.is_none());
        assert!(permits.acquire(0, Duration::ZERO).await.is_none(), "zero counts as one");
    }
}
