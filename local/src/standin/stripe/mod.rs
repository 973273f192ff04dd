//! The stand-in for Stripe: charges and their refunds, with idempotency keys and Stripe's errors, and a
//! plain page of all refunds.
//!
//! Every payment exists, since it may have come by a sample event: [`AMOUNT`] in [`CURRENCY`] were paid,
//! unless a test says otherwise.

mod api;
mod record;

#[cfg(test)]
mod tests;

pub use crate::standin::log::ReceivedRequest;
pub use crate::standin::rest::{Fault, FaultRule, Scope};
pub use record::StoredRefund;

use std::io;
use std::path::Path;

use axum::Router;
use domain::Clock;
use tokio::net::TcpListener;

use super::rest::Rest;
use api::Payments;

/// What was paid, in the smallest unit of [`CURRENCY`], where nobody says otherwise.
pub const AMOUNT: u64 = 10_000;
/// The currency of every payment.
pub const CURRENCY: &str = "usd";

/// The stand-in for Stripe: a cheap handle, all clones of which share one state.
#[derive(Debug, Clone)]
pub struct StripeStandin(Rest<Payments>);

impl StripeStandin {
    /// A stand-in that keeps everything in memory.
    #[must_use]
    pub fn new() -> Self {
        Self(Rest::in_memory(Clock::system()))
    }

    /// A stand-in whose refunds survive the process in this file.
    ///
    /// # Errors
    /// When it cannot be opened, is in use by another process, or is no such journal.
    pub fn open(clock: Clock, journal: &Path) -> io::Result<Self> {
        Rest::open(clock, journal).map(Self)
    }

    /// All routes.
    pub fn router(&self) -> Router {
        self.0.router()
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// The listener's.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        self.0.serve(listener).await
    }

    /// So much was paid with this charge or intent. Lasts as long as the process.
    pub fn set_paid(&self, payment: &str, amount: u64) {
        self.0.with_state(|payments, _| payments.set_paid(payment, amount));
    }

    /// There is no such payment. Lasts as long as the process.
    pub fn remove(&self, payment: &str) {
        self.0.with_state(|payments, _| payments.remove(payment));
    }

    /// All refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> Vec<StoredRefund> {
        self.0.with_state(|_, records| records.all().to_vec())
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.requests()
    }

    /// The requests answered from number `from` on, and the number to go on with.
    pub(crate) fn requests_since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        self.0.requests_since(from)
    }

    /// Replaces the faults that apply; an empty list ends an outage.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.0.set_faults(rules);
    }
}

impl Default for StripeStandin {
    fn default() -> Self {
        Self::new()
    }
}
