//! The body of `POST /tasks`.

use serde_json::{Value, json};
use webhook::{ApiTask, ParseError, Parsed, Provider, Received, Sender};

fn read(body: &Value) -> Result<ApiTask, Vec<String>> {
    ApiTask::read(body.as_object().unwrap()).map_err(|found| found.iter().map(ToString::to_string).collect())
}

#[test]
fn a_full_task_is_read() {
    let body = json!({
        "source": "api", "prompt": "Summarise the week.", "priority": 4,
        "metadata": { "team": "ops" }, "callback_url": "https://hooks.example/done",
    });
    let task = read(&body).unwrap();
    assert_eq!((task.text.as_str(), task.priority.level()), ("Summarise the week.", 4));
    assert_eq!(task.metadata["team"], "ops");
    assert_eq!(task.callback_url.unwrap().host_str(), Some("hooks.example"));
}

#[test]
fn a_payload_is_the_text_as_json() {
    let task = read(&json!({ "payload": { "order": 7 } })).unwrap();
    assert_eq!((task.text.as_str(), task.priority.level()), ("{\n  \"order\": 7\n}", 3));
    assert_eq!(task.payload, Some(json!({ "order": 7 })));
}

#[test]
fn every_mistake_is_reported_at_once() {
    let found = read(&json!({
        "source": "github", "promt": "x", "priority": 6,
        "metadata": Value::from_iter((0..17).map(|n| (format!("k{n}"), n))), "callback_url": "ftp://x",
    }));
    assert_eq!(
        found.unwrap_err(),
        [
            "`body` has no field \"promt\"; known: source, prompt, payload, priority, metadata, callback_url",
            "`source` must be \"api\"",
            "`prompt` or `payload` must be there: say what is to be done",
            "`priority` must be 1 (bulk) to 5 (urgent)",
            "`metadata` has more than 16 keys",
            "`callback_url` must begin with https://",
        ]
    );
}

#[test]
fn fields_outside_their_bounds_are_refused() {
    let only = |field: &str, value: Value| {
        let mut body = json!({ "prompt": "x" });
        body[field] = value;
        read(&body).unwrap_err()
    };
    assert_eq!(
        only("metadata", json!({ "a": "x".repeat(1024) })),
        ["`metadata` has 1032 bytes; 1024 are allowed"]
    );
    assert_eq!(only("metadata", json!([])), ["`metadata` must be an object"]);
    assert_eq!(only("payload", json!({})), ["`prompt` and `payload` exclude each other: send one of them"]);
    assert_eq!(only("prompt", json!(" ")), ["`prompt` must be a text that is not blank"]);
    for priority in [json!(0), json!(-1), json!(3.5), json!("3"), json!(300)] {
        assert_eq!(only("priority", priority), ["`priority` must be 1 (bulk) to 5 (urgent)"]);
    }
    for url in
        ["http://hooks.example", "https://user:pw@x", "x", "file:///etc/passwd", "http://127.0.0.1.example"]
    {
        assert!(only("callback_url", json!(url))[0].starts_with("`callback_url` must"), "{url}");
    }
}

/// A name in Unicode can look like another host; its ASCII form says which one is meant.
#[test]
fn the_host_of_a_callback_is_written_in_ascii() {
    let callback = |url: &str| read(&json!({ "prompt": "x", "callback_url": url }));
    for url in ["https://bücher.example/", "https://１２７.0.0.1/", "https://hooks。example/"] {
        assert_eq!(callback(url).unwrap_err(), ["`callback_url` must have its host name in ASCII (`xn--…`)"]);
    }
    let url = callback("https://xn--bcher-kva.example/é").unwrap().callback_url.unwrap();
    assert_eq!((url.host_str(), url.path()), (Some("xn--bcher-kva.example"), "/%C3%A9"));
}

#[test]
fn the_stored_body_is_read_back_as_the_same_task() {
    let body =
        json!({ "source": "api", "prompt": "Do it.", "priority": 5, "metadata": { "a": 1 } }).to_string();
    let received = Received { event_hint: None, body: body.as_bytes() };
    let Ok(Parsed::Event(event)) = Sender::of(Provider::Api).parse(&received) else { panic!("no event") };
    assert_eq!(
        (event.name.as_str(), event.tenant.as_str(), event.actor.as_str()),
        ("task.requested", "api", "api")
    );
    assert_eq!((event.text.as_str(), event.priority.map(domain::Priority::level)), ("Do it.", Some(5)));
    assert_eq!(event.metadata["a"], 1);
    let bad = Received { body: b"{}", ..received };
    assert!(matches!(Sender::of(Provider::Api).parse(&bad), Err(ParseError::Unreadable(_))));
}
