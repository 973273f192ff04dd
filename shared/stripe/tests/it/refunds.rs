//! Refunding: once, or not at all, or said to be in doubt; and finding it again.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::{Mark, ServiceFailure};
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};
use stripe::{Payment, Problem, Reason, RefundRequest, RefundStatus};

use crate::support::{KEY, client, list, made, mark, patient, payment, posting, refund};

const LINES: [&str; 2] = ["GET /v1/refunds", "POST /v1/refunds"];

#[tokio::test]
async fn a_refund_is_looked_up_then_made_with_its_proof_and_key() {
    let server = posting(|_| Reply::json(200, made("re_1", &mark("1")))).await;
    let made = refund(&client(&server)).await.unwrap();
    assert_eq!((made.id.as_str(), made.amount, made.currency.as_str()), ("re_1", 1050, "eur"));
    assert_eq!(made.status, Some(RefundStatus::Succeeded));
    assert_eq!(server.lines(), LINES);
    let asked = server.asked();
    assert_eq!((asked[0].param("charge"), asked[0].param("limit")), ("ch_1", "100"));
    assert_eq!(asked[1].header("authorization"), format!("Bearer {KEY}"));
    let key = format!("afterhook:{}:refund:", mark("1").task_id);
    assert!(asked[1].header("idempotency-key").starts_with(&key), "{:?}", asked[1]);
    assert_eq!(asked[1].header("stripe-version"), "2024-06-20");
    assert_eq!(asked[1].header("content-type"), "application/x-www-form-urlencoded");
    let form: HashMap<String, String> = fields(&asked[1].body);
    let task = mark("1").task_id.to_string();
    let expected = [
        ("charge", "ch_1"),
        ("amount", "1050"),
        ("reason", "requested_by_customer"),
        ("metadata[afterhook_task_id]", task.as_str()),
        ("metadata[afterhook_effect]", "refund"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

fn fields(body: &[u8]) -> HashMap<String, String> {
    let query = std::str::from_utf8(body).unwrap();
    outbound::Url::parse(&format!("http://x/?{query}")).unwrap().query_pairs().into_owned().collect()
}

#[tokio::test]
async fn an_intent_is_refunded_by_its_own_parameter() {
    let server = posting(|_| Reply::json(200, made("re_1", &mark("1")))).await;
    let (payment, mark) = (Payment::parse("pi_1").unwrap(), mark("1"));
    let request = RefundRequest { payment: &payment, amount: 1, reason: None, mark: &mark };
    client(&server).refund(&request).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].param("payment_intent"), "pi_1");
    let form = fields(&asked[1].body);
    assert_eq!(form["payment_intent"], "pi_1");
    assert!(!form.contains_key("charge") && !form.contains_key("reason"));
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_found_and_not_made_again() {
    let done = AtomicBool::new(false);
    let server = Server::start(move |asked| match asked.method.as_str() {
        "POST" => {
            done.store(true, Ordering::SeqCst);
            Reply::json(502, json!({}))
        }
        _ if done.load(Ordering::SeqCst) => list(&[made("re_1", &mark("1"))], false),
        _ => list(&[], false),
    })
    .await;
    let stripe = client(&server);
    assert_eq!(stripe.find_refund(&payment(), &mark("1")).await.unwrap(), None);
    let error = refund(&stripe).await.unwrap_err();
    assert!(error.service.failure.is_in_doubt() && error.problem == Problem::Unavailable);
    assert_eq!(stripe.find_refund(&payment(), &mark("1")).await.unwrap().unwrap().id, "re_1");
    // Whoever asks again, a month later, gets the refund that there is.
    assert_eq!(refund(&stripe).await.unwrap().id, "re_1");
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn metadata_of_another_task_or_effect_proves_nothing() {
    let other = Mark { effect: "goodwill".into(), ..mark("1") };
    let mut plain = made("re_3", &mark("1"));
    plain["metadata"] = json!({});
    let refunds = [made("re_1", &mark("2")), made("re_2", &other), plain];
    let server = Server::start(move |_| list(&refunds, false)).await;
    assert_eq!(client(&server).find_refund(&payment(), &mark("1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_refund_that_failed_is_found_and_said_not_to_stand() {
    for (status, stands) in [("failed", false), ("canceled", false), ("pending", true), ("of_tomorrow", true)]
    {
        let mut one = made("re_1", &mark("1"));
        one["status"] = json!(status);
        let server = Server::start(move |_| list(std::slice::from_ref(&one), false)).await;
        assert_eq!(refund(&client(&server)).await.unwrap().stands(), stands, "{status}");
        assert_eq!(server.lines(), LINES[..1], "a second one is for a person to decide");
    }
}

#[tokio::test]
async fn every_page_is_looked_through() {
    let server = Server::start(|asked| match asked.param("starting_after") {
        "" => list(&[made("re_9", &mark("9")), made("re_8", &mark("8"))], true),
        "re_8" => list(&[made("re_1", &mark("1"))], false),
        other => panic!("unexpected {other}"),
    })
    .await;
    assert_eq!(client(&server).find_refund(&payment(), &mark("1")).await.unwrap().unwrap().id, "re_1");
}

#[tokio::test]
async fn a_search_that_was_cut_short_is_not_taken_for_an_absence() {
    let server = Server::start(|_| list(&[made("re_9", &mark("9"))], true)).await;
    let error = refund(&client(&server)).await.unwrap_err();
    assert_eq!(error.service.failure, ServiceFailure::Later { after: None });
    assert!(server.lines().iter().all(|line| line == LINES[0]), "nothing was refunded");
}

#[tokio::test]
async fn a_time_out_leaves_it_in_doubt_and_one_before_it_does_not() {
    let server = posting(|_| Reply::Hang).await;
    let error = refund(&patient(&server, Duration::from_millis(400))).await.unwrap_err();
    assert_eq!(error.service.failure, ServiceFailure::InDoubt);
    let server = Server::start(|_| Reply::Hang).await;
    let error = refund(&patient(&server, Duration::from_millis(400))).await.unwrap_err();
    assert_eq!(error.service.failure, ServiceFailure::Later { after: None });
    assert!(!server.lines().iter().any(|line| line.starts_with("POST")));
}

#[tokio::test]
async fn an_unreadable_success_leaves_it_in_doubt() {
    let fractional: fn() -> Value = || json!({"id": "re_1", "amount": 10.5, "currency": "eur"});
    for body in [|| json!({"id": 7}), || json!([]), fractional] {
        let server = posting(move |_| Reply::json(200, body())).await;
        assert_eq!(refund(&client(&server)).await.unwrap_err().service.failure, ServiceFailure::InDoubt);
    }
}

#[tokio::test]
async fn nothing_is_no_refund() {
    let server = posting(|_| Reply::json(200, json!({}))).await;
    let (payment, mark) = (payment(), mark("1"));
    let request = RefundRequest { payment: &payment, amount: 0, reason: None, mark: &mark };
    let error = client(&server).refund(&request).await.unwrap_err();
    assert_eq!((error.problem, error.service.failure), (Problem::Invalid, ServiceFailure::Refused));
    assert!(server.asked().is_empty());
}

/// A Stripe that lists no refund, and repeats its first answer to a key, errors too. `answers` are those to new keys, one
/// after the other.
async fn saving(answers: Vec<(u16, Value)>) -> Server {
    let (saved, next) = (Mutex::new(HashMap::<String, (u16, Value)>::new()), AtomicUsize::new(0));
    posting(move |asked| {
        let (mut saved, key) = (saved.lock().unwrap(), asked.header("idempotency-key").to_owned());
        if let Some((status, body)) = saved.get(&key) {
            return Reply::json(*status, body.clone()).header("idempotent-replayed", "true");
        }
        let (status, body) = answers[next.fetch_add(1, Ordering::SeqCst)].clone();
        saved.insert(key, (status, body.clone()));
        Reply::json(status, body)
    })
    .await
}

fn key(asked: &Asked) -> &str {
    asked.header("idempotency-key")
}

#[tokio::test]
async fn a_refusal_that_stripe_repeats_is_asked_about_under_the_next_key_and_a_success_is_taken() {
    let short = || json!({"error": {"type": "invalid_request_error", "code": "balance_insufficient"}});
    let server = saving(vec![(400, short()), (402, short()), (200, made("re_1", &mark("1")))]).await;
    // As many processes: none knows what another has asked.
    for _ in 0..2 {
        assert_eq!(refund(&client(&server)).await.unwrap_err().problem, Problem::InsufficientBalance);
    }
    assert_eq!(refund(&client(&server)).await.unwrap().id, "re_1");
    // Its answer was lost, and no listing has it yet.
    assert_eq!(refund(&client(&server)).await.unwrap().id, "re_1");
    let asked = server.asked();
    let posts: Vec<&Asked> = asked.iter().filter(|asked| asked.method == "POST").collect();
    let keys: Vec<&str> = posts.iter().map(|asked| key(asked)).collect();
    let [first, second, third] = [keys[0], keys[2], keys[5]];
    assert_eq!(keys, [first, first, second, first, second, third, first, second, third]);
    assert!(first != second && second != third && first != third, "{keys:?}");
}

/// Stripe may have made the refund, or make it yet.
#[tokio::test]
async fn a_server_error_that_stripe_repeats_is_asked_about_under_no_other_key() {
    let server = saving(vec![(500, json!({"error": {"type": "api_error"}}))]).await;
    for _ in 0..3 {
        let failure = refund(&client(&server)).await.unwrap_err().service.failure;
        assert_eq!(failure, ServiceFailure::ServerError);
    }
    let asked = server.asked();
    let mut keys: Vec<&str> = asked.iter().filter(|asked| asked.method == "POST").map(key).collect();
    assert_eq!(keys.len(), 3);
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[tokio::test]
async fn an_error_of_this_very_try_is_not_tried_again() {
    let server = posting(|_| Reply::json(500, json!({"error": {"type": "api_error"}}))).await;
    refund(&client(&server)).await.unwrap_err();
    assert_eq!(server.lines(), LINES);
}

#[tokio::test]
async fn another_refund_has_another_key() {
    let server = posting(|_| Reply::json(200, made("re_1", &mark("1")))).await;
    let mark = mark("1");
    for (payment, amount, reason) in [
        ("ch_1", 1050, Some(Reason::Duplicate)),
        ("ch_1", 1050, None),
        ("ch_1", 105, None),
        ("ch_2", 1050, None),
        ("ch_2", 1050, None),
    ] {
        let payment = Payment::parse(payment).unwrap();
        let request = RefundRequest { payment: &payment, amount, reason, mark: &mark };
        client(&server).refund(&request).await.unwrap();
    }
    let asked = server.asked();
    let mut keys: Vec<&str> = asked.iter().filter(|asked| asked.method == "POST").map(key).collect();
    keys.dedup();
    assert_eq!(keys.len(), 4, "{keys:?}");
}

#[tokio::test]
async fn refusals_that_are_repeated_without_end_are_left_for_later() {
    let server = posting(|_| {
        Reply::json(402, json!({"error": {"type": "card_error"}})).header("idempotent-replayed", "true")
    })
    .await;
    let error = refund(&patient(&server, Duration::from_millis(600))).await.unwrap_err();
    assert_eq!(error.service.failure, ServiceFailure::Later { after: None });
}
