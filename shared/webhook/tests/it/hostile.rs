//! Every reader against what no sender sends: it answers, bounded, and without a panic.

use crate::senders::{sample, sender};
use crate::support::headers;
use proptest::prelude::*;
use serde_json::{Value, json};
use webhook::{Parsed, Provider, Received};

const SAMPLES: [(Provider, &str); 27] = [
    (Provider::Slack, "slack/app_mention.json"),
    (Provider::Slack, "slack/message.channels.json"),
    (Provider::Slack, "slack/message.edited.json"),
    (Provider::Slack, "slack/message.forwarded.json"),
    (Provider::Github, "github/pull_request.opened.json"),
    (Provider::Github, "github/pull_request_review.submitted.json"),
    (Provider::Github, "github/pull_request_review_comment.created.json"),
    (Provider::Github, "github/discussion_comment.created.json"),
    (Provider::Github, "github/release.published.json"),
    (Provider::Github, "github/workflow_run.completed.json"),
    (Provider::Github, "github/issues.labeled.json"),
    (Provider::Slack, "slack/url_verification.json"),
    (Provider::Stripe, "stripe/charge.failed.json"),
    (Provider::Zendesk, "zendesk/ticket.comment_added.json"),
    (Provider::Jira, "jira/issue.created.json"),
    (Provider::Jira, "jira/comment.created.json"),
    (Provider::Jira, "jira/comment.created.data-center.json"),
    (Provider::Jira, "jira/issue.commented.data-center.json"),
    (Provider::StandardWebhooks, "standard-webhooks/invoice.overdue.json"),
    (Provider::Gitlab, "gitlab/issue.open.json"),
    (Provider::Gitlab, "gitlab/note.create.json"),
    (Provider::Linear, "linear/comment.create.json"),
    (Provider::Pagerduty, "pagerduty/incident.triggered.json"),
    (Provider::Sentry, "sentry/issue.created.json"),
    (Provider::Sentry, "sentry/event_alert.triggered.json"),
    (Provider::Shopify, "shopify/orders.create.json"),
    (Provider::Custom, "billing/ticket.opened.json"),
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        Just(json!("../../x?y=z#é")),
        Just(json!("é".repeat(4000))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..3).prop_map(Value::from_iter),
        ]
    })
}

/// Every place of `value`, as pointers.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                places(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

/// What must hold of whatever a reader makes of `body`.
fn check(provider: Provider, body: &[u8], event_hint: Option<&str>) {
    let received = Received { event_hint, body };
    let sent = headers(&[("x-github-delivery", "7"), ("x-shopify-webhook-id", "8"), ("request-id", "9")]);
    let identity = sender(provider).identity(&received, &sent[..]).into_owned();
    // From the signed bytes alone: either they hold it, or it is all of them.
    let named = serde_json::from_slice::<Value>(body).is_ok_and(|body| holds(&body, &identity));
    assert!(identity == body || named, "{}", provider.name());
    match sender(provider).parse(&received) {
        Ok(Parsed::Event(event)) => {
            for name in [&event.tenant, &event.thread] {
                assert!((1..=256).contains(&name.len()), "{} {name}", provider.name());
            }
            assert!(!event.name.is_empty() && event.name.len() <= 200);
            let metadata = serde_json::to_vec(&event.metadata).unwrap();
            assert!(metadata.len() <= 2048, "{}: {} bytes", provider.name(), metadata.len());
            let target = serde_json::to_string(&event.target).unwrap();
            assert!(!target.contains(['/', '?', '#', '%', 'é', ' ']), "{target}");
        }
        Ok(Parsed::Other(name)) => {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
            assert!(name.len() <= 200 && name.chars().all(plain), "{name}");
        }
        Ok(Parsed::Challenge(text)) => assert!(text.len() <= 1024),
        Ok(Parsed::Ping | Parsed::Interaction(_)) | Err(_) => {}
    }
}

fn holds(value: &Value, text: &[u8]) -> bool {
    match value {
        Value::String(found) => found.as_bytes() == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|item| holds(item, text)),
        _ => false,
    }
}

fn provider() -> impl Strategy<Value = Provider> {
    prop::sample::select(Provider::ALL.to_vec())
}

/// Whoever sends, and in a form too: what is left of a character that was cut in two hides no event.
#[test]
fn half_a_surrogate_pair_makes_nothing_unreadable() {
    for (provider, path) in SAMPLES {
        let whole = String::from_utf8(sample(path)).unwrap();
        let cut = whole.replacen('{', r#"{"cut":"smile \ud83d","#, 1);
        let parse = |body: &str| {
            let received = Received { event_hint: Some("orders/create"), body: body.as_bytes() };
            sender(provider).parse(&received).map(|parsed| std::mem::discriminant(&parsed))
        };
        assert_eq!(parse(&cut), parse(&whole), "{path}");
        assert!(parse(&cut).is_ok() || provider == Provider::Github, "{path}");
    }
    let form = b"payload=%7B%22type%22%3A%22%5Cud83d%22%7D";
    let received = Received { event_hint: None, body: form };
    assert_eq!(sender(Provider::Slack).parse(&received), Ok(Parsed::Other("_".to_owned())));
}

/// Two that were cut at the same place would be one.
#[test]
fn an_id_that_was_cut_in_two_is_no_identity() {
    let body = br#"{"id":"evt_\ud83d","type":"charge.failed"}"#;
    let received = Received { event_hint: None, body };
    assert_eq!(sender(Provider::Stripe).identity(&received, &headers(&[])[..]).as_ref(), body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_field_of_a_sample_may_hold_anything(
        sample_index in 0..SAMPLES.len(), place: prop::sample::Index, second: prop::sample::Index,
        value in anything(), other in anything(),
    ) {
        let (provider, path) = SAMPLES[sample_index];
        let mut body: Value = serde_json::from_slice(&sample(path)).unwrap();
        for (place, value) in [(place, value), (second, other)] {
            let mut found = Vec::new();
            places(&body, "", &mut found);
            *body.pointer_mut(&found[place.index(found.len())]).unwrap() = value;
        }
        check(provider, body.to_string().as_bytes(), Some("orders/create"));
    }

    #[test]
    fn any_json_is_answered(provider in provider(), value in anything(), hint: Option<String>) {
        check(provider, value.to_string().as_bytes(), hint.as_deref());
    }

    #[test]
    fn any_bytes_are_answered(provider in provider(), body: Vec<u8>) {
        check(provider, &body, None);
    }

    #[test]
    fn any_form_is_answered(value in anything(), key in "(payload|command|token|x)") {
        let body: String =
            form_urlencoded::Serializer::new(String::new()).append_pair(&key, &value.to_string()).finish();
        check(Provider::Slack, body.as_bytes(), None);
        check(Provider::Github, body.as_bytes(), None);
    }
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    for provider in Provider::ALL {
        check(*provider, deep.as_bytes(), None);
        check(*provider, format!("{{\"type\":{deep}}}").as_bytes(), None);
    }
}

#[test]
fn ids_that_would_lead_elsewhere_make_no_target() {
    let cases = [
        (Provider::Slack, "slack/app_mention.json", "/event/channel", json!("C1/../x")),
        (Provider::Slack, "slack/app_mention.json", "/event/ts", json!("1.1&channel=C2")),
        (Provider::Slack, "slack/app_mention.json", "/event/thread_ts", json!("x")),
        (Provider::Slack, "slack/app_mention.json", "/team_id", json!("T1 T2")),
        (Provider::Jira, "jira/issue.created.json", "/issue/key", json!("OPS-7/../../x")),
        (Provider::Zendesk, "zendesk/ticket.created.json", "/detail/id", json!("35436/x")),
        (Provider::Zendesk, "zendesk/ticket.created.json", "/detail/id", json!("+5")),
    ];
    for (provider, path, pointer, value) in cases {
        let mut body: Value = serde_json::from_slice(&sample(path)).unwrap();
        let parent = body.pointer_mut(pointer.rsplit_once('/').unwrap().0).unwrap();
        parent[pointer.rsplit_once('/').unwrap().1] = value.clone();
        let body = body.to_string();
        let received = Received { event_hint: None, body: body.as_bytes() };
        let read = sender(provider).parse(&received);
        assert!(
            matches!(read, Err(webhook::ParseError::Unreadable(_))),
            "{path} {pointer} {value}: {read:?}"
        );
    }
}
