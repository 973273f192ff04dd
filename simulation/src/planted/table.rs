//! Within how many seeds each planted bug must be found, and by which invariant.

use super::Planted;
use crate::{Options, Scenario, run};

const PUBLICATIONS: &str = "a completed task has one publication, every other one none";
const GATE: &str = "nothing is published that the gate did not let through";
const EARNED: &str = "a task fails for a reason of its own";

/// Each bug, within how many seeds it must be found, and what it breaks.
pub const FOUND: &[(Planted, u64, &str)] = &[
    (Planted::ConfiguredLogin, 200, PUBLICATIONS),
    (Planted::IntentNamesNoText, 1_500, GATE),
    (Planted::DoubtCostsAttempt, 200, EARNED),
    (Planted::OutageUnwritten, 200, EARNED),
    (Planted::DamageUnwritten, 200, EARNED),
    (Planted::ReservationTooSmall, 50, "no call costs more than was set aside for it"),
    (Planted::TextNotCarried, 50, "every text of a superseded task was seen by a model"),
    (Planted::GaveWayForGood, 200, "every text of a superseded task was seen by a model"),
    (Planted::EndWithoutFollowUp, 200, "every end is told to its receiver"),
    (Planted::CrashOfNeighbours, 200, EARNED),
    (Planted::SettledTwice, 400, "nothing is spent twice"),
    (Planted::ReservationForEver, 50, "nothing is left behind"),
    (Planted::CreditedTwice, 200, "no budget is exceeded"),
    (Planted::BlockForgotten, 200, "what a shard was given is not lost"),
    (Planted::BodyOverlooked, 3_500, EARNED),
    (Planted::SlotForgotten, 200, "a promised slot is kept"),
    (Planted::ApprovedTooOld, 300, EARNED),
    (Planted::UseAloneForgotten, 200, "no model is asked more often than it may be"),
    (Planted::LeftUnwritten, 200, "an answered batch leaves no money set aside"),
    (Planted::SecretsGivenUp, 200, "one failed read of the secrets refuses nobody"),
    (Planted::LateRetryIgnored, 400, EARNED),
    (Planted::DeadLease, 200, "a dead processor holds no task for long"),
    (Planted::CrashForgivenAnew, 1_000, "a task kills no more processors than it has tries"),
    (Planted::LeaseWithoutFencing, 500, PUBLICATIONS),
    (Planted::PublishBeforeIntent, 50, PUBLICATIONS),
    (Planted::UnsentIntent, 500, "no doubt about what was never sent"),
    (Planted::SentLate, 200, PUBLICATIONS),
    (Planted::DedupeByUnsignedHeader, 50, "one happening is one task"),
];

/// The first of so many seeds in which `planted` breaks `invariant`.
#[must_use]
pub fn first_breaking(planted: Planted, within: u64, invariant: &str) -> Option<u64> {
    let options = Options { planted: Some(planted), ..Options::default() };
    (0..within).find(|seed| {
        let outcome = run(&Scenario::of(*seed), options);
        outcome.violations.iter().any(|violation| violation.invariant == invariant)
    })
}
