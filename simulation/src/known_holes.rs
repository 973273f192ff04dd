//! Holes that are known and not closed yet: the one table of what the ordinary runs let pass.
//!
//! Whoever closes a hole takes its line out.

use crate::world::Verdict;

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
pub const ALL: &[Hole] = &[
    Hole {
        name: "a write-only outage fails tasks for good",
        invariant: "a task fails for a reason of its own",
        seen: "reply: in_doubt",
    },
    Hole {
        name: "a comment that did land leaves a failed task",
        invariant: "a completed task has one publication, every other one none",
        seen: "is failed and published 1 times",
    },
    Hole {
        name: "a draft that nobody saw is published by way of an open intent",
        invariant: "nothing is published that the gate did not let through",
        seen: "nobody has approved the text of a later life",
    },
    Hole {
        name: "a thread that is locked ends a task whose comment did land",
        invariant: "a completed task has one publication, every other one none",
        seen: "is ignored and published 1 times",
    },
    Hole {
        name: "outages of a store and crashes of neighbours count as tries",
        invariant: "a task fails for a reason of its own",
        seen: "no_attempts_left",
    },
    Hole {
        name: "a crash of a neighbour takes a try from a failing model",
        invariant: "a task fails for a reason of its own",
        seen: "model_error",
    },
    Hole {
        name: "an approval that was accepted in the minutes of grace fails for the age of its task",
        invariant: "a task fails for a reason of its own",
        seen: "too_old: unfinished for 13 days",
    },
    Hole {
        name: "superseding drops questions that no model sees",
        invariant: "every text of a superseded task was seen by a model",
        seen: "",
    },
    Hole {
        name: "a receiver hears nothing of an end that was made before the work",
        invariant: "every end is told to its receiver",
        seen: "is failed, and nobody was told",
    },
    Hole {
        name: "a receiver was told that a task is completed, and it failed",
        invariant: "every end is told to its receiver",
        seen: "is failed, and its receiver was told completed",
    },
    Hole {
        name: "a reply that was counted once passes the cap of its thread in every later round",
        invariant: "a thread has no more replies than it may",
        seen: "",
    },
    Hole {
        name: "a task store that is down for two minutes makes dead letters of healthy messages",
        invariant: "nothing is left behind",
        seen: "are dead letters",
    },
];

/// What the world refrains from for the sake of a hole that is not closed: a request that stood still before it
/// was sent, with the whole process, would be sent once that goes on, however late; a successor that has looked
/// for it in vain has published by then. Until the callers look at their deadline before they send, such a
/// connection is dead.
pub const DEAD_AFTER_STANDSTILL: bool = true;

/// Likewise: the age of an intent is told by the clock of whoever finds it. One that is minutes ahead takes it
/// for settled and looks for its proof too soon. Where clocks differ so much nothing is held up on its way.
pub const INTENTS_AGE_BY_TWO_CLOCKS: bool = true;

/// The hole that `verdict` is due to, if it is known.
#[must_use]
pub fn of(verdict: &Verdict) -> Option<&'static Hole> {
    ALL.iter().find(|hole| hole.invariant == verdict.invariant && verdict.what.contains(hole.seen))
}
