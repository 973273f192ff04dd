//! [`SingleFlight`]: a cached value that one caller fetches for all.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{ServiceError, Timestamp, between};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::client::{Call, Client};

/// So long the name of an account is taken for its present one.
const NAME_HOLDS: Duration = Duration::from_secs(60);

/// A cached value with one fetch at a time.
///
/// The first caller fetches. The others wait and take its result, even a failure: a service in trouble sees
/// one request instead of one per caller. When the caller that fetches is dropped, the next one fetches.
#[derive(Debug)]
pub struct SingleFlight<T> {
    /// Fetches that have ended. A caller that sees it change while it waits may take the result.
    ended: AtomicU64,
    last: Mutex<Option<Result<T, ServiceError>>>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self { ended: AtomicU64::new(0), last: Mutex::new(None) }
    }
}

impl<T: Clone> SingleFlight<T> {
    /// The cached value if it is `fresh`, else the result of `fetch`. The deadline of `call` bounds the wait,
    /// also that for somebody else's fetch.
    ///
    /// # Errors
    /// The failure of the fetch, ours or the one that we waited for; [`ServiceFailure::Later`] at the
    /// deadline, since a fetch has no effect that could be in doubt.
    ///
    /// [`ServiceFailure::Later`]: domain::ServiceFailure::Later
    pub async fn get_by(
        &self,
        client: &Client,
        call: Call,
        fresh: impl Fn(&T) -> bool,
        fetch: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        match timeout_at(call.deadline, self.get(fresh, fetch)).await {
            Ok(result) => result,
            Err(_) => Err(client.silent(call)),
        }
    }

    /// The same without a deadline.
    ///
    /// # Errors
    /// The failure of the fetch, ours or the one that we waited for.
    pub async fn get(
        &self,
        fresh: impl Fn(&T) -> bool,
        fetch: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        let ended_before = self.ended.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        match &*last {
            Some(Ok(value)) if fresh(value) => return Ok(value.clone()),
            Some(Err(error)) if self.ended.load(Ordering::Acquire) != ended_before => {
                return Err(error.clone());
            }
            _ => {}
        }
        let result = fetch.await;
        *last = Some(result.clone());
        self.ended.fetch_add(1, Ordering::Release);
        result
    }

    /// Drops the cached value if it is `stale`; a value that another caller has put in its place stays.
    pub async fn forget(&self, stale: impl Fn(&T) -> bool) {
        let mut last = self.last.lock().await;
        if matches!(&*last, Some(Ok(value)) if stale(value)) {
            *last = None;
        }
    }

    /// The cached value, if there is one and nobody is fetching right now.
    #[must_use]
    pub fn peek(&self) -> Option<T> {
        self.last.try_lock().ok()?.as_ref()?.as_ref().ok().cloned()
    }
}

impl<T: Clone> SingleFlight<(Timestamp, T)> {
    /// The cached value if it was fetched within the last minute, else the result of `fetch`: an account may be renamed,
    /// and a service shows its comments under the new name.
    ///
    /// # Errors
    /// Those of [`get_by`](Self::get_by).
    pub async fn get_recent(
        &self,
        client: &Client,
        call: Call,
        fetch: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        let now = client.now();
        let is_recent = |(fetched, _): &(Timestamp, T)| between(*fetched, now) < NAME_HOLDS;
        let fetch = async { Ok((now, fetch.await?)) };
        Ok(self.get_by(client, call, is_recent, fetch).await?.1)
    }
}

#[cfg(test)]
mod tests {
    use domain::ServiceFailure;

    use super::*;

    fn failed() -> ServiceError {
        let failure = ServiceFailure::Refused;
        ServiceError { service: "sample", operation: "ask", failure, message: "no".to_owned() }
    }

    #[tokio::test]
    async fn waiters_share_one_fetch() {
        let flight = SingleFlight::default();
        let fetches = AtomicU64::new(0);
        let call = || {
            flight.get(|_| true, async {
                tokio::task::yield_now().await;
                Ok(fetches.fetch_add(1, Ordering::Relaxed))
            })
        };
        let (a, b, c) = tokio::join!(call(), call(), call());
        assert_eq!((a, b, c), (Ok(0), Ok(0), Ok(0)));
    }

    #[tokio::test]
    async fn waiters_share_a_failure_and_later_callers_try_again() {
        let flight = SingleFlight::<u64>::default();
        let fetches = AtomicU64::new(0);
        let call = || {
            flight.get(|_| true, async {
                tokio::task::yield_now().await;
                fetches.fetch_add(1, Ordering::Relaxed);
                Err(failed())
            })
        };
        let (a, b) = tokio::join!(call(), call());
        assert!(a.is_err() && b.is_err());
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        assert!(call().await.is_err());
        assert_eq!(fetches.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_dropped_fetch_leaves_the_next_caller_to_fetch() {
        let flight = SingleFlight::default();
        {
            let fetch = flight.get(|_| true, std::future::pending());
            tokio::pin!(fetch);
            tokio::select! {
                biased;
                _ = &mut fetch => unreachable!("pending never ends"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(flight.get(|_| true, async { Ok(7) }).await, Ok(7));
    }

    #[tokio::test]
    async fn forgetting_spares_a_value_that_was_replaced() {
        let flight = SingleFlight::default();
        flight.get(|_| true, async { Ok(2) }).await.unwrap();
        flight.forget(|value| *value == 1).await;
        assert_eq!(flight.get(|_| true, async { Ok(3) }).await, Ok(2));
        flight.forget(|value| *value == 2).await;
        assert_eq!(flight.get(|_| true, async { Ok(3) }).await, Ok(3));
    }

    #[tokio::test]
    async fn a_look_at_the_value_fetches_nothing() {
        let flight = SingleFlight::default();
        assert_eq!(flight.peek(), None);
        flight.get(|_| true, async { Err(failed()) }).await.unwrap_err();
        assert_eq!(flight.peek(), None);
        flight.get(|_| true, async { Ok(7) }).await.unwrap();
        assert_eq!(flight.peek(), Some(7));
    }
}
