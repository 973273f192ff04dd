//! Verified, well formed and of no interest: ignored before anything else about it matters. Only what somebody
//! asked for and nobody can read is a failed task, and raises an alarm.

use axum::body::Bytes;
use domain::{Task, TaskStatus};
use http::{HeaderMap, HeaderName, Request};
use ingest::{SecretMap, SecretsSource};
use serde_json::{Value, json};
use settings::SourceSettings;
use webhook::{Filter, PriorityRules, Provider, Secrets, Sender};

use crate::rig::{Answer, Parts, Rig};

const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==";

struct Source(Rig, Sender);

impl Source {
    fn listing(provider: Provider, events: &[&str]) -> Self {
        Self::with(provider, Some(events))
    }

    fn with(provider: Provider, events: Option<&[&str]>) -> Self {
        let events = events.map(|events| events.iter().map(|name| (*name).to_owned()).collect());
        let sender = Sender::of(provider);
        let source = SourceSettings {
            automation: None,
            at: None,
            hooks: Vec::new(),
            name: provider.name().to_owned(),
            sender: sender.clone(),
            filter: Filter { events, ..Filter::default() },
            priorities: PriorityRules::default(),
            max_event_age: None,
            trusted: false,
            mode: settings::Mode::Live,
        };
        let secrets = SecretMap::from([(provider.name().to_owned(), Secrets(vec![SECRET.into()]))]);
        let secrets = SecretsSource::fixed(secrets);
        Self(Parts { source, secrets, ..Parts::default() }.rig(), sender)
    }

    async fn post(&self, body: &Value, hint: Option<&str>) -> Answer {
        let Self(rig, sender) = self;
        let body: Bytes = sender.stamped(body.to_string().as_bytes(), rig.watch.now()).into();
        let mut headers = HeaderMap::new();
        for (name, value) in sender.scheme.sign(&Secrets(vec![SECRET.into()]), &body, rig.watch.now()) {
            headers.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        headers.insert("content-type", "application/json".parse().unwrap());
        if let (Some(name), Some(hint)) = (sender.provider.row().hint, hint) {
            headers.insert(HeaderName::try_from(name).unwrap(), hint.parse().unwrap());
        }
        let mut request = Request::post(format!("/webhooks/{}", sender.name)).body(body.into()).unwrap();
        *request.headers_mut() = headers;
        rig.send(request).await
    }

    /// The task that `answer` names has failed, and its follow-up counts it and raises the alarm.
    async fn assert_failed(&self, answer: &Answer) -> Task {
        assert_eq!(answer.json["status"], "accepted", "{answer:?}");
        let id = answer.json["task_id"].as_str().unwrap().parse().unwrap();
        let task = self.0.stores.tasks.get(&id).await.unwrap().unwrap();
        assert_eq!(task.control.status, TaskStatus::Failed, "{}", self.1.name);
        assert!(task.doc.follow_up.is_some() && task.control.due_at.is_some(), "{task:?}");
        task
    }
}

/// A sender, an event of it that is listed, a body of another kind, and a listed one that nobody can read.
fn cases() -> Vec<(Provider, &'static str, Value, Value)> {
    let stripe = "v2.core.account[configuration.merchant].capability_status_updated";
    vec![
        (
            Provider::Stripe,
            "charge.failed",
            json!({"id": "evt_1", "type": stripe}),
            json!({"type": "charge.failed"}),
        ),
        (
            Provider::Shopify,
            "orders.create",
            json!({"shop_id": 1, "shop_domain": "a.myshopify.com"}),
            json!({"note": "an order without an id"}),
        ),
        (
            Provider::Zendesk,
            "ticket.created",
            json!({"id": "1", "type": "zen:event-type:user.Created!"}),
            json!({"type": "zen:event-type:ticket.created"}),
        ),
        (
            Provider::Jira,
            "issue.created",
            json!({"webhookEvent": "jira:Version-Released"}),
            json!({"webhookEvent": "jira:issue_created"}),
        ),
        (
            Provider::Gitlab,
            "issue.open",
            json!({"object_kind": "Push-Thing"}),
            json!({"object_kind": "issue", "object_attributes": {"action": "open"}}),
        ),
        (
            Provider::Linear,
            "issue.create",
            json!({"type": "Project Update", "action": "Create"}),
            json!({"type": "Issue", "action": "create"}),
        ),
        (
            Provider::Pagerduty,
            "incident.triggered",
            json!({"event": {"event_type": "service.Up-dated"}}),
            json!({"event": {"event_type": "incident.triggered"}}),
        ),
        (
            Provider::Sentry,
            "issue.created",
            json!({"action": "created", "data": {"seer": {}}}),
            json!({"action": "created", "data": {"issue": {}}}),
        ),
        (
            Provider::Slack,
            "app_mention",
            json!({"type": "event_callback", "event": {"type": "Future Thing"}}),
            json!({"type": "event_callback", "event": {"type": "app_mention"}}),
        ),
        (
            Provider::Github,
            "issues.opened",
            json!({"action": "Odd action", "repository": {}}),
            json!({"action": "opened", "issue": {}}),
        ),
    ]
}

#[tokio::test]
async fn unknown_kinds_are_unsubscribed_and_leave_nothing() {
    for (provider, listed, unknown, _) in cases() {
        let source = Source::listing(provider, &[listed]);
        for body in [&unknown, &json!({"surprise": true}), &json!([1])] {
            // Linear signs a time in its body, and a list has none.
            if provider == Provider::Linear && body.is_array() {
                continue;
            }
            let answer = source.post(body, None).await;
            answer.assert(200, &json!({ "status": "ignored", "reason": "unsubscribed" }));
        }
    }
}

#[tokio::test]
async fn subscribed_kinds_that_cannot_be_read_are_failed_tasks_and_are_counted() {
    for (provider, listed, _, unreadable) in cases() {
        // Of what has no id, Shopify's header alone says the topic.
        let hint = (provider == Provider::Shopify).then_some("orders/create");
        let source = Source::listing(provider, &[listed]);
        let answer = source.post(&unreadable, hint).await;
        let task = source.assert_failed(&answer).await;
        assert_eq!(task.doc.event, listed, "{}", provider.name());
        let again = source.post(&unreadable, hint).await;
        assert_eq!(again.json["status"], "duplicate", "a second delivery is no second failure: {again:?}");
    }
}

#[tokio::test]
async fn unreadable_events_of_other_kinds_are_unsubscribed() {
    let github = Source::listing(Provider::Github, &["issues.opened"]);
    let ignored = json!({ "status": "ignored", "reason": "unsubscribed" });
    github.post(&json!({"action": "closed", "issue": {}}), None).await.assert(200, &ignored);
    github
        .post(&json!({"action": "created", "check_run": {}}), Some("check_run"))
        .await
        .assert(200, &ignored);
    // The header names a kind that the body lacks.
    let answer = github.post(&json!({"action": "opened"}), Some("issues")).await;
    github.assert_failed(&answer).await;
}

#[tokio::test]
async fn subscribed_compliance_topics_are_tasks() {
    let source = Source::listing(Provider::Shopify, &["shop.redact", "customers.data_request"]);
    let shop = json!({"shop_id": 1, "shop_domain": "a.myshopify.com"});
    let answer = source.post(&shop, Some("shop/redact")).await;
    assert_eq!(answer.json["status"], "accepted", "{answer:?}");
    let id = answer.json["task_id"].as_str().unwrap().parse().unwrap();
    let task = source.0.stores.tasks.get(&id).await.unwrap().unwrap();
    assert_eq!(task.control.status, TaskStatus::Received);
}

#[tokio::test]
async fn internal_notes_leave_nothing_unless_they_are_asked_for() {
    let body = json!({
        "id": "e1", "type": "zen:event-type:ticket.comment_added", "time": "2026-11-20T09:10:02Z",
        "detail": {"id": "7", "actor_id": "777", "subject": "Refund", "is_public": true},
        "event": {"comment": {"id": "99", "author": {"id": "777", "is_staff": true},
            "body": "she is on the fraud list", "is_public": false}},
    });
    let source = Source::listing(Provider::Zendesk, &["ticket.comment_added"]);
    let answer = source.post(&body, None).await;
    answer.assert(200, &json!({ "status": "ignored", "reason": "internal" }));
    for lane in domain::Lane::ALL {
        assert!(source.0.drain(lane).await.is_empty());
    }
}

/// A kind of each sender that does not exist, with what its unsigned header would say of it. Senders whose every
/// event is read by one rule take it; the others do not know it.
fn inventions() -> Vec<(Provider, Value, Option<&'static str>, bool)> {
    vec![
        (
            Provider::Github,
            json!({"action": "made", "thing": {}, "repository": {}}),
            Some("future_thing"),
            false,
        ),
        (Provider::Github, json!({"gadget": 1, "sender": {}}), Some("Other-Kind!"), false),
        (Provider::Gitlab, json!({"object_kind": "Future.Thing", "object_attributes": {}}), None, false),
        (Provider::Gitlab, json!({"object_kind": "issue.open", "object_attributes": {}}), None, false),
        (Provider::Jira, json!({"webhookEvent": "jira:Thing.Made"}), None, false),
        (Provider::Linear, json!({"type": "Future Thing", "data": {}}), None, false),
        (Provider::Linear, json!({"type": "Issue.create", "action": "made"}), None, false),
        (Provider::Pagerduty, json!({"event": {"event_type": "thing..Made"}}), None, false),
        (Provider::Pagerduty, json!({"event": {"event_type": "incident.invented", "data": {}}}), None, false),
        (Provider::Sentry, json!({"action": "made up", "data": {"thing": {}}}), Some("future_thing"), false),
        (Provider::Sentry, json!({"action": "made", "data": {"thing": {}}}), None, false),
        (
            Provider::Shopify,
            json!({"app_subscription": {"admin_graphql_api_id": "gid://shopify/AppSubscription/1"}}),
            Some("app_subscriptions/update"),
            false,
        ),
        (
            Provider::Shopify,
            json!({"order_id": 1, "provider_id": 2}),
            Some("orders/risk_assessment_changed"),
            false,
        ),
        (Provider::Slack, json!({"type": "event_callback", "event": {"type": "Future Thing"}}), None, false),
        (Provider::Slack, json!({"type": "future.thing"}), None, false),
        (Provider::Zendesk, json!({"id": "1", "type": "zen:event-type:thing..made"}), None, false),
        (Provider::Zendesk, json!({"id": "1", "type": "zen:event-type:ticket.invented"}), None, false),
        (Provider::Zendesk, json!({"id": "1", "type": "future:thing"}), None, false),
        (Provider::Stripe, json!({"id": "evt_1", "type": "thing..made"}), None, true),
        (Provider::StandardWebhooks, json!({"type": "thing..made"}), None, true),
        (Provider::Svix, json!({"type": "thing..made"}), None, true),
    ]
}

#[tokio::test]
async fn kinds_that_do_not_exist_yet_are_no_failures_where_every_event_is_taken() {
    for (provider, body, hint, is_read) in inventions() {
        let source = Source::with(provider, None);
        let answer = source.post(&body, hint).await;
        if is_read {
            assert_eq!(answer.json["status"], "accepted", "{body}: {answer:?}");
            let id = answer.json["task_id"].as_str().unwrap().parse().unwrap();
            let task = source.0.stores.tasks.get(&id).await.unwrap().unwrap();
            assert_eq!(task.control.status, TaskStatus::Received, "{body}");
            continue;
        }
        assert_eq!(
            (answer.status.as_u16(), answer.json["reason"].as_str()),
            (200, Some("unsubscribed")),
            "{body}"
        );
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(
            detail.contains("does not know") && detail.contains("`map`") == provider.row().takes_map,
            "{detail}"
        );
    }
}

#[tokio::test]
async fn known_kinds_that_cannot_be_read_are_failures_where_every_event_is_taken() {
    for (provider, listed, _, unreadable) in cases() {
        let hint = (provider == Provider::Shopify).then_some("orders/create");
        let source = Source::with(provider, None);
        let task = source.assert_failed(&source.post(&unreadable, hint).await).await;
        assert_eq!(task.doc.event, listed, "{}", provider.name());
    }
}
