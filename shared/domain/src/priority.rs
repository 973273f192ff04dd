//! [`Priority`] of a task and the [`Lane`] (queue) that it travels on.

use serde::{Deserialize, Serialize};
use std::fmt;

/// 1 (bulk) to 5 (urgent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

/// A priority outside 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("priority {0} is outside 1 (bulk) to 5 (urgent)")]
pub struct PriorityError(u8);

impl Priority {
    /// Bulk work.
    pub const LOWEST: Self = Self(1);
    /// What a source or intent gets that says nothing.
    pub const DEFAULT: Self = Self(3);
    /// Somebody is waiting for it.
    pub const HIGHEST: Self = Self(5);

    /// Checks `level`.
    ///
    /// # Errors
    /// [`PriorityError`] outside 1 to 5.
    pub fn new(level: u8) -> Result<Self, PriorityError> {
        if (1..=5).contains(&level) { Ok(Self(level)) } else { Err(PriorityError(level)) }
    }

    /// The number, 1 to 5.
    #[must_use]
    pub fn level(self) -> u8 {
        self.0
    }

    /// The lane of this priority: bulk 1–2, standard 3, express 4–5.
    #[must_use]
    pub fn lane(self) -> Lane {
        match self.0 {
            0..=2 => Lane::Bulk,
            3 => Lane::Standard,
            _ => Lane::Express,
        }
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u8> for Priority {
    type Error = PriorityError;

    fn try_from(level: u8) -> Result<Self, PriorityError> {
        Self::new(level)
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> u8 {
        priority.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of the three work queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Priorities 4 and 5, and everything that a person has just decided.
    Express,
    /// Priority 3.
    Standard,
    /// Priorities 1 and 2.
    Bulk,
}

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 3] = [Self::Express, Self::Standard, Self::Bulk];

    /// The name in stores and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }

    /// The lane called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == name)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_follow_priority() {
        let lanes: Vec<Lane> = (1..=5).map(|level| Priority::new(level).unwrap().lane()).collect();
        assert_eq!(lanes, [Lane::Bulk, Lane::Bulk, Lane::Standard, Lane::Express, Lane::Express]);
    }

    #[test]
    fn levels_outside_the_scale_are_refused() {
        assert!(Priority::new(0).is_err());
        assert!(serde_json::from_str::<Priority>("6").is_err());
    }
}
