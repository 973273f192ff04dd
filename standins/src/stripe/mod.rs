//! The stand-in for Stripe: charges and their refunds, with idempotency keys and Stripe's errors, and a
//! plain page of all refunds.
//!
//! Every payment exists, since it may have come by a sample event: `AMOUNT` in `CURRENCY` were paid,
//! unless a test says otherwise.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::Timestamp;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kit::{Call, Kept, Reply, Standin, State, Voice, article};

/// What was paid, in the smallest unit of [`CURRENCY`], where nobody says otherwise.
const AMOUNT: u64 = 10_000;
/// The currency of every payment.
const CURRENCY: &str = "usd";
/// Refunds on a page, and the most.
const PER_PAGE: usize = 10;
const MAX_PER_PAGE: usize = 100;

/// The stand-in for Stripe.
pub type StripeStandin = Standin<Payments>;

/// All payments.
#[derive(Debug, Default)]
pub struct Payments {
    /// Oldest first.
    refunds: Vec<StoredRefund>,
    /// What was paid, where a test says so; 0 for a payment that does not exist.
    paid: BTreeMap<String, u64>,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRefund {
    id: String,
    /// The charge or intent, as it was named.
    payment: String,
    /// In the smallest unit of the currency.
    amount: u64,
    reason: Option<String>,
    /// What integrations see of it besides.
    metadata: BTreeMap<String, String>,
    /// The key that it was asked for with.
    idempotency_key: Option<String>,
    /// When, in seconds since 1970.
    at: i64,
}

impl StoredRefund {
    fn shown(&self) -> Value {
        let named = |is_intent| (self.payment.starts_with("pi_") == is_intent).then_some(&self.payment);
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "charge": named(false),
            "payment_intent": named(true), "created": self.at, "currency": CURRENCY, "metadata": self.metadata,
            "reason": self.reason, "status": "succeeded",
        })
    }
}

impl Voice for Payments {
    fn error(status: u16, message: &str) -> Reply {
        let kind = if status >= 500 { "api_error" } else { "invalid_request_error" };
        Reply::new(status, json!({"error": {"type": kind, "message": message}}))
    }
}

impl State for Payments {
    type Voice = Self;
    type Change = StoredRefund;
    const TITLE: &'static str = "Stripe";

    fn apply(&mut self, refund: StoredRefund) {
        self.refunds.push(refund);
    }

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/v1/")
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.is_authorised(&["Bearer", "Basic"]) {
            let message = "You did not provide an API key, or the one that you provided is invalid.";
            return Err(Self::error(401, message));
        }
        match (call.method.as_str(), call.segments().as_slice()) {
            ("GET", ["v1", "charges", id]) => kept.charge(id).map(Reply::ok),
            ("GET", ["v1", "payment_intents", id]) => {
                let charge = kept.charge(id)?;
                Ok(Reply::ok(json!({"id": id, "object": "payment_intent", "latest_charge": charge})))
            }
            ("GET", ["v1", "refunds"]) => Ok(kept.list(call)),
            ("POST", ["v1", "refunds"]) => refund(kept, call, now),
            _ => Err(Self::error(404, "Unrecognized request URL.")),
        }
    }

    fn page(&self, segments: &[&str]) -> Option<(String, Markup)> {
        if !segments.is_empty() {
            return None;
        }
        let shown = |refund: &StoredRefund| {
            let at = Timestamp::from_second(refund.at).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
            let amount = format!("{}.{:02} {CURRENCY}", refund.amount / 100, refund.amount % 100);
            article(&refund.id, &format!("{amount} of {}", refund.payment), &at, &refund.id)
        };
        let body = html! { h1 { "Refunds" } @for refund in &self.refunds { (shown(refund)) } };
        Some(("Refunds".to_owned(), body))
    }
}

impl Payments {
    /// What was paid; refused when there is no such payment.
    fn paid(&self, payment: &str) -> Result<u64, Reply> {
        let looks_right = ["ch_", "py_", "pi_"].iter().any(|prefix| payment.starts_with(prefix));
        let paid = self.paid.get(payment).copied().unwrap_or(AMOUNT);
        let message = format!("No such charge: '{payment}'");
        let no_such = invalid("resource_missing", "id", &message).under(404);
        if looks_right && paid > 0 { Ok(paid) } else { Err(no_such) }
    }

    fn refunded(&self, payment: &str) -> u64 {
        self.refunds.iter().filter(|refund| refund.payment == payment).map(|refund| refund.amount).sum()
    }

    fn charge(&self, payment: &str) -> Result<Value, Reply> {
        let (amount, refunded) = (self.paid(payment)?, self.refunded(payment));
        Ok(json!({
            "id": payment, "object": "charge", "amount": amount, "amount_refunded": refunded,
            "currency": CURRENCY, "disputed": false, "paid": true, "refunded": refunded >= amount,
            "status": "succeeded",
        }))
    }

    /// Newest first.
    fn list(&self, call: &Call) -> Reply {
        let payment = call.query("charge").or_else(|| call.query("payment_intent"));
        let all = self.refunds.iter().rev().filter(|refund| payment.is_none_or(|it| it == refund.payment));
        let all: Vec<&StoredRefund> = all.collect();
        let after = call.query("starting_after");
        let start = after.and_then(|id| all.iter().position(|refund| refund.id == id)).map_or(0, |at| at + 1);
        let limit = call.number("limit", PER_PAGE, MAX_PER_PAGE).max(1);
        let rows: Vec<Value> = all.iter().skip(start).take(limit).map(|refund| refund.shown()).collect();
        let has_more = start + rows.len() < all.len();
        Reply::ok(json!({"object": "list", "url": "/v1/refunds", "has_more": has_more, "data": rows}))
    }

    /// The answer to a request whose idempotency key was seen before.
    fn repeated(&self, wanted: &StoredRefund) -> Option<Result<Reply, Reply>> {
        let key = wanted.idempotency_key.as_ref()?;
        let known = self.refunds.iter().find(|refund| refund.idempotency_key.as_ref() == Some(key))?;
        let same = StoredRefund { id: known.id.clone(), at: known.at, ..wanted.clone() };
        if same == *known {
            return Some(Ok(Reply::ok(known.shown()).with("idempotent-replayed", "true")));
        }
        let message = "Keys for idempotent requests can only be used with the same parameters they were first \
                       used with.";
        Some(Err(Reply::new(400, json!({"error": {"type": "idempotency_error", "message": message}}))))
    }
}

fn refund(kept: &mut Kept<Payments>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    let payment = call.field("charge").or(call.field("payment_intent")).unwrap_or_default();
    let left = kept.paid(payment)?.saturating_sub(kept.refunded(payment));
    let amount = call.field("amount").map_or(Some(left), |amount| amount.parse().ok());
    let Some(amount) = amount.filter(|amount| *amount > 0 || left == 0) else {
        return Err(invalid("parameter_invalid_integer", "amount", "Invalid integer"));
    };
    let wanted = StoredRefund {
        id: format!("re_standin{}", kept.refunds.len() + 1),
        payment: payment.to_owned(),
        amount,
        reason: call.field("reason").map(str::to_owned),
        metadata: metadata(call),
        idempotency_key: Some(call.header("idempotency-key").to_owned()).filter(|key| !key.is_empty()),
        at: now.as_second(),
    };
    if let Some(answer) = kept.repeated(&wanted) {
        return answer;
    }
    if left == 0 {
        let message = format!("Charge {payment} has already been refunded.");
        return Err(invalid("charge_already_refunded", "", &message));
    }
    if amount > left {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(invalid("amount_too_large", "amount", &message));
    }
    let shown = wanted.shown();
    kept.record(wanted)?;
    Ok(Reply::ok(shown))
}

/// `metadata[afterhook_task_id]=…`
fn metadata(call: &Call) -> BTreeMap<String, String> {
    let pair = |(name, value): (&String, &Value)| {
        let key = name.strip_prefix("metadata[")?.strip_suffix(']')?;
        Some((key.to_owned(), value.as_str()?.to_owned()))
    };
    call.body.as_object().into_iter().flatten().filter_map(pair).collect()
}

fn invalid(code: &str, param: &str, message: &str) -> Reply {
    let error = json!({"type": "invalid_request_error", "code": code, "param": param, "message": message});
    Reply::new(400, json!({"error": error}))
}
