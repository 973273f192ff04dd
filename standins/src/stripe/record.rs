//! [`StoredRefund`]: a refund with what it was asked for with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CURRENCY;

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
        let (charge, intent) = match self.payment.starts_with("pi_") {
            true => (Value::Null, json!(self.payment)),
            false => (json!(self.payment), Value::Null),
        };
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "charge": charge,
            "payment_intent": intent, "created": self.at, "currency": CURRENCY, "metadata": self.metadata,
            "reason": self.reason, "status": "succeeded",
        })
    }
}
