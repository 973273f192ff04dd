//! The stand-in for Stripe: charges and their refunds, with idempotency keys and Stripe's errors, and a
//! plain page of all refunds.
//!
//! Every payment exists, since it may have come by a sample event: [`AMOUNT`] in [`CURRENCY`] were paid,
//! unless a test says otherwise.

mod record;
mod state;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, ReceivedRequest, Scope};
pub use record::StoredRefund;

use crate::kit::Standin;
use state::Payments;

/// What was paid, in the smallest unit of [`CURRENCY`], where nobody says otherwise.
pub const AMOUNT: u64 = 10_000;
/// The currency of every payment.
pub const CURRENCY: &str = "usd";

/// The stand-in for Stripe: a cheap handle, all clones of which share one state.
pub type StripeStandin = Standin<Payments>;

impl StripeStandin {
    /// So much was paid with this charge or intent. Lasts as long as the process.
    pub fn set_paid(&self, payment: &str, amount: u64) {
        self.with(|kept| kept.paid.insert(payment.to_owned(), amount));
    }

    /// There is no such payment. Lasts as long as the process.
    pub fn remove(&self, payment: &str) {
        self.set_paid(payment, 0);
    }

    /// All refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> Vec<StoredRefund> {
        self.with(|kept| kept.refunds.clone())
    }
}
