//! The stand-in for Stripe: charges and their refunds, with idempotency keys and Stripe's errors, and a
//! plain page of all refunds.
//!
//! Every payment exists, since it may have come by a sample event: [`AMOUNT`] in [`CURRENCY`] were paid,
//! unless a test says otherwise.

mod state;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, ReceivedRequest, Scope};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kit::Standin;
use state::Payments;

/// What was paid, in the smallest unit of [`CURRENCY`], where nobody says otherwise.
pub const AMOUNT: u64 = 10_000;
/// The currency of every payment.
pub const CURRENCY: &str = "usd";

/// The stand-in for Stripe: a cheap handle, all clones of which share one state.
pub type StripeStandin = Standin<Payments>;

impl StripeStandin {
    /// So much was paid with this charge or intent; with 0 there is none. Lasts as long as the process.
    pub fn set_paid(&self, payment: &str, amount: u64) {
        self.with(|kept| kept.paid.insert(payment.to_owned(), amount));
    }

    /// All refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> Vec<StoredRefund> {
        self.with(|kept| kept.refunds.clone())
    }
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRefund {
    /// Its id.
    pub id: String,
    /// The charge or intent, as it was named.
    pub payment: String,
    /// How much, in the smallest unit of the currency.
    pub amount: u64,
    /// Why.
    pub reason: Option<String>,
    /// What integrations see of it besides.
    pub metadata: BTreeMap<String, String>,
    /// The key that it was asked for with.
    pub idempotency_key: Option<String>,
    /// When, in seconds since 1970.
    pub at: i64,
}

impl StoredRefund {
    pub(super) fn shown(&self) -> Value {
        let named = |is_intent| (self.payment.starts_with("pi_") == is_intent).then_some(&self.payment);
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "charge": named(false),
            "payment_intent": named(true), "created": self.at, "currency": CURRENCY, "metadata": self.metadata,
            "reason": self.reason, "status": "succeeded",
        })
    }
}
