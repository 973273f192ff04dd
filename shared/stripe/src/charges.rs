//! [`Charge`]: what was paid, and how much of it was refunded.

use outbound::Request;
use serde::Deserialize;

use crate::api::{CHARGE, Stripe};
use crate::error::{Problem, StripeError};
use crate::payment::{Kind, Payment};

/// Money that was taken. Amounts are in the smallest unit of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Charge {
    /// Its id (`ch_…`).
    pub id: String,
    /// What was charged.
    pub amount: u64,
    /// How much of that was refunded.
    #[serde(default)]
    pub amount_refunded: u64,
    /// Three letters in lower case: `usd`.
    pub currency: String,
    /// Whether the customer disputes it.
    #[serde(default)]
    pub disputed: bool,
}

impl Charge {
    /// What can still be refunded.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.amount.saturating_sub(self.amount_refunded)
    }
}

#[derive(Debug, Deserialize)]
struct Intent {
    /// `None` until something was paid.
    latest_charge: Option<Charge>,
}

impl Stripe {
    /// The charge of a payment.
    ///
    /// # Errors
    /// [`StripeError`], such as [`Problem::NoSuchPayment`].
    pub async fn charge(&self, payment: &Payment) -> Result<Charge, StripeError> {
        let call = self.client.begin(CHARGE);
        match payment.kind() {
            Kind::Charge => {
                let url = self.client.base().join(&["v1", "charges", payment.id()]);
                self.call(call, &Request::get(url, &[])).await
            }
            Kind::Intent => {
                let url = self.client.base().join(&["v1", "payment_intents", payment.id()]);
                let request = Request::get(url, &[("expand[]", "latest_charge")]);
                let intent: Intent = self.call(call, &request).await?;
                let unpaid = || self.refuse(call, Problem::NoSuchPayment, "nothing was paid for this intent");
                intent.latest_charge.ok_or_else(unpaid)
            }
        }
    }
}
