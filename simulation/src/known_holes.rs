//! Holes that are known and not closed yet: the one table of what the ordinary runs let pass.
//!
//! Whoever closes a hole takes its line out.

use crate::world::Violation;

/// A hole that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Hole {
    /// What it is called.
    pub name: &'static str,
    /// The invariant that it breaks.
    pub invariant: &'static str,
    /// A part of what is seen then; empty for anything.
    pub seen: &'static str,
}

/// All of them.
pub const ALL: &[Hole] = &[];

/// The hole that `violation` is due to, if it is known.
#[must_use]
pub fn of(violation: &Violation) -> Option<&'static Hole> {
    ALL.iter().find(|hole| hole.invariant == violation.invariant && violation.what.contains(hole.seen))
}
