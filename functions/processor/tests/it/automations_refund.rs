//! `refund_request`: money goes back once, and never without a person.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::*;
use outbound::Url;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};
use stripe::Stripe;
use wiring::{Client, OutsideService, Services};

use harness::{Bench, found, handled_by, issue, output};

/// The policy that lets most through: refunds do not heed it.
const SETTINGS: &str = "[automations.refund_request]\nmax_amount = { usd = 20.00, jpy = 2000 }";

/// Older than any task may get, and younger than what is given up by the sweeper alone.
const MAX_AGE: Duration = Duration::from_secs(13 * 86_400 + 3_600);

/// A Stripe with one charge and an intent that nobody paid. It keeps its refunds, loses its first answer to one if it is told
/// to, and refuses all of them for the code that the charge names as `refuses`.
async fn stripe(charge: Value, loses: bool) -> (Server, Services) {
    let refunds = Mutex::new(Vec::<Value>::new());
    let lost = Mutex::new(loses);
    let server = Server::start(move |asked: &Asked| match asked.line().as_str() {
        "GET /v1/charges/ch_1" => Reply::json(200, charge.clone()),
        "GET /v1/payment_intents/pi_1" => Reply::json(200, json!({"id": "pi_1", "latest_charge": null})),
        line if line.starts_with("GET /v1/charges/") || line.starts_with("GET /v1/payment_intents/") => {
            let message = format!("No such payment: '{}'", line.rsplit('/').next().unwrap());
            refused(404, &json!("resource_missing"), &message)
        }
        "GET /v1/refunds" => {
            Reply::json(200, json!({"object": "list", "data": *refunds.lock().unwrap(), "has_more": false}))
        }
        "POST /v1/refunds" if charge["refuses"].is_string() => {
            refused(400, &charge["refuses"], "Stripe does not refund this.")
        }
        "POST /v1/refunds" => {
            let refund = refund_of(asked);
            refunds.lock().unwrap().push(refund.clone());
            match std::mem::take(&mut *lost.lock().unwrap()) {
                true => Reply::json(500, json!({"error": {"type": "api_error", "message": "oops"}})),
                false => Reply::json(200, refund),
            }
        }
        other => panic!("{other}"),
    })
    .await;
    let services = services_at(&server);
    (server, services)
}

fn refused(status: u16, code: &Value, message: &str) -> Reply {
    let error = json!({"type": "invalid_request_error", "code": code, "message": message});
    Reply::json(status, json!({ "error": error }))
}

fn form(asked: &Asked) -> HashMap<String, String> {
    let body = String::from_utf8(asked.body.to_vec()).unwrap();
    Url::parse(&format!("http://x/?{body}")).unwrap().query_pairs().into_owned().collect()
}

fn refunds(server: &Server) -> Vec<HashMap<String, String>> {
    server.asked().iter().filter(|asked| asked.line() == "POST /v1/refunds").map(form).collect()
}

fn charge(currency: &str) -> Value {
    json!({"id": "ch_1", "object": "charge", "amount": 3000, "amount_refunded": 500, "currency": currency,
        "disputed": false})
}

fn bench(services: Services) -> Bench {
    let text = handled_by("refund_request", SETTINGS).replace("[sources", "approval = \"never\"\n[sources");
    Bench::at(&text, None, services)
}

#[tokio::test]
async fn part_is_refunded_once_after_a_person_said_so_though_the_answer_was_lost() {
    let (server, services) = stripe(charge("usd"), true).await;
    let bench = bench(services);
    bench.script([found(1.0, json!({"payment": "ch_1", "amount": "12.50", "reason": "duplicate"}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{:?}", task.doc.error);
    assert!(refunds(&server).is_empty());
    let shown = bench.draft(&id).await;
    for word in [
        "Refund 12.50 USD of ch_1",
        "Paid: 30.00 USD",
        "so far: 5.00 USD",
        "charged twice",
        "mona",
        "> On start",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!(output(&task), "refunded 12.50 USD of ch_1 (re_1)");
    let made = refunds(&server);
    assert_eq!(made.len(), 1, "its metadata was the proof");
    assert_eq!((made[0]["charge"].as_str(), made[0]["amount"].as_str()), ("ch_1", "1250"));
    assert_eq!(made[0]["reason"], "duplicate");
    let asked = server.asked().into_iter().find(|asked| asked.line() == "POST /v1/refunds").unwrap();
    assert!(asked.header("idempotency-key").starts_with(&format!("afterhook:{id}:refund:")), "{asked:?}");
    assert!(bench.comments().is_empty(), "the question is no comment");
}

#[tokio::test]
async fn all_that_is_left_is_refunded_when_no_amount_is_named() {
    let (server, services) = stripe(charge("jpy"), false).await;
    let bench = bench(services);
    bench.script([found(1.0, json!({"payment": "ch_1"}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "2500 yen are more than 2000");
    assert!(because(&task).contains("above the 2000 JPY of max_amount"), "{}", because(&task));
    assert!(refunds(&server).is_empty());

    let (server, services) = stripe(json!({"id": "ch_1", "amount": 1500, "currency": "usd"}), false).await;
    let bench = bench_of(services, json!({"payment": " ch_1 ", "amount": ""})).await;
    assert!(bench.0.draft(&bench.1).await.starts_with("Refund 15.00 USD"));
    bench.0.approve(&bench.1).await;
    assert_eq!(refunds(&server)[0]["amount"], "1500");
}

async fn bench_of(services: Services, parameters: Value) -> (Bench, TaskId) {
    let bench = bench(services);
    bench.script([found(1.0, parameters)]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    (bench, id)
}

fn because(task: &Task) -> &str {
    task.doc.draft.as_ref().and_then(|draft| draft.parked_because.as_deref()).unwrap_or_default()
}

/// The customer gets an answer all the same, once a person has seen it with the reason.
#[tokio::test]
async fn what_must_not_be_refunded_waits_with_what_is_missing_and_refunds_nothing() {
    let mut disputed = charge("usd");
    disputed["disputed"] = json!(true);
    for (charge, parameters, why) in [
        (charge("usd"), json!({"payment": "ch_1", "amount": "20.01"}), "above the 20.00 USD"),
        (charge("usd"), json!({"payment": "ch_1", "amount": "25.01"}), "25.00 USD can still be refunded"),
        (charge("usd"), json!({"payment": "ch_1", "amount": "0"}), "25.00 USD can still be refunded"),
        (charge("usd"), json!({"payment": "ch_1", "amount": "-5"}), "is not an amount of USD"),
        (charge("eur"), json!({"payment": "ch_1", "amount": "1"}), "names no amount of `eur`"),
        (charge("usd"), json!({"payment": "../customers"}), "names no payment"),
        (charge("usd"), json!({"payment": "ch_2"}), "No such payment: 'ch_2'"),
        (charge("usd"), json!({"payment": "pi_2"}), "No such payment: 'pi_2'"),
        (charge("usd"), json!({"payment": "pi_1"}), "nothing was paid for this intent"),
        (disputed, json!({"payment": "ch_1", "amount": "1"}), "is disputed"),
    ] {
        let (server, services) = stripe(charge, false).await;
        let (bench, id) = bench_of(services, parameters.clone()).await;
        let task = bench.task(&id).await;
        assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{parameters}");
        assert!(because(&task).contains(why), "{parameters}: {}", because(&task));
        assert!(bench.comments().is_empty(), "{parameters}");
        let task = bench.approve(&id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
        assert_eq!(bench.comments().len(), 1, "{parameters}");
        assert!(refunds(&server).is_empty());
    }
}

/// Much can happen between a look at the payment and a person's approval. The refund is not tried again when they approve what
/// the customer is told: somebody may have paid by hand.
#[tokio::test]
async fn what_stripe_refuses_after_the_approval_waits_as_an_answer_and_is_not_tried_again() {
    for code in ["charge_disputed", "charge_already_refunded", "balance_insufficient", "unheard_of"] {
        let mut charge = charge("usd");
        charge["refuses"] = json!(code);
        let (server, services) = stripe(charge, false).await;
        let (bench, id) = bench_of(services, json!({"payment": "ch_1", "amount": "5"})).await;
        let task = bench.approve(&id).await;
        assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{code}: {:?}", task.doc.error);
        assert!(because(&task).contains("Stripe does not refund this."), "{code}: {}", because(&task));
        assert!(bench.draft(&id).await.contains("A colleague looks into this"), "{code}");
        let task = bench.approve(&id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{code}: {:?}", task.doc.error);
        assert_eq!((bench.comments().len(), refunds(&server).len()), (1, 1), "{code}");
        assert!(!task.has_open_intent(), "{code}");
    }
}

#[tokio::test]
async fn a_refund_that_cannot_be_made_fails_where_nobody_can_be_answered() {
    let (server, services) = stripe(charge("usd"), false).await;
    let text =
        handled_by("refund_request", SETTINGS).replacen("[sources", "approval = \"never\"\n[sources", 1);
    let billing = "\n[sources.billing]\nautomation = \"ignore\"\nscheme = { header = \"X-Signature\" }\n";
    let bench = Bench::at(&format!("{text}{billing}"), None, services);
    bench.script([found(1.0, json!({"payment": "none"}))]);
    let id = bench.accept_from("billing", &json!({"type": "asked", "text": "My money back, please."})).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.doc.error.unwrap().kind, "no_payment");
    assert!(refunds(&server).is_empty());
}

#[tokio::test]
async fn rejected_or_edited_request_refunds_nothing() {
    let wanted = || json!({"payment": "ch_1", "amount": "5"});
    let (server, services) = stripe(charge("usd"), false).await;
    let (bench, id) = bench_of(services, wanted()).await;
    let task = bench.decide(&id, DecisionInput::Reject { reason: Some("no".to_owned()) }).await;
    assert_eq!(task.control.status, TaskStatus::Rejected);
    assert!(refunds(&server).is_empty());

    let (server, services) = stripe(charge("usd"), false).await;
    let (bench, id) = bench_of(services, wanted()).await;
    let edited = bench.draft(&id).await.replace("5.00", "9.00");
    let task = bench.decide(&id, DecisionInput::Approve { text: Some(edited), intent: None }).await;
    assert_eq!(task.doc.error.unwrap().kind, "edited_request");
    assert!(refunds(&server).is_empty());
}

/// A Stripe that answers the first refund with this error, does not make it, and repeats its first answer to a key. A dollar
/// is refunded by hand meanwhile.
async fn stripe_with_saved_error(status: u16, code: &'static str) -> (Server, Services) {
    let (saved, made) = (Mutex::new(HashMap::<String, (u16, Value)>::new()), Mutex::new(Vec::<Value>::new()));
    let server = Server::start(move |asked: &Asked| match asked.line().as_str() {
        "GET /v1/charges/ch_1" => {
            let by_hand = 100 * saved.lock().unwrap().len();
            let charge = json!({"id": "ch_1", "amount": 1500, "amount_refunded": by_hand, "currency": "usd"});
            Reply::json(200, charge)
        }
        "GET /v1/refunds" => {
            Reply::json(200, json!({"object": "list", "data": *made.lock().unwrap(), "has_more": false}))
        }
        "POST /v1/refunds" => {
            let (mut saved, key) = (saved.lock().unwrap(), asked.header("idempotency-key").to_owned());
            if let Some((status, body)) = saved.get(&key) {
                return Reply::json(*status, body.clone()).header("idempotent-replayed", "true");
            }
            let answer = if saved.is_empty() {
                (status, json!({"error": {"type": "api_error", "code": code, "message": "no"}}))
            } else {
                (200, refund_of(asked))
            };
            saved.insert(key, answer.clone());
            made.lock().unwrap().extend((answer.0 == 200).then(|| answer.1.clone()));
            Reply::json(answer.0, answer.1)
        }
        other => panic!("{other}"),
    })
    .await;
    let services = services_at(&server);
    (server, services)
}

#[tokio::test]
async fn refund_that_the_balance_did_not_suffice_for_is_made_by_a_retry_once_it_does() {
    // All that is left is another amount by then.
    for parameters in [json!({"payment": "ch_1", "amount": "5"}), json!({"payment": "ch_1"})] {
        let (server, services) = stripe_with_saved_error(400, "balance_insufficient").await;
        let (bench, id) = bench_of(services, parameters.clone()).await;
        let task = bench.approve(&id).await;
        assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{:?}", task.doc.error);
        assert!(because(&task).contains("then retry the task"), "{}", because(&task));
        let decider = Decider { name: "ada", request: "r9", at: bench.now(), from: &Origin::CONSOLE };
        retry(&bench.stores, &id, Some("there is money now".to_owned()), decider).await.unwrap();
        bench.until_settled(&id).await;
        let task = bench.approve(&id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{parameters}: {:?}", task.doc.error);
        assert!(output(&task).starts_with("refunded "), "{parameters}: {}", output(&task));
        let asked = refunds(&server);
        assert_eq!(asked[0]["amount"] == asked.last().unwrap()["amount"], parameters["amount"] == "5");
    }
}

fn refund_of(asked: &Asked) -> Value {
    let form = form(asked);
    json!({
        "id": "re_1", "object": "refund", "status": "succeeded", "currency": "usd",
        "amount": form["amount"].parse::<u64>().unwrap(),
        "metadata": {
            "afterhook_task_id": form["metadata[afterhook_task_id]"],
            "afterhook_effect": form["metadata[afterhook_effect]"],
        },
    })
}

fn services_at(server: &Server) -> Services {
    let config = stripe::Config { base_url: server.base.clone(), ..stripe::default_config() };
    let stripe = Stripe::new(&"rk_test_1".into(), &config, Clock::system()).unwrap();
    Services::default().with(OutsideService::Stripe, Client::new(Arc::new(stripe)))
}

/// A Stripe that loses its answer to the first refund, which it `keeps` or not, and from then on shows its refunds to
/// nobody until it `shows` them.
async fn silent_stripe(keeps: bool) -> (Server, Services, Arc<AtomicBool>) {
    let (refunds, shows) = (Mutex::new(Vec::<Value>::new()), Arc::new(AtomicBool::new(false)));
    let (is_first, shown) = (AtomicBool::new(true), Arc::clone(&shows));
    let server = Server::start(move |asked: &Asked| match asked.line().as_str() {
        "GET /v1/charges/ch_1" => Reply::json(200, charge("usd")),
        "GET /v1/refunds" if is_first.load(Ordering::SeqCst) || shown.load(Ordering::SeqCst) => {
            Reply::json(200, json!({"object": "list", "data": *refunds.lock().unwrap(), "has_more": false}))
        }
        "GET /v1/refunds" => {
            Reply::json(400, json!({"error": {"type": "invalid_request_error", "message": "no"}}))
        }
        "POST /v1/refunds" => {
            let refund = refund_of(asked);
            let is_lost = is_first.swap(false, Ordering::SeqCst);
            if keeps || !is_lost {
                refunds.lock().unwrap().push(refund.clone());
            }
            match is_lost {
                true => Reply::json(500, json!({"error": {"type": "api_error", "message": "oops"}})),
                false => Reply::json(200, refund),
            }
        }
        other => panic!("{other}"),
    })
    .await;
    let services = services_at(&server);
    (server, services, shows)
}

/// A refund was approved, nobody can say what became of it, and the task failed; then it is retried with a note.
async fn retried_in_doubt(bench: &Bench, shows: &AtomicBool) -> (TaskId, String) {
    bench.script([found(1.0, json!({"payment": "ch_1", "amount": "12.50"}))]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    let asked = bench.task(&id).await.doc.draft.unwrap().hash;
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed, "{task:?}");
    assert_eq!(task.doc.error.unwrap().kind, "in_doubt");
    shows.store(true, Ordering::SeqCst);
    let decider = Decider { name: "ada", request: "r9", at: bench.now(), from: &Origin::CONSOLE };
    retry(&bench.stores, &id, Some("look again".to_owned()), decider).await.unwrap();
    bench.until_settled(&id).await;
    (id, asked)
}

#[tokio::test]
async fn refund_that_had_happened_ends_the_task_and_is_named() {
    let (server, services, shows) = silent_stripe(true).await;
    let bench = bench(services);
    let (id, asked) = retried_in_doubt(&bench, &shows).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{task:?}");
    assert_eq!(task.doc.result.unwrap().output, TaskOutput::Draft(asked));
    assert_eq!(refunds(&server).len(), 1);
}

#[tokio::test]
async fn refund_of_a_new_round_is_asked_about_anew() {
    let (server, services, shows) = silent_stripe(false).await;
    let bench = bench(services);
    let (id, _) = retried_in_doubt(&bench, &shows).await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    assert_eq!(refunds(&server).len(), 1, "the one that was lost");
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(refunds(&server).len(), 2);
}

#[tokio::test]
async fn refund_that_did_land_leaves_no_failed_task() {
    for is_too_old in [false, true] {
        let (server, services) = stripe(charge("usd"), true).await;
        let (bench, id) = bench_of(services, json!({"payment": "ch_1", "amount": "5"})).await;
        bench.say(&id, DecisionInput::Approve { text: None, intent: None }).await;
        bench.work().await;
        assert!(bench.task(&id).await.has_open_intent());
        match is_too_old {
            true => bench.pass(MAX_AGE),
            false => bench.use_up_tries(&id).await,
        }
        let task = bench.until_settled(&id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
        assert_eq!(refunds(&server).len(), 1);
    }
}

/// Whoever looks once more before the end begins nothing, though a person had approved it.
#[tokio::test]
async fn refund_that_did_not_land_is_not_made_by_the_last_look() {
    let (server, services, shows) = silent_stripe(false).await;
    shows.store(true, Ordering::SeqCst);
    let (bench, id) = bench_of(services, json!({"payment": "ch_1", "amount": "5"})).await;
    bench.say(&id, DecisionInput::Approve { text: None, intent: None }).await;
    bench.work().await;
    bench.use_up_tries(&id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, refunds(&server).len()), (TaskStatus::Failed, 1), "{task:?}");
    assert!(!task.has_open_intent(), "it certainly did not happen");
    let error = task.doc.error.unwrap();
    assert!(!error.message.contains("is not known"), "{error:?}");
}
