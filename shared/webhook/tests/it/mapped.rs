//! Senders that agent.toml describes.

use crate::senders::sample;
use crate::support::headers;
use domain::Event;
use serde_json::json;
use webhook::{FieldMap, Parsed, Pointer, Provider, Received, Sender};

fn pointer(text: &str) -> Option<Pointer> {
    Some(Pointer::new(text).unwrap())
}

fn billing() -> Sender {
    Sender {
        identity: pointer("/id"),
        map: FieldMap {
            event: pointer("/type"),
            tenant: pointer("/account"),
            thread: pointer("/ticket/id"),
            actor: pointer("/user"),
            title: pointer("/ticket/subject"),
            text: pointer("/ticket/description"),
            labels: pointer("/ticket/tags"),
            occurred_at: pointer("/created_at"),
            ..FieldMap::default()
        },
        ..Sender::new("billing", Provider::Custom)
    }
}

fn read(sender: &Sender, body: &[u8]) -> Event {
    match sender.parse(&Received { event_hint: None, body }) {
        Ok(Parsed::Event(event)) => *event,
        other => panic!("no event: {other:?}"),
    }
}

fn identity(sender: &Sender, body: &[u8]) -> Vec<u8> {
    let received = Received { event_hint: None, body };
    sender.identity(&received, &headers(&[])[..]).into_owned()
}

#[test]
fn fields_are_taken_from_where_the_map_says() {
    let expected = Event {
        title: Some("Charged twice".to_owned()),
        text: "I was charged twice for November. Please refund one of the charges.".to_owned(),
        labels: vec!["refund".to_owned()],
        occurred_at: Some("2026-11-20T10:00:00Z".parse().unwrap()),
        ..Event::new("ticket.opened", "tidepool", "4711", "ines")
    };
    assert_eq!(read(&billing(), &sample("billing/ticket.opened.json")), expected);
}

#[test]
fn an_event_that_lacks_everything_is_still_an_event() {
    let body = br#"{"x":[1,2]}"#;
    let event = read(&billing(), body);
    assert_eq!(
        (event.name.as_str(), event.tenant.as_str(), event.actor.as_str()),
        ("event", "billing", "billing")
    );
    assert!(event.thread.starts_with("event/") && event.text.contains("\"x\""));
    let other = read(&billing(), br#"{"x":[1,3]}"#);
    assert_ne!(event.thread, other.thread);
    assert_eq!(identity(&billing(), body), body);
}

#[test]
fn a_text_that_is_an_object_is_shown_as_json() {
    let event = read(&billing(), br#"{"ticket":{"description":{"a":1}},"x":2}"#);
    assert_eq!(event.text, "{\n  \"a\": 1\n}");
}

#[test]
fn identity_is_where_agent_toml_says() {
    let id = |value| identity(&billing(), json!({ "id": value, "x": 1 }).to_string().as_bytes());
    assert_eq!(id(json!("bev_1")), b"bev_1");
    assert_eq!(id(json!(7)), b"7");
    for none in [json!(null), json!(""), json!([1]), json!({}), json!(true), json!("x".repeat(2000))] {
        let body = json!({ "id": none, "x": 1 }).to_string();
        assert_eq!(identity(&billing(), body.as_bytes()), body.as_bytes(), "{none}");
    }
}

#[test]
fn names_of_events_are_made_fit_for_filters_and_metrics() {
    let name = |kind: &str| read(&billing(), json!({ "type": kind }).to_string().as_bytes()).name;
    assert_eq!(name("Order.Created"), "order.created");
    assert_eq!(name("order/created"), "order.created");
    assert_eq!(name("user signed-up"), "user_signed_up");
    for kind in ["", "..", "a..b", &"x".repeat(500)] {
        assert_eq!(name(kind), "event", "{kind}");
    }
}

#[test]
fn tenants_and_threads_are_bounded_and_stay_distinct() {
    let long = |end: char| json!({ "account": "a".repeat(5000), "ticket": { "id": format!("{}{end}", "é".repeat(5000)) } });
    let [one, two] = ['1', '2'].map(|end| read(&billing(), long(end).to_string().as_bytes()));
    assert!(one.tenant.len() <= 256 && one.thread.len() <= 256);
    assert_eq!(one.tenant, two.tenant);
    assert_ne!(one.thread, two.thread);
}
