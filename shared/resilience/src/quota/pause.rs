//! [`Pause`]: the service asked for silence; [`Denial`]: why a call may not start.

use serde::{Deserialize, Serialize};

/// Why a call may not start now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// The rate of requests or tokens, or others who wait for it.
    #[serde(rename = "m")]
    Minute,
    /// The day's requests.
    #[serde(rename = "d")]
    Day,
    /// The service told us to wait.
    #[default]
    #[serde(rename = "p")]
    Paused,
}

/// Until when nothing starts, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, Denial)", into = "(i64, Denial)")]
pub(super) struct Pause {
    until: i64,
    why: Denial,
}

impl Pause {
    pub(super) fn extend(&mut self, until: i64, why: Denial) {
        if until > self.until {
            *self = Self { until, why };
        }
    }

    pub(super) fn holds(self, now: i64) -> Option<Denial> {
        (now < self.until).then_some(self.why)
    }

    pub(super) const fn until(self) -> i64 {
        self.until
    }
}

impl From<(i64, Denial)> for Pause {
    fn from((until, why): (i64, Denial)) -> Self {
        Self { until, why }
    }
}

impl From<Pause> for (i64, Denial) {
    fn from(pause: Pause) -> Self {
        (pause.until, pause.why)
    }
}
