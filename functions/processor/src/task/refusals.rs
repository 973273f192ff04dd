//! [`Refusals`]: the services that refuse our account, as far as this execution environment has met them.
//!
//! Such a refusal concerns every task of the service and tenant. Without this note each of them would pay for its
//! model calls first, and then meet the same refusal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Timestamp, after};

/// How long the others wait before one of them tries again.
const PROBE_INTERVAL: Duration = Duration::from_secs(120);
/// Refusals that are remembered; the service itself tells of all others.
const MAX_KNOWN: usize = 1_000;

/// What was refused, by service and tenant.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<(&'static str, String), Refusal>>);

/// A refusal that may last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What the service said.
    pub(crate) why: String,
    /// When somebody should ask again.
    pub(crate) until: Timestamp,
}

impl Refusals {
    /// Notes that `service` refuses us where `tenant` is concerned, as of `now`.
    pub(crate) fn note(&self, service: &'static str, tenant: &str, why: &str, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, refusal| now < refusal.until);
        if known.len() < MAX_KNOWN {
            let refusal = Refusal { why: why.to_owned(), until: after(now, PROBE_INTERVAL) };
            known.insert((service, tenant.to_owned()), refusal);
        }
    }

    /// The refusal that a task of `service` and `tenant` would meet; `None` if there is none, or it is time to ask
    /// again.
    pub(crate) fn of(&self, service: &'static str, tenant: &str, now: Timestamp) -> Option<Refusal> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(service, tenant.to_owned())).filter(|refusal| now < refusal.until).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_refusal_concerns_its_service_and_tenant_for_two_minutes() {
        let refusals = Refusals::default();
        refusals.note("github", "octo/repo", "Bad credentials", at(0));
        let known = |service, tenant, second| refusals.of(service, tenant, at(second)).is_some();
        assert!(known("github", "octo/repo", 0) && known("github", "octo/repo", 119));
        assert!(!known("github", "octo/repo", 120), "one task asks again");
        assert!(!known("github", "octo/other", 0) && !known("slack", "octo/repo", 0));
    }

    #[test]
    fn a_flood_of_tenants_does_not_fill_the_memory() {
        let refusals = Refusals::default();
        for tenant in 0..2 * MAX_KNOWN {
            refusals.note("github", &tenant.to_string(), "no", at(0));
        }
        assert_eq!(refusals.0.lock().unwrap().len(), MAX_KNOWN);
    }
}
