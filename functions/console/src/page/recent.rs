//! [`Recent`]: what was found out a moment ago, so that pages that refresh themselves need not find it out each time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Timestamp, between};

/// The latest answer to one question, and when it was found.
pub(crate) struct Recent<T>(Mutex<Option<(Timestamp, T)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Recent<T> {
    /// The answer, which `find` finds unless it was found less than `fresh` ago.
    pub(super) async fn get<E>(
        &self,
        now: Timestamp,
        fresh: Duration,
        find: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, known)) = latest.filter(|(at, _)| *at <= now && between(*at, now) < fresh) {
            return Ok(known);
        }
        let found = find.await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, found.clone()));
        Ok(found)
    }
}
