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
    /// What was asked under an idempotency key, and its first answer.
    answered: BTreeMap<String, (Value, Reply)>,
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

    /// Errors are kept as well, but for those that come before anything begins.
    fn finish(&mut self, call: &Call, reply: Reply, _: Timestamp) -> Reply {
        let (key, number) = (call.header("idempotency-key"), self.answered.len() + 1);
        if key.is_empty() || matches!(reply.status, 401 | 409 | 429) || self.answered.contains_key(key) {
            return reply;
        }
        let reply = reply.with("original-request", format!("req_standin{number}"));
        self.answered.insert(key.to_owned(), (call.body.clone(), reply.clone()));
        reply
    }

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/v1/")
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.is_authorised(&["Bearer", "Basic"]) {
            return Err(Self::error(401, "You did not provide an API key, or one that is invalid."));
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
        let shown = |refund: &StoredRefund| {
            let at = Timestamp::from_second(refund.at).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
            let amount = format!("{}.{:02} {CURRENCY}", refund.amount / 100, refund.amount % 100);
            article(&refund.id, &format!("{amount} of {}", refund.payment), &at, &refund.id)
        };
        let body = html! { h1 { "Refunds" } @for refund in &self.refunds { (shown(refund)) } };
        segments.is_empty().then(|| ("Refunds".to_owned(), body))
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
}

fn refund(kept: &mut Kept<Payments>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    if let Some((asked, first)) = kept.answered.get(call.header("idempotency-key")) {
        let other = "Keys for idempotent requests can only be used with the same parameters.";
        let other = Reply::new(400, json!({"error": {"type": "idempotency_error", "message": other}}));
        let replayed = first.clone().with("idempotent-replayed", "true");
        return if *asked == call.body { Ok(replayed) } else { Err(other) };
    }
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
        at: now.as_second(),
    };
    if left == 0 {
        return Err(invalid("charge_already_refunded", "", "It has already been refunded."));
    }
    if amount > left {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(invalid("amount_too_large", "amount", &message));
    }
    let reply = Reply::ok(wanted.shown());
    kept.record(wanted).map(|()| reply)
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
