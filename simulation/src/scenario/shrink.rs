//! Takes everything out of a failing scenario that it fails without.

use super::{Credential, Scenario};

/// The smallest scenario that still `fails`, as far as taking out one thing after the other leads there, in at
/// most `runs` runs.
pub fn shrink(scenario: Scenario, mut runs: usize, fails: impl Fn(&Scenario) -> bool) -> Scenario {
    let mut best = scenario;
    loop {
        let smaller = candidates(&best).into_iter().find(|candidate| {
            let may = runs > 0;
            runs = runs.saturating_sub(1);
            may && fails(candidate)
        });
        match smaller {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

/// The scenario with one thing less each.
fn candidates(of: &Scenario) -> Vec<Scenario> {
    let mut candidates = Vec::new();
    for place in 0..of.weather.len() {
        let mut less = of.clone();
        less.weather.remove(place);
        candidates.push(less);
    }
    for place in (0..of.plan.len()).rev() {
        let mut less = of.clone();
        less.plan.remove(place);
        candidates.push(less);
    }
    let zeroes: [fn(&mut Scenario); 14] = [
        |less| less.stale_per_mille = 0,
        |less| less.late_per_mille = 0,
        |less| less.doubled_per_mille = 0,
        |less| less.lost_per_mille = 0,
        |less| less.held_up_per_mille = 0,
        |less| less.max_skew = std::time::Duration::ZERO,
        |less| less.processors = 1,
        |less| less.retired_per_mille = 0,
        |less| less.stalled_per_mille = 0,
        |less| less.policy.concurrency = None,
        |less| less.policy.tenant_cents = None,
        |less| less.policy.tpm = None,
        |less| less.damaged_per_mille = 0,
        |less| less.credential = Credential::Person,
    ];
    for zero in zeroes {
        let mut less = of.clone();
        zero(&mut less);
        if less != *of {
            candidates.push(less);
        }
    }
    candidates
}
