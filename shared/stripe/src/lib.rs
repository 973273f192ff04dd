//! The client of Stripe's refunds: makes a refund at most once, and finds it again.
//!
//! **The proof** of a refund is its metadata with task and effect, which only holders of the account's
//! secret key can write. A refund is looked up by its metadata before it is asked for. The idempotency key is a
//! second lock only, since it expires after a day; until then it keeps errors too, so what was refused once is asked for
//! under the next key, and what failed at Stripe itself under none but its own.
//!
//! **Amounts are integers in the smallest unit of their currency**: 1050 is 10.50 in euros and 1,050
//! yen. Stripe knows the currency by the charge; [`Stripe::charge`] tells it.
//!
//! A restricted key suffices: write access to Refunds, read access to Charges and PaymentIntents.

mod api;
mod charges;
mod config;
mod error;
mod payment;
mod refunds;

pub use api::Stripe;
pub use charges::Charge;
pub use config::{Config, SERVICE, default_config};
pub use error::{Problem, StripeError};
pub use payment::Payment;
pub use refunds::{Reason, Refund, RefundRequest, RefundStatus};
