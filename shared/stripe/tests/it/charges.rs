//! Looking at payments.

use domain::ServiceFailure;
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};
use stripe::{Payment, Problem};

use crate::support::{client, payment};

fn charge() -> Value {
    json!({"id": "ch_1", "object": "charge", "amount": 2000, "amount_refunded": 500, "currency": "jpy",
        "disputed": false, "refunded": false})
}

#[tokio::test]
async fn a_charge_tells_its_currency_and_what_is_left() {
    let server = Server::start(|_| Reply::json(200, charge())).await;
    let charge = client(&server).charge(&payment()).await.unwrap();
    assert_eq!((charge.left(), charge.currency.as_str(), charge.disputed), (1500, "jpy", false));
    assert_eq!(server.lines(), ["GET /v1/charges/ch_1"]);
}

#[tokio::test]
async fn an_intent_has_the_charge_that_paid_it() {
    let server = Server::start(|_| Reply::json(200, json!({"id": "pi_1", "latest_charge": charge()}))).await;
    let intent = Payment::parse("pi_1").unwrap();
    assert_eq!(client(&server).charge(&intent).await.unwrap().id, "ch_1");
    assert_eq!(server.lines(), ["GET /v1/payment_intents/pi_1"]);
    assert_eq!(server.asked()[0].param("expand[]"), "latest_charge");

    let server = Server::start(|_| Reply::json(200, json!({"id": "pi_1", "latest_charge": null}))).await;
    let error = client(&server).charge(&intent).await.unwrap_err();
    assert_eq!((error.problem, error.service.failure), (Problem::NoSuchPayment, ServiceFailure::Refused));
}
