//! `refund_request`: refunds a payment at Stripe, whole or in part, once a person has approved it.
//!
//! Text from outside asks for money here, so nothing goes without a person whatever the approval policy,
//! and nothing above the amount of agent.toml goes at all. What the person has seen is what is refunded:
//! the amount is a saved step. It is done once: the refund is looked up by our metadata before it is asked
//! for, and the idempotency key is a second lock.

use async_trait::async_trait;
use domain::{
    Audience, Mark, Proof, ServiceError, ServiceFailure, TaskError, TaskOutput, Timestamp, clip, decimals_of,
    money,
};
use futures::FutureExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stripe::{Charge, Payment, Problem, Refund, Stripe};

use super::answered::{COLLEAGUE, answered};
use crate::{Action, Context, Finished, Found, Interrupt};

/// Name of the effect, of the question, and of the step that keeps the plan.
const REFUND: &str = "refund";
/// The host whose cap counts.
const STRIPE: &str = "stripe";
/// Shown to the person of what was written, in bytes.
const MAX_QUOTE: usize = 1_000;

/// What the model finds in the event.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct RefundRequest {
    /// The id of the payment that the event names: `ch_…`, `py_…` or `pi_…`.
    payment: String,
    /// The amount that is asked for, such as `12.50`, in the payment's own currency; nothing for all of it.
    #[serde(default)]
    amount: Option<String>,
    /// Why the money is to go back.
    #[serde(default)]
    reason: Reason,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    #[default]
    RequestedByCustomer,
    Duplicate,
}

/// What a person is asked about, and what is refunded then.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Plan {
    amount: u64,
    paid: u64,
    refunded_before: u64,
    currency: String,
}

/// What a customer is asked or told when nothing can be refunded, by the kind of the refusal. A colleague sees it first, with
/// the reason.
const ANSWERS: &[(&str, &str)] = &[
    (
        "no_payment",
        "To look into the refund we need the number of the payment. It begins with ch_, py_ or pi_ and stands on the receipt.",
    ),
    (
        "no_such_payment",
        "We do not find a payment with this number. Please look on the receipt: it begins with ch_, py_ or pi_.",
    ),
    ("bad_amount", "To look into the refund we need to know which amount it is about."),
    ("disputed", COLLEAGUE),
    ("above_limit", COLLEAGUE),
    ("no_limit", COLLEAGUE),
    // Stripe's own word about the payment, be it to a look or to the refund that was approved.
    ("stripe_refused", COLLEAGUE),
];

/// Refunds what a person has approved. Where something is missing, or the limits or Stripe do not allow it, a draft waits that
/// asks or tells the customer so, if they can be answered: nobody who wants their money back is left without a word.
///
/// # Errors
/// [`Interrupt`], as every automation.
pub(super) async fn refund_request(context: Context, asked: RefundRequest) -> Result<Finished, Interrupt> {
    let outcome = refund(&context, asked).await;
    answered(&context, outcome, ANSWERS).await
}

async fn refund(context: &Context, asked: RefundRequest) -> Result<Finished, Interrupt> {
    let payment = Payment::parse(asked.payment.trim())
        .ok_or_else(|| refuse("no_payment", "the event names no payment of Stripe (ch_…, py_… or pi_…)"))?;
    let stripe = context.client::<Stripe>(REFUND)?;
    let reason = match asked.reason {
        Reason::RequestedByCustomer => stripe::Reason::RequestedByCustomer,
        Reason::Duplicate => stripe::Reason::Duplicate,
    };
    // What is left to refund depends on it.
    let search = Deal { stripe, payment: &payment, amount: 0, reason };
    if let Some(finished) = context.earlier(REFUND, &search).await? {
        return Ok(finished);
    }
    let plan = context.step(REFUND, plan(context, stripe, &payment, asked.amount.as_deref()).boxed()).await?;
    within_limit(context, &plan)?;
    let question = question(context, &payment, &plan, asked.reason);
    let deal = Deal { stripe, payment: &payment, amount: plan.amount, reason };
    if context.approval(REFUND, &question).await?.edited {
        return Err(refuse(
            "edited_request",
            "the request was edited, which changes nothing but its text; nothing was refunded. Refund another \
             amount in Stripe's Dashboard",
        ));
    }
    let proof = context.once(REFUND, &deal).await?;
    let text = format!("refunded {} of {payment} ({})", money(plan.amount, &plan.currency), proof.id);
    Ok(Finished { success: true, output: TaskOutput::Text(text), output_url: proof.url })
}

fn refuse(kind: &str, message: impl AsRef<str>) -> Interrupt {
    Interrupt::fail(TaskError::new(REFUND, kind, message))
}

/// How much of what is to be refunded, by what Stripe says of the payment.
async fn plan(
    context: &Context,
    stripe: &Stripe,
    payment: &Payment,
    amount: Option<&str>,
) -> Result<Plan, Interrupt> {
    let look = async {
        stripe.charge(payment).await.map_err(|error| match error.problem {
            Problem::NoSuchPayment => refuse("no_such_payment", error.to_string()),
            _ => context.failed(REFUND, &ServiceError::from(error)),
        })
    };
    let charge = context.outside(STRIPE, look).await?;
    if charge.disputed {
        return Err(refuse("disputed", format!("{payment} is disputed: answer the dispute instead")));
    }
    Ok(Plan {
        amount: due(&charge, amount)?,
        paid: charge.amount,
        refunded_before: charge.amount_refunded,
        currency: charge.currency,
    })
}

/// The amount in the smallest unit of the currency: all that is left, unless less is asked for.
fn due(charge: &Charge, amount: Option<&str>) -> Result<u64, Interrupt> {
    let left = charge.left();
    let due = match amount.map(str::trim).filter(|amount| !amount.is_empty()) {
        None => left,
        Some(text) => small_units(text, &charge.currency).ok_or_else(|| {
            let clipped = clip(text, 40);
            refuse(
                "bad_amount",
                format!("`{clipped}` is not an amount of {}", charge.currency.to_uppercase()),
            )
        })?,
    };
    if due == 0 || due > left {
        let left = money(left, &charge.currency);
        return Err(refuse("bad_amount", format!("of the payment, {left} can still be refunded")));
    }
    Ok(due)
}

/// `12.5` of a currency in its smallest unit; no sign, no separators, no currency.
fn small_units(text: &str, currency: &str) -> Option<u64> {
    let decimals = decimals_of(currency) as usize;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > decimals {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

fn within_limit(context: &Context, plan: &Plan) -> Result<(), Interrupt> {
    let most = context.settings().max_refund.as_ref().and_then(|most| most.0.get(&plan.currency));
    match most {
        Some(most) if plan.amount <= *most => Ok(()),
        Some(most) => {
            let (asked, most) = (money(plan.amount, &plan.currency), money(*most, &plan.currency));
            let message =
                format!("{asked} is above the {most} of max_amount in [automations.refund_request]");
            Err(refuse("above_limit", message))
        }
        None => {
            let currency = &plan.currency;
            let message =
                format!("max_amount in [automations.refund_request] names no amount of `{currency}`");
            Err(refuse("no_limit", message))
        }
    }
}

/// What the person sees: the facts from Stripe first, then who wants it, in their words.
fn question(context: &Context, payment: &Payment, plan: &Plan, reason: Reason) -> String {
    let event = context.event();
    let currency = &plan.currency;
    let why = match reason {
        Reason::RequestedByCustomer => "asked for by the customer",
        Reason::Duplicate => "charged twice",
    };
    let quote: String = clip(&event.text, MAX_QUOTE).lines().map(|line| format!("> {line}\n")).collect();
    format!(
        "Refund {} of {payment}.\n\nPaid: {}. Refunded so far: {}. Reason: {why}.\n\n\
         From {} in {}:\n\n{quote}",
        money(plan.amount, currency),
        money(plan.paid, currency),
        money(plan.refunded_before, currency),
        event.actor,
        event.thread,
    )
}

struct Deal<'a> {
    stripe: &'a Stripe,
    payment: &'a Payment,
    amount: u64,
    reason: stripe::Reason,
}

impl Deal<'_> {
    /// A refund that failed is no refund, and no reason to make a second one unasked.
    fn proof(&self, refund: Refund) -> Result<Proof, ServiceError> {
        if refund.stands() {
            return Ok(Proof { id: refund.id, url: None });
        }
        let message = format!(
            "the refund {} did not go through (Stripe or the bank withdrew it); refund {} in the Dashboard",
            refund.id, self.payment
        );
        let failure = ServiceFailure::Refused;
        Err(ServiceError { service: STRIPE, operation: "refund a payment", failure, message })
    }
}

#[async_trait]
impl Action for Deal<'_> {
    fn host(&self) -> Option<String> {
        Some(STRIPE.to_owned())
    }

    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        let Self { payment, amount, reason, .. } = *self;
        let request = stripe::RefundRequest { payment, amount, reason: Some(reason), mark };
        self.proof(self.stripe.refund(&request).await?)
    }

    async fn find(&self, mark: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        match self.stripe.find_refund(self.payment, mark).await? {
            Some(refund) => self.proof(refund).map(Found::Done),
            None => Ok(Found::NotDone),
        }
    }

    /// The text of the event does not go along.
    fn audience(&self) -> Audience {
        Audience::Restricted
    }
}

#[cfg(test)]
mod tests {
    use super::small_units;

    #[test]
    fn amounts_are_read_by_the_decimals_of_their_currency() {
        for (text, currency, expected) in [
            ("12.5", "usd", Some(1_250)),
            ("12", "eur", Some(1_200)),
            ("0.05", "usd", Some(5)),
            ("1500", "jpy", Some(1_500)),
            ("1.234", "kwd", Some(1_234)),
            ("1.5", "jpy", None),
            ("1.234", "usd", None),
            ("1,000", "usd", None),
            ("-1", "usd", None),
            ("$5", "usd", None),
            (".5", "usd", None),
            ("", "usd", None),
            ("99999999999999999999999", "usd", None),
        ] {
            assert_eq!(small_units(text, currency), expected, "{text} {currency}");
        }
    }
}
