//! The routes of Stripe's API, with Stripe's errors.

use std::collections::BTreeMap;

use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::record::StoredRefund;
use super::{AMOUNT, CURRENCY};
use crate::kit::page::article;
use crate::kit::rest::{Call, Records, Reply, Service};

/// Refunds on a page, and the most.
const PER_PAGE: usize = 10;
const MAX_PER_PAGE: usize = 100;

/// What is known of payments besides their refunds.
#[derive(Debug, Default)]
pub struct Payments {
    /// What was paid; 0 for a payment that does not exist.
    paid: BTreeMap<String, u64>,
}

impl Payments {
    pub(super) fn set_paid(&mut self, payment: &str, amount: u64) {
        self.paid.insert(payment.to_owned(), amount);
    }

    pub(super) fn remove(&mut self, payment: &str) {
        self.set_paid(payment, 0);
    }

    /// What was paid; `None` when there is no such payment.
    fn paid(&self, payment: &str) -> Option<u64> {
        let looks_right = ["ch_", "py_", "pi_"].iter().any(|prefix| payment.starts_with(prefix));
        let paid = self.paid.get(payment).copied().unwrap_or(AMOUNT);
        (looks_right && paid > 0).then_some(paid)
    }

    fn charge(&self, payment: &str, refunds: &[StoredRefund]) -> Option<Value> {
        let amount = self.paid(payment)?;
        let refunded = refunded(payment, refunds);
        Some(json!({
            "id": payment, "object": "charge", "amount": amount, "amount_refunded": refunded,
            "currency": CURRENCY, "disputed": false, "paid": true, "refunded": refunded >= amount,
            "status": "succeeded",
        }))
    }

    fn refund(&self, call: &Call, records: &mut Records<StoredRefund>, now: Timestamp) -> Reply {
        let payment = call.field("charge").or(call.field("payment_intent")).unwrap_or_default();
        let Some(paid) = self.paid(payment) else { return no_such(payment) };
        let left = paid.saturating_sub(refunded(payment, records.all()));
        let amount = call.field("amount").map_or(Some(left), |amount| amount.parse().ok());
        let Some(amount) = amount.filter(|amount| *amount > 0 || left == 0) else {
            return invalid("parameter_invalid_integer", "amount", "Invalid integer");
        };
        let wanted = StoredRefund {
            id: format!("re_standin{}", records.all().len() + 1),
            payment: payment.to_owned(),
            amount,
            reason: call.field("reason").map(str::to_owned),
            metadata: metadata(call),
            idempotency_key: Some(call.header("idempotency-key").to_owned()).filter(|key| !key.is_empty()),
            at: now.as_second(),
        };
        if let Some(answer) = repeated(&wanted, records.all()) {
            return answer;
        }
        if left == 0 {
            let message = format!("Charge {payment} has already been refunded.");
            return invalid("charge_already_refunded", "", &message);
        }
        if amount > left {
            let message =
                format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
            return invalid("amount_too_large", "amount", &message);
        }
        let shown = wanted.shown();
        match records.add(wanted) {
            Ok(()) => Reply::new(200, shown),
            Err(error) => {
                tracing::error!(%error, "the stand-in's journal");
                Self::error(500, "the journal")
            }
        }
    }
}

impl Service for Payments {
    type Record = StoredRefund;
    const TITLE: &'static str = "Stripe";

    fn is_api(path: &str) -> bool {
        path.starts_with("/v1/")
    }

    fn error(status: u16, message: &str) -> Reply {
        let kind = if status >= 500 { "api_error" } else { "invalid_request_error" };
        Reply::new(status, json!({"error": {"type": kind, "message": message}}))
    }

    fn answer(&mut self, call: &Call, records: &mut Records<StoredRefund>, now: Timestamp) -> Reply {
        if !call.is_authorised(&["Bearer", "Basic"]) {
            return Self::error(
                401,
                "You did not provide an API key, or the one that you provided is invalid.",
            );
        }
        match (call.method.clone(), call.segments().as_slice()) {
            (Method::GET, ["v1", "charges", id]) => {
                self.charge(id, records.all()).map_or_else(|| no_such(id), |charge| Reply::new(200, charge))
            }
            (Method::GET, ["v1", "payment_intents", id]) => match self.charge(id, records.all()) {
                Some(charge) => {
                    Reply::new(200, json!({"id": id, "object": "payment_intent", "latest_charge": charge}))
                }
                None => no_such(id),
            },
            (Method::GET, ["v1", "refunds"]) => list(call, records.all()),
            (Method::POST, ["v1", "refunds"]) => self.refund(call, records, now),
            _ => Self::error(404, "Unrecognized request URL."),
        }
    }

    fn page(&self, segments: &[&str], records: &[StoredRefund]) -> Option<(String, String)> {
        if !segments.is_empty() {
            return None;
        }
        let refunds: String = records
            .iter()
            .map(|refund| {
                let at = Timestamp::from_second(refund.at).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
                let amount = format!("{}.{:02} {CURRENCY}", refund.amount / 100, refund.amount % 100);
                article(&refund.id, &format!("{amount} of {}", refund.payment), &at, &refund.id)
            })
            .collect();
        Some(("Refunds".to_owned(), format!("<h1>Refunds</h1>{refunds}")))
    }
}

fn refunded(payment: &str, refunds: &[StoredRefund]) -> u64 {
    refunds.iter().filter(|refund| refund.payment == payment).map(|refund| refund.amount).sum()
}

/// `metadata[afterhook_task_id]=…`
fn metadata(call: &Call) -> BTreeMap<String, String> {
    let fields = call.body.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| {
            let key = name.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((key.to_owned(), value.as_str()?.to_owned()))
        })
        .collect()
}

/// The answer to a request whose idempotency key was seen before.
fn repeated(wanted: &StoredRefund, refunds: &[StoredRefund]) -> Option<Reply> {
    let key = wanted.idempotency_key.as_ref()?;
    let known = refunds.iter().find(|refund| refund.idempotency_key.as_ref() == Some(key))?;
    let same = StoredRefund { id: known.id.clone(), at: known.at, ..wanted.clone() };
    if same == *known {
        return Some(Reply::new(200, known.shown()).with("idempotent-replayed", "true"));
    }
    let message =
        "Keys for idempotent requests can only be used with the same parameters they were first used with.";
    Some(Reply::new(400, json!({"error": {"type": "idempotency_error", "message": message}})))
}

/// Newest first.
fn list(call: &Call, refunds: &[StoredRefund]) -> Reply {
    let payment = call.query("charge").or_else(|| call.query("payment_intent"));
    let all: Vec<&StoredRefund> = refunds
        .iter()
        .rev()
        .filter(|refund| payment.as_ref().is_none_or(|it| *it == refund.payment))
        .collect();
    let after = call.query("starting_after");
    let start = after.and_then(|id| all.iter().position(|refund| refund.id == id)).map_or(0, |at| at + 1);
    let limit = call.number("limit", PER_PAGE, MAX_PER_PAGE).max(1);
    let rows: Vec<Value> = all.iter().skip(start).take(limit).map(|refund| refund.shown()).collect();
    let has_more = start + rows.len() < all.len();
    Reply::new(200, json!({"object": "list", "url": "/v1/refunds", "has_more": has_more, "data": rows}))
}

fn no_such(payment: &str) -> Reply {
    let message = format!("No such charge: '{payment}'");
    Reply::new(
        404,
        json!({"error": {"type": "invalid_request_error", "code": "resource_missing", "message": message}}),
    )
}

fn invalid(code: &str, param: &str, message: &str) -> Reply {
    Reply::new(
        400,
        json!({"error": {"type": "invalid_request_error", "code": code, "param": param, "message": message}}),
    )
}
