//! Bugs that are planted to see whether the simulation finds them: the holes that were closed, and three more.
//!
//! The code that is tested carries no switches, but for two: each bug is made by the world, which does to the code's
//! writes what the bug would have done (`made.rs`). What no port could imitate is `processor::simulated`, and
//! `simulated::forgets_use_alone` in the model plane.

mod made;
mod table;

use std::fmt;

pub use table::{FOUND, first_breaking};

/// Writes the enum and its index from one list.
macro_rules! bugs {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Planted { $($(#[$doc])* $variant,)* }

        impl Planted {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

bugs! {
    /// Under a GitHub App, the account of agent.toml is taken for the one that we write under: our own comment is
    /// not found again, and published once more.
    ConfiguredLogin = "configured-login",
    /// An intent is about any text: once a task has begun to publish, a later draft passes no gate.
    IntentNamesNoText = "intent-names-no-text",
    /// A try of which it is not known whether it happened costs an attempt.
    DoubtCostsAttempt = "doubt-costs-attempt",
    /// Nothing is written of a task whose run met with a store that was down.
    OutageUnwritten = "outage-unwritten",
    /// Nothing is written of a task of which a part is damaged.
    DamageUnwritten = "damage-unwritten",
    /// A reservation is no upper bound of what a call costs.
    ReservationTooSmall = "reservation-too-small",
    /// A task that gives way does not hand its text over.
    TextNotCarried = "text-not-carried",
    /// What gave way to a task that nobody answers is not worked on by itself: the store has no such task.
    GaveWayForGood = "gave-way-for-good",
    /// An end without work has no follow-up.
    EndWithoutFollowUp = "end-without-follow-up",
    /// The crash of a batch is each of its tasks' own.
    CrashOfNeighbours = "crash-of-neighbours",
    /// A write of shared money whose answer was lost is made again.
    SettledTwice = "settled-twice",
    /// A reservation never ends by itself.
    ReservationForEver = "reservation-for-ever",
    /// A block of a day's money is a shard's twice, where the answer to the first write of it was lost.
    CreditedTwice = "credited-twice",
    /// A block of a day's money of which its shard has heard nothing is lost: it is given another one.
    BlockForgotten = "block-forgotten",
    /// The sender of a task that is under way without its body is told that it is a duplicate.
    BodyOverlooked = "body-overlooked",
    /// A task that finds its thread taken loses its place in the model's queue.
    SlotForgotten = "slot-forgotten",
    /// A task that was approved in the last minute fails for its age.
    ApprovedTooOld = "approved-too-old",
    /// What was asked of a model while its state could not be written is never counted.
    UseAloneForgotten = "use-alone-forgotten",
    /// A batch is answered before what an outage of the state store has left is written.
    LeftUnwritten = "left-unwritten",
    /// After one failed read of the secrets at a cold start, no other is made for 30 s.
    SecretsGivenUp = "secrets-given-up",
    /// A failed task whose body an earlier try of its sender has stored is a duplicate for the later ones.
    LateRetryIgnored = "late-retry-ignored",
    /// A task is held until its invocation is over, whatever becomes of its processor.
    DeadLease = "dead-lease",
    /// A deferral makes one forget that a task's processor has died: its first crash is forgiven again.
    CrashForgivenAnew = "crash-forgiven-anew",
    /// A processor that lost its lease can write all the same: the store takes every revision.
    LeaseWithoutFencing = "lease-without-fencing",
    /// An effect happens before its intent is stored: the store forgets intents that have no proof.
    PublishBeforeIntent = "publish-before-intent",
    /// An intent whose write failed, so that nothing was sent, is stored with the deferral that follows.
    UnsentIntent = "unsent-intent",
    /// A request that acts leaves however long its process stood still once it had a connection.
    SentLate = "sent-late",
    /// An event is known by the delivery header that nobody signs: the store keys tasks by it.
    DedupeByUnsignedHeader = "dedupe-by-unsigned-header",
}

impl Planted {
    /// The bug of this name.
    ///
    /// # Errors
    /// The names that there are.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.iter().map(|bug| bug.name()).collect::<Vec<_>>().join(", ");
        Self::ALL.iter().copied().find(|bug| bug.name() == name).ok_or_else(|| format!("one of {}", names()))
    }
}

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
