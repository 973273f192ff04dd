//! What the tests share: clients, payments, marks, and what Stripe answers.

use std::time::Duration;

use domain::{Clock, Mark, TaskId, Timestamp};
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};
use stripe::{Config, Payment, Reason, Refund, RefundRequest, Stripe, StripeError};

pub(crate) const KEY: &str = "rk_test_not_a_real_key";

pub(crate) fn client(server: &Server) -> Stripe {
    patient(server, Duration::from_secs(10))
}

/// A client that waits no longer than `timeout`.
pub(crate) fn patient(server: &Server, timeout: Duration) -> Stripe {
    let config = Config { timeout, ..Config::at(&server.base) };
    Stripe::new(&KEY.into(), &config, Clock::fixed(Timestamp::UNIX_EPOCH)).unwrap()
}

pub(crate) fn payment() -> Payment {
    Payment::parse("ch_1").unwrap()
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("stripe", identity.as_bytes()), effect: "refund".into() }
}

/// Asks for 10.50 of `ch_1` by mark `1`.
pub(crate) async fn refund(stripe: &Stripe) -> Result<Refund, StripeError> {
    let (payment, mark) = (payment(), mark("1"));
    let reason = Some(Reason::RequestedByCustomer);
    stripe.refund(&RefundRequest { payment: &payment, amount: 1050, reason, mark: &mark }).await
}

/// A refund with our metadata for `mark`.
pub(crate) fn made(id: &str, mark: &Mark) -> Value {
    json!({
        "id": id, "object": "refund", "amount": 1050, "currency": "eur", "charge": "ch_1", "status": "succeeded",
        "metadata": {"afterhook_task_id": mark.task_id, "afterhook_effect": mark.effect},
    })
}

/// A list as Stripe gives it.
pub(crate) fn list(data: &[Value], has_more: bool) -> Reply {
    Reply::json(200, json!({"object": "list", "url": "/v1/refunds", "has_more": has_more, "data": data}))
}

/// An error as Stripe words it.
pub(crate) fn problem(status: u16, kind: &str, code: &str, message: &str) -> Reply {
    let mut error = json!({"type": kind, "message": message});
    if !code.is_empty() {
        error["code"] = json!(code);
    }
    Reply::json(status, json!({"error": error}))
}

/// A Stripe without refunds that answers a new one as `post` says.
pub(crate) async fn posting(post: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked| if asked.method == "GET" { list(&[], false) } else { post(asked) }).await
}
