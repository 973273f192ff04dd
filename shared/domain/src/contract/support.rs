//! What the facts share: reading until a lagging index has caught up, and running futures side by
//! side without a runtime.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use super::Pause;

/// A read of an index that lags is repeated this often before the fact counts as broken.
const READS: u32 = 60;
const BETWEEN_READS: Duration = Duration::from_millis(250);

/// Repeats `read` until it answers `Ok`; indexes may lag behind writes by seconds.
pub(super) async fn eventually<T>(pause: &dyn Pause, mut read: impl AsyncFnMut() -> Result<T, String>) -> T {
    let mut last = String::new();
    for _ in 0..READS {
        match read().await {
            Ok(value) => return value,
            Err(reason) => last = reason,
        }
        pause.pause(BETWEEN_READS).await;
    }
    panic!("still not so after {READS} reads: {last}");
}

/// `Ok` when `actual` is what was `expected`: for [`eventually`].
pub(super) fn same<T: PartialEq + std::fmt::Debug>(actual: &T, expected: &T) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("got {actual:?}, expected {expected:?}")) }
}

/// A future on the heap.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs all of `futures` at the same time and returns their outputs in order.
pub(super) async fn together<T>(mut futures: Vec<Boxed<'_, T>>) -> Vec<T> {
    let mut outputs: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
