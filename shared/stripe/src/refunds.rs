//! Refunds: made at most once, and found again by their metadata.

use std::collections::BTreeMap;

use domain::{Mark, short_sha256};
use outbound::{Call, HeaderName, HeaderValue, Request};
use serde::Deserialize;

use crate::api::{FIND, REFUND, Stripe};
use crate::error::{self, Problem, StripeError};
use crate::payment::Payment;

/// Refunds on a page: the most that Stripe gives.
const PER_PAGE: &str = "100";
/// Pages that are looked through.
const MAX_PAGES: usize = 10;
/// Stands in an answer that was given to an earlier request under the same idempotency key.
const REPLAYED: &str = "idempotent-replayed";
/// Keys of our metadata.
const TASK: &str = "afterhook_task_id";
const EFFECT: &str = "afterhook_effect";

/// Why money goes back, in Stripe's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The customer was charged twice.
    Duplicate,
    /// The payment was not the customer's. Stripe puts card and address on block lists.
    Fraudulent,
    /// The customer asked for it.
    RequestedByCustomer,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Fraudulent => "fraudulent",
            Self::RequestedByCustomer => "requested_by_customer",
        }
    }
}

/// A refund to be made.
#[derive(Debug, Clone)]
pub struct RefundRequest<'a> {
    /// Of what.
    pub payment: &'a Payment,
    /// How much, in the smallest unit of the payment's currency.
    pub amount: u64,
    /// Why.
    pub reason: Option<Reason>,
    /// Which effect of which task it is: its proof, and the beginning of its idempotency key.
    pub mark: &'a Mark,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refund {
    /// Its id (`re_…`).
    pub id: String,
    /// How much, in the smallest unit of the currency.
    pub amount: u64,
    /// Three letters in lower case: `usd`.
    pub currency: String,
    /// How far it has come; `None` for some kinds of payment.
    pub status: Option<RefundStatus>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// How far a refund has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// The customer must do something, such as name a bank account.
    RequiresAction,
    /// The money went back.
    Succeeded,
    /// The bank would not take it: the money is in the account's balance.
    Failed,
    /// It was withdrawn.
    Canceled,
    /// A status that this client does not know.
    #[serde(other)]
    Other,
}

impl Refund {
    /// Whether the money goes back to the customer, as far as Stripe knows now.
    #[must_use]
    pub fn stands(&self) -> bool {
        !matches!(self.status, Some(RefundStatus::Failed | RefundStatus::Canceled))
    }

    fn carries(&self, mark: &Mark) -> bool {
        self.metadata.get(TASK).is_some_and(|task| *task == mark.task_id.to_string())
            && self.metadata.get(EFFECT) == Some(&mark.effect)
    }
}

#[derive(Debug, Deserialize)]
struct RefundsPage {
    data: Vec<Refund>,
    #[serde(default)]
    has_more: bool,
}

impl Stripe {
    /// Refunds a part of a payment, or all of it. When the effect of the mark has happened already, however
    /// long ago, its refund is returned, even if its amount is another one or it has failed since: only a person
    /// can say that a second refund is due.
    ///
    /// # Errors
    /// [`StripeError`]; in doubt ([`domain::ServiceFailure::InDoubt`]) means that
    /// [`Stripe::find_refund`] will tell.
    pub async fn refund(&self, request: &RefundRequest<'_>) -> Result<Refund, StripeError> {
        let call = self.client.begin(REFUND);
        if request.amount == 0 {
            return Err(self.refuse(call, Problem::Invalid, "the amount of a refund is at least 1"));
        }
        let looking = Call { operation: FIND, ..call };
        if let Some(refund) = self.look(looking, request.payment, request.mark).await? {
            return Ok(refund);
        }
        let (amount, task) = (request.amount.to_string(), request.mark.task_id.to_string());
        let mut fields = vec![
            (request.payment.parameter(), request.payment.id()),
            ("amount", amount.as_str()),
            ("metadata[afterhook_task_id]", task.as_str()),
            ("metadata[afterhook_effect]", request.mark.effect.as_str()),
        ];
        fields.extend(request.reason.map(|reason| ("reason", reason.name())));
        let content: String = fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let key = format!("afterhook:{task}:{}:{}", request.mark.effect, short_sha256(&content));
        let url = self.client.base().join(&["v1", "refunds"]);
        self.ask(call, &Request::form(url, &fields), &key).await
    }

    /// Sends `request` under the first of the keys `key`, `key:2`, `key:3` … that Stripe has not refused before.
    ///
    /// Stripe keeps its first answer to a key for a day, an error too, and gives nothing else to whoever asks again
    /// ("Idempotent requests" in its API reference). A refusal (4xx) that it repeats has changed nothing: the next key
    /// makes no second refund. A 500 may have changed something, which Stripe may even complete later ("Low-level error
    /// handling"): it stays in doubt under its own key until the refund is found or the key forgotten. A success that it
    /// repeats is that refund. All processes come by the same keys in the same order, so of two at once one is told that
    /// the other's is under way, or what came of it.
    async fn ask(&self, call: Call, request: &Request, key: &str) -> Result<Refund, StripeError> {
        let mut number = 1;
        loop {
            let key = if number == 1 { key.to_owned() } else { format!("{key}:{number}") };
            let key = HeaderValue::try_from(key).map_err(|_| {
                self.refuse(call, Problem::Invalid, "the effect's name cannot stand in a header")
            })?;
            let request = request.clone().header(HeaderName::from_static("idempotency-key"), key);
            // Refused once half the time is over: so this ends.
            let answer = self.client.send(call, &request).await?;
            if !answer.status.is_client_error() || !answer.headers.contains_key(REPLAYED) {
                return self.client.read(call, &answer, error::of);
            }
            number += 1;
        }
    }

    /// The refund of a payment that is the effect of `mark`, if there is one.
    ///
    /// # Errors
    /// [`StripeError`], never in doubt.
    pub async fn find_refund(&self, payment: &Payment, mark: &Mark) -> Result<Option<Refund>, StripeError> {
        self.look(self.client.begin(FIND), payment, mark).await
    }

    async fn look(&self, call: Call, payment: &Payment, mark: &Mark) -> Result<Option<Refund>, StripeError> {
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![(payment.parameter(), payment.id()), ("limit", PER_PAGE)];
            query.extend(after.as_deref().map(|after| ("starting_after", after)));
            let url = self.client.base().join(&["v1", "refunds"]);
            let mut page: RefundsPage = self.call(call, &Request::get(url, &query)).await?;
            after = page.data.last().map(|refund| refund.id.clone()).filter(|_| page.has_more);
            if let Some(at) = page.data.iter().position(|refund| refund.carries(mark)) {
                return Ok(Some(page.data.swap_remove(at)));
            }
            if after.is_none() {
                return Ok(None);
            }
        }
        // "Not found" would have the money sent again.
        let message = format!("our refund is not among the last {MAX_PAGES} pages of the payment's refunds");
        Err(self.client.lost(call, message).into())
    }
}
