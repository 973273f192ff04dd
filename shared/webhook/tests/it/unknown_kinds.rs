//! A kind of event is told apart from the rest of the event, which may be unreadable.

use crate::senders::{sample, sender};
use serde_json::{Value, json};
use webhook::{Filter, ParseError, Parsed, Provider, Received, Sender};

fn kind(provider: Provider, body: &Value, hint: Option<&str>) -> Option<String> {
    sender(provider).kind(&Received { event_hint: hint, body: body.to_string().as_bytes() }).unwrap()
}

fn parse(provider: Provider, body: &Value, hint: Option<&str>) -> Result<Parsed, ParseError> {
    sender(provider).parse(&Received { event_hint: hint, body: body.to_string().as_bytes() })
}

fn name(parsed: Result<Parsed, ParseError>) -> String {
    match parsed {
        Ok(Parsed::Event(event)) => event.name,
        other => panic!("no event: {other:?}"),
    }
}

#[test]
fn the_kind_is_the_name_of_the_event() {
    for (provider, path, hint) in [
        (Provider::Github, "github/issues.opened.json", None),
        (Provider::Github, "github/pull_request_review.submitted.json", None),
        (Provider::Gitlab, "gitlab/note.create.json", None),
        (Provider::Jira, "jira/comment.created.json", None),
        (Provider::Jira, "jira/issue.commented.data-center.json", None),
        (Provider::Linear, "linear/issue.create.json", None),
        (Provider::Pagerduty, "pagerduty/incident.triggered.json", None),
        (Provider::Sentry, "sentry/event_alert.triggered.json", None),
        (Provider::Shopify, "shopify/orders.create.json", Some("orders/create")),
        (Provider::Slack, "slack/app_mention.json", None),
        (Provider::Slack, "slack/message.channels.json", None),
        (Provider::Slack, "slack/message.edited.json", None),
        (Provider::Stripe, "stripe/charge.failed.json", None),
        (Provider::Zendesk, "zendesk/ticket.created.json", None),
    ] {
        let body: Value = serde_json::from_slice(&sample(path)).unwrap();
        assert_eq!(kind(provider, &body, hint), Some(name(parse(provider, &body, hint))), "{path}");
    }
}

#[test]
fn the_kind_of_what_cannot_be_read_is_known() {
    for (provider, body, hint, expected) in [
        (
            Provider::Github,
            json!({"action": "opened", "issue": {"title": "no number"}}),
            None,
            "issues.opened",
        ),
        (Provider::Github, json!({"issue": {}}), None, "issues"),
        (Provider::Github, json!({"action": "opened"}), Some("issues"), "issues.opened"),
        (
            Provider::Gitlab,
            json!({"object_kind": "issue", "object_attributes": {"action": "open"}}),
            None,
            "issue.open",
        ),
        (Provider::Jira, json!({"webhookEvent": "comment_created"}), None, "comment.created"),
        (Provider::Linear, json!({"type": "Comment", "action": "create"}), None, "comment.create"),
        (
            Provider::Pagerduty,
            json!({"event": {"event_type": "incident.triggered"}}),
            None,
            "incident.triggered",
        ),
        (Provider::Sentry, json!({"action": "created", "data": {"issue": {}}}), None, "issue.created"),
        (
            Provider::Slack,
            json!({"type": "event_callback", "event": {"type": "app_mention"}}),
            None,
            "app_mention",
        ),
        (
            Provider::Gitlab,
            json!({"object_kind": "issue", "project": {"path_with_namespace": "a/b"}, "user": {"username": "mona"},
                "object_attributes": {"iid": 1, "action": "cré"}}),
            None,
            "issue.cr_",
        ),
        (Provider::Shopify, json!({"note": "x"}), Some("orders/create"), "orders.create"),
        (Provider::Stripe, json!({"type": "charge.failed"}), None, "charge.failed"),
        (Provider::Zendesk, json!({"type": "zen:event-type:ticket.created"}), None, "ticket.created"),
    ] {
        assert!(matches!(parse(provider, &body, hint), Err(ParseError::Unreadable(_))), "{body}");
        assert_eq!(kind(provider, &body, hint).as_deref(), Some(expected), "{body}");
    }
}

#[test]
fn what_is_of_no_kind_that_a_source_could_name_has_none() {
    for provider in Provider::ALL.iter().filter(|it| !it.is_mapped() && **it != Provider::Api) {
        assert_eq!(kind(*provider, &json!({"surprise": true}), None), None, "{}", provider.name());
        assert_eq!(kind(*provider, &json!([1]), None), None, "{}", provider.name());
    }
}

#[test]
fn nobody_says_of_what_cannot_be_read_that_it_is_unsubscribed() {
    let deep = format!("{{\"type\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for provider in Provider::ALL {
        let received = Received { event_hint: Some("push"), body: deep.as_bytes() };
        assert!(sender(*provider).kind(&received).is_err(), "{}", provider.name());
    }
}

#[test]
fn names_with_other_letters_are_events_of_stripe() {
    let kind = "v2.core.account[configuration.merchant].capability_status_updated";
    let body =
        json!({"id": "evt_1", "type": kind, "related_object": {"id": "acct_1", "type": "v2.core.account"}});
    let name = name(parse(Provider::Stripe, &body, None));
    assert_eq!(name, "v2.core.account_configuration.merchant_.capability_status_updated");
    let thin = json!({"id": "evt_1", "type": "v1.billing.meter.no_meter_found"});
    assert!(
        matches!(parse(Provider::Stripe, &thin, None), Ok(Parsed::Event(event)) if !event.text.is_empty())
    );
}

#[test]
fn the_topics_that_every_app_of_shopify_must_take_are_events() {
    for expected in ["shop.redact", "customers.data_request", "customers.redact"] {
        let body: &Value = &serde_json::from_slice(&sample(&format!("shopify/{expected}.json"))).unwrap();
        // Their own shape says which they are, whatever the unsigned header says.
        for hint in [None, Some("shop/redact"), Some("orders/create"), Some("customers/data_request")] {
            assert_eq!(kind(Provider::Shopify, body, hint).as_deref(), Some(expected));
            match parse(Provider::Shopify, body, hint) {
                Ok(Parsed::Event(event)) => {
                    assert_eq!(
                        (event.name.as_str(), event.tenant.as_str()),
                        (expected, "tidepool.myshopify.com")
                    );
                    assert!(!event.text.is_empty());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn system_notes_of_gitlab_are_no_comments_of_people() {
    let mut note: Value = serde_json::from_slice(&sample("gitlab/note.create.json")).unwrap();
    note["object_attributes"]["system"] = json!(true);
    assert_eq!(parse(Provider::Gitlab, &note, None), Ok(Parsed::Other("note.system".to_owned())));
}

#[test]
fn a_kind_without_its_action_may_be_any_of_its_events() {
    let filter = Filter { events: Some(vec!["issues.opened".to_owned()]), ..Filter::default() };
    assert!(filter.may_take("issues") && filter.may_take("issues.opened"));
    assert!(!filter.may_take("issues.closed") && !filter.may_take("issue"));
    assert!(!filter.takes("issues"));
}

#[test]
fn senders_without_readers_have_kinds_that_only_they_know() {
    let received = Received { event_hint: None, body: b"[1]" };
    assert!(Sender::of(Provider::Custom).kind(&received).is_err(), "so nothing of theirs is lost");
}

#[test]
fn an_action_in_other_letters_still_names_a_kind() {
    for (provider, body, expected) in [
        (Provider::Github, json!({ "action": "é[x] y", "issue": {} }), "issues.__x__y"),
        (
            Provider::Gitlab,
            json!({ "object_kind": "note", "object_attributes": { "action": "cré" }, "issue": {} }),
            "note.cr_",
        ),
        (
            Provider::Gitlab,
            json!({ "object_kind": "issue", "object_attributes": { "action": "/" } }),
            "issue.unknown",
        ),
        (Provider::Linear, json!({ "action": "É", "type": "Issue", "data": {} }), "issue._"),
        (Provider::Sentry, json!({ "action": "résolu", "data": { "issue": {} } }), "issue.r_solu"),
    ] {
        assert_eq!(kind(provider, &body, None).as_deref(), Some(expected));
    }
}

/// It becomes part of an address, or of a query.
#[test]
fn an_id_that_no_service_makes_names_no_thread() {
    let issue = |id: &str| {
        json!({"type": "Comment", "action": "create", "actor": {"id": "u", "name": "Mona"},
               "data": {"id": "c", "body": "Hi", "issueId": id}})
    };
    let incident = |id: &str| json!({"event": {"id": "e", "event_type": "incident.triggered", "data": {"id": id, "title": "Down"}}});
    for (id, is_fit) in
        [("539068e2-ae88-4d09", true), ("Q1ABC", true), ("a b", false), ("P1/../x", false), ("é", false)]
    {
        assert_eq!(parse(Provider::Linear, &issue(id), None).is_ok(), is_fit, "{id}");
        assert_eq!(parse(Provider::Pagerduty, &incident(id), None).is_ok(), is_fit, "{id}");
    }
}

#[test]
fn kinds_of_github_that_nobody_reads_are_no_unreadable_events() {
    for (kind, fields) in [
        ("membership", json!({"action": "added", "scope": "team", "member": {}, "team": {}})),
        ("custom_property", json!({"action": "created", "definition": {}})),
        ("custom_property_values", json!({"action": "updated", "new_property_values": []})),
        ("org_block", json!({"action": "blocked", "blocked_user": {}})),
        ("security_and_analysis", json!({"changes": {}, "repository": {}})),
        ("branch_protection_configuration", json!({"action": "disabled", "repository": {}})),
        ("deployment_review", json!({"action": "requested", "since": "x", "workflow_run": {}})),
        (
            "deployment_protection_rule",
            json!({"action": "requested", "deployment_callback_url": "x", "deployment": {}}),
        ),
        ("secret_scanning_alert_location", json!({"action": "created", "alert": {}, "location": {}})),
        ("secret_scanning_scan", json!({"action": "completed", "completed_at": "x"})),
        ("team_add", json!({"team": {}, "repository": {}})),
        ("installation_target", json!({"action": "renamed", "target_type": "Organization"})),
        ("github_app_authorization", json!({"action": "revoked", "sender": {}})),
        ("repository_import", json!({"status": "success", "repository": {}})),
        ("exemption_request_push_ruleset", json!({"action": "created", "exemption_request": {}})),
    ] {
        let parsed = parse(Provider::Github, &fields, Some(kind));
        assert!(matches!(&parsed, Ok(Parsed::Other(name)) if name.starts_with(kind)), "{kind}: {parsed:?}");
    }
}
