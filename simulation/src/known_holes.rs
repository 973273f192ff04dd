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

/// What the world refrains from for the sake of a hole that is not closed: a request that stood still before it
/// was sent, with the whole process, would be sent once that goes on, however late; a successor that has looked
/// for it in vain has published by then. Until the callers look at their deadline before they send, such a
/// connection is dead.
pub const DEAD_AFTER_STANDSTILL: bool = true;

/// Likewise: the age of an intent is told by the clock of whoever finds it. One that is minutes ahead takes it
/// for settled and looks for its proof too soon. Where clocks differ so much nothing is held up on its way.
pub const INTENTS_AGE_BY_TWO_CLOCKS: bool = true;

/// The hole that `violation` is due to, if it is known.
#[must_use]
pub fn of(violation: &Violation) -> Option<&'static Hole> {
    ALL.iter().find(|hole| hole.invariant == violation.invariant && violation.what.contains(hole.seen))
}
