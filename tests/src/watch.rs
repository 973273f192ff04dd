//! [`Watch`]: the machine's clock, moved ahead at will, so that no test waits for a minute.

#![allow(clippy::expect_used, reason = "no test moves the time out of its bounds")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Clock, Timestamp};

/// A clock that runs like the machine's and can be moved ahead.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    ahead_ms: Arc<AtomicI64>,
}

impl Watch {
    /// The clock for the system and its stand-ins.
    ///
    /// # Panics
    /// When it was moved past the end of time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let ahead = Arc::clone(&self.ahead_ms);
        Clock::from_fn(move || {
            let millis = Timestamp::now().as_millisecond() + ahead.load(Ordering::SeqCst);
            Timestamp::from_millisecond(millis).expect("a time within bounds")
        })
        .everybodys()
    }

    /// Moves it ahead.
    ///
    /// # Panics
    /// When that is more than there is.
    pub fn pass(&self, time: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(time.as_millis()).expect("a short time"), Ordering::SeqCst);
    }
}
