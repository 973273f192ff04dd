//! The stand-in as our own client sees it.

use std::time::Duration;

use domain::Clock;
use http::Request;
use stripe::{Config, Payment, Problem, RefundRequest, Stripe};

use super::{AMOUNT, StripeStandin};
use crate::kit::testing::{mark, send, serve};
use crate::kit::{Fault, FaultRule, Scope};

async fn with_client(standin: &StripeStandin, test: impl AsyncFnOnce(Stripe)) {
    serve(standin, async |base| {
        let config = Config { timeout: Duration::from_millis(800), ..Config::at(base) };
        let client = Stripe::new(&"sk_test_1".into(), &config, Clock::system()).unwrap();
        test(client).await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_refund_is_found_and_made_once() {
    let standin = StripeStandin::new();
    with_client(&standin, async |client| {
        for (number, payment) in ["ch_1", "pi_1"].into_iter().enumerate() {
            let (payment, mark) = (Payment::parse(payment).unwrap(), mark(number));
            let request = RefundRequest { payment: &payment, amount: 500, reason: None, mark: &mark };
            standin.set_faults(vec![FaultRule::always(Fault::Lost).on(Scope::Writes).first(1)]);
            let error = client.refund(&request).await.unwrap_err();
            assert!(error.service.failure.is_in_doubt());
            let found = client.find_refund(&payment, &mark).await.unwrap().unwrap();
            assert_eq!(client.refund(&request).await.unwrap(), found);
            let charge = client.charge(&payment).await.unwrap();
            assert_eq!((charge.amount, charge.left()), (AMOUNT, AMOUNT - 500));
        }
    })
    .await;
    assert_eq!(standin.with(|kept| kept.refunds.len()), 2);
}

#[tokio::test]
async fn what_stripe_refuses_is_refused() {
    let standin = StripeStandin::new();
    standin.with(|kept| kept.paid.extend([("ch_gone".to_owned(), 0), ("ch_small".to_owned(), 100)]));
    with_client(&standin, async |client| {
        let refund = async |payment: &str, amount, number| {
            let (payment, mark) = (Payment::parse(payment).unwrap(), mark(number));
            let request = RefundRequest { payment: &payment, amount, reason: None, mark: &mark };
            client.refund(&request).await.map_err(|error| error.problem)
        };
        assert_eq!(refund("ch_gone", 1, 0).await.unwrap_err(), Problem::NoSuchPayment);
        assert_eq!(refund("ch_small", 101, 1).await.unwrap_err(), Problem::AmountTooLarge);
        assert_eq!(refund("ch_small", 100, 2).await.unwrap().amount, 100);
        assert_eq!(refund("ch_small", 1, 3).await.unwrap_err(), Problem::AlreadyRefunded);
    })
    .await;
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_its_parameters() {
    let standin = StripeStandin::new();
    let ask = async |key: &str, amount: &str| {
        let request = Request::post("/v1/refunds")
            .header("authorization", "Bearer sk_test_1")
            .header("idempotency-key", key)
            .header("content-type", "application/x-www-form-urlencoded");
        send(standin.router(), request, format!("charge=ch_1&amount={amount}")).await.status
    };
    assert_eq!((ask("k", "5").await, ask("k", "5").await, ask("k", "6").await), (200, 200, 400));
    for (fault, again) in [(Fault::Status(500), 500), (Fault::RateLimited, 200), (Fault::DoneBut502, 200)] {
        standin.set_faults(vec![FaultRule::always(fault).on(Scope::Writes).first(1)]);
        let key = format!("{fault:?}");
        let first = ask(&key, "7").await;
        assert_eq!((first == 200, ask(&key, "7").await), (false, again), "{fault:?}");
    }
    assert_eq!(standin.with(|kept| kept.refunds.len()), 3);
}
