//! How a call is served: cheaper and later, as everybody, or first in line.
//!
//! No list says which model offers which tier, so a tier is tried. A refusal that names it is remembered for this
//! environment, and the call goes out in the standard tier.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use domain::ServiceTier;

use super::context::CallContext;
use crate::fleet::{FleetModel, lock};

/// Flex answers in one to fifteen minutes: a call with less time than this, and what standard needs where flex does not
/// answer, goes as everybody's.
const MIN_FLEX: Duration = Duration::from_secs(120);
/// How long a flex call may take, if the deadline is not before.
pub(crate) const FLEX_TIMEOUT: Duration = Duration::from_secs(900);

/// Which tiers which models were found to refuse.
#[derive(Debug, Default)]
pub(crate) struct Tiers(Mutex<HashSet<(String, ServiceTier)>>);

impl Tiers {
    /// How a call to `model` is to be served: as its lane is, if that was not refused and there is time.
    pub(crate) fn wanted(&self, context: &CallContext<'_>, model: &FleetModel) -> ServiceTier {
        let tier = configured(context, model);
        let is_late = tier == ServiceTier::Flex && context.remaining() < MIN_FLEX + model.policy.timeout;
        let is_refused = || lock(&self.0).contains(&(model.title.clone(), tier));
        if is_late || is_refused() { ServiceTier::Standard } else { tier }
    }

    /// `model` refused the tier of this call, and maybe of others at the same moment. `false` if its tier is everybody's.
    pub(crate) fn refused(&self, context: &CallContext<'_>, model: &FleetModel) -> bool {
        let tier = configured(context, model);
        lock(&self.0).insert((model.title.clone(), tier));
        tier != ServiceTier::Standard
    }
}

/// How the lane's calls are to be served, where the account has tiers.
fn configured(context: &CallContext<'_>, model: &FleetModel) -> ServiceTier {
    let tier = context.config.service_tier.of(context.call.priority.lane(), context.call.role);
    context.client.accounts()[model.account].tier(tier)
}
