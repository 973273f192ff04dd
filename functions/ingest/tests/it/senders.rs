//! Every sender's way through the router: signed as it signs, answered as it wants to be answered.

use axum::body::Bytes;
use domain::{Lane, TaskId, Timestamp, after};
use http::{HeaderMap, Request};
use ingest::SecretMap;
use serde_json::{Value, json};
use settings::SourceSettings;
use std::time::Duration;
use webhook::{CommentPolicy, Filter, PriorityRule, PriorityRules, Provider, Secrets, Sender};

use crate::rig::{Answer, Parts, Rig};

/// A secret that every scheme can make a key of.
const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==";

/// A webhook of `provider`: its sample, the event that it is, and the header that names it.
struct Case {
    provider: Provider,
    path: &'static str,
    event: &'static str,
}

const CASES: [Case; 13] = [
    case(Provider::Github, "github/issues.opened.json", "issues.opened"),
    case(Provider::Slack, "slack/app_mention.json", "app_mention"),
    case(Provider::Stripe, "stripe/charge.failed.json", "charge.failed"),
    case(Provider::Zendesk, "zendesk/ticket.created.json", "ticket.created"),
    case(Provider::Jira, "jira/issue.created.json", "issue.created"),
    case(Provider::StandardWebhooks, "standard-webhooks/invoice.overdue.json", "invoice.overdue"),
    case(Provider::Svix, "svix/contact.created.json", "contact.created"),
    case(Provider::Shopify, "shopify/orders.create.json", "orders.create"),
    case(Provider::Gitlab, "gitlab/issue.open.json", "issue.open"),
    case(Provider::Linear, "linear/issue.create.json", "issue.create"),
    case(Provider::Pagerduty, "pagerduty/incident.triggered.json", "incident.triggered"),
    case(Provider::Sentry, "sentry/issue.created.json", "issue.created"),
    case(Provider::Custom, "billing/ticket.opened.json", "ticket.opened"),
];

const fn case(provider: Provider, path: &'static str, event: &'static str) -> Case {
    Case { provider, path, event }
}

fn sample(path: &str) -> Vec<u8> {
    let path = format!("{}/../../events/bodies/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A source of `provider`, behind a router.
struct Source {
    rig: Rig,
    sender: Sender,
}

impl Source {
    fn of(provider: Provider) -> Self {
        Self::with(provider, Filter::default(), PriorityRules::default())
    }

    fn with(provider: Provider, filter: Filter, priorities: PriorityRules) -> Self {
        let sender = Sender::of(provider);
        let secrets = Secrets(vec![SECRET.into()]);
        let source = SourceSettings {
            automation: None,
            at: None,
            hooks: Vec::new(),
            name: provider.name().to_owned(),
            sender: sender.clone(),
            filter,
            priorities,
            max_event_age: None,
            trusted: false,
            mode: settings::Mode::Live,
        };
        let secrets = ingest::SecretsSource::fixed(SecretMap::from([(provider.name().to_owned(), secrets)]));
        let rig = Parts { source, secrets, ..Parts::default() }.rig();
        Self { rig, sender }
    }

    fn now(&self) -> Timestamp {
        self.rig.watch.now()
    }

    /// `body` with the time of now inside, where this sender signs one there.
    fn stamped(&self, body: &[u8]) -> Bytes {
        self.sender.stamped(body, self.now()).into()
    }

    fn signed(&self, body: &[u8], at: Timestamp, event: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.sender.scheme.sign(&Secrets(vec![SECRET.into()]), body, at) {
            headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        headers.insert("content-type", "application/json".parse().unwrap());
        if let Some(name) = self.sender.provider.row().hint {
            let hint = (self.sender.provider.row().hint_of)(event);
            headers.insert(http::HeaderName::try_from(name).unwrap(), hint.parse().unwrap());
        }
        headers
    }

    async fn send(&self, headers: HeaderMap, body: &[u8]) -> Answer {
        let path = format!("/webhooks/{}", self.sender.name);
        let mut request = Request::post(path).body(axum::body::Body::from(body.to_vec())).unwrap();
        *request.headers_mut() = headers;
        self.rig.send(request).await
    }

    async fn post(&self, body: &[u8], event: &str) -> Answer {
        self.send(self.signed(body, self.now(), event), body).await
    }

    async fn post_json(&self, body: &Value) -> Answer {
        self.post(body.to_string().as_bytes(), "event").await
    }

    /// The task that was accepted.
    async fn task(&self, answer: &Answer) -> domain::Task {
        assert_eq!(answer.json["status"], "accepted", "{answer:?}");
        let id: TaskId = answer.json["task_id"].as_str().unwrap().parse().unwrap();
        self.rig.stores.tasks.get(&id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn signed_event_is_accepted_once_with_the_status_that_its_sender_takes_for_success() {
    for Case { provider, path, event } in CASES {
        let source = Source::of(provider);
        let body = source.stamped(&sample(path));
        let success = if matches!(provider, Provider::Slack | Provider::Jira) { 200 } else { 202 };
        let answer = source.post(&body, event).await;
        assert_eq!(answer.status.as_u16(), success, "{path} {answer:?}");
        let mut task = source.task(&answer).await;
        assert_eq!((task.doc.event.as_str(), task.doc.source.as_str()), (event, provider.name()), "{path}");
        assert!(!task.control.status.is_end(), "{path} failed: {:?}", task.doc.error);
        assert_eq!(source.rig.drain(task.doc.priority.lane()).await, [task.id.clone()], "{path}");

        task.transition(domain::TaskStatus::Processing, source.now(), "claimed").unwrap();
        assert_eq!(source.rig.stores.tasks.save(&mut task).await.unwrap(), domain::Save::Done);
        let again = source.post(&body, event).await;
        again.assert(success, &json!({ "status": "duplicate", "task_id": task.id }));
    }
}

#[tokio::test]
async fn forged_and_unsigned_events_are_refused() {
    for Case { provider, path, event } in CASES {
        let source = Source::of(provider);
        let body = source.stamped(&sample(path));
        let mut forged = source.signed(&body, source.now(), event);
        let header = http::HeaderName::try_from(source.sender.scheme.header.clone()).unwrap();
        forged.remove(&header);
        source.send(forged, &body).await.assert_problem(401, "signature");
        if provider != Provider::Gitlab {
            let other = Source::of(provider).signed(b"{}", source.now(), event);
            source.send(other, &body).await.assert_problem(401, "signature");
        }
        for lane in Lane::ALL {
            assert!(source.rig.drain(lane).await.is_empty());
        }
    }
}

#[tokio::test]
async fn signature_of_yesterday_is_stale_for_senders_that_sign_the_time() {
    let mut stale = 0;
    for Case { provider, path, event } in CASES {
        let source = Source::of(provider);
        let Some(freshness) = source.sender.scheme.freshness.clone() else { continue };
        let yesterday: Timestamp = source.now() - Duration::from_secs(86_400);
        let body = source.sender.stamped(&sample(path), yesterday);
        let answer = source.send(source.signed(&body, yesterday, event), &body).await;
        answer.assert_problem(401, "signature");
        // A clock that is a little off is none of its faults.
        let near = after(source.now(), freshness.within - Duration::from_secs(1));
        let body = source.sender.stamped(&sample(path), near);
        source.task(&source.send(source.signed(&body, near, event), &body).await).await;
        stale += 1;
    }
    assert_eq!(stale, 7);
}

#[tokio::test]
async fn slacks_challenge_is_echoed_only_when_it_is_signed() {
    let source = Source::of(Provider::Slack);
    let body = sample("slack/url_verification.json");
    let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
    source.post(&body, "").await.assert(200, &json!({ "challenge": challenge }));
    let mut unsigned = HeaderMap::new();
    unsigned.insert("content-type", "application/json".parse().unwrap());
    source.send(unsigned, &body).await.assert_problem(401, "signature");
}

#[tokio::test]
async fn slacks_retry_is_a_duplicate_by_its_event_and_not_by_its_headers() {
    let source = Source::of(Provider::Slack);
    let body = sample("slack/app_mention.json");
    let mut retry = source.signed(&body, source.now(), "");
    retry.insert("x-slack-retry-num", "1".parse().unwrap());
    retry.insert("x-slack-retry-reason", "http_timeout".parse().unwrap());
    // The first try never arrived: dropping a retry unseen would lose the event.
    let first = source.send(retry.clone(), &body).await;
    let task = source.task(&first).await;
    assert_eq!(task.id, TaskId::derive("slack", b"Ev05N1GHTLY01"));
    // Slack may write the body anew for a retry: the event's id stays.
    let mut again: Value = serde_json::from_slice(&body).unwrap();
    again["event_time"] = json!(1_795_168_801);
    let second = source.post_json(&again).await;
    assert_eq!(source.task(&second).await.id, task.id);
}

#[tokio::test]
async fn mention_that_slack_sends_twice_becomes_one_task() {
    let both = ["app_mention", "message.channels"].map(str::to_owned).to_vec();
    let mut message: Value = serde_json::from_slice(&sample("slack/message.channels.json")).unwrap();
    message["event"]["text"] = json!("<@U05AFTERHK> help");
    let mut mention = message.clone();
    mention["event"]["type"] = json!("app_mention");
    mention["event_id"] = json!("Ev05N1GHTLY98");
    for events in [None, Some(both)] {
        for [first, second] in [[&message, &mention], [&mention, &message]] {
            let filter = Filter { events: events.clone(), ..Filter::default() };
            let source = Source::with(Provider::Slack, filter, PriorityRules::default());
            // Whichever comes alone, since the app may subscribe to one of them, becomes the task.
            let task = source.task(&source.post_json(first).await).await;
            let twin = source.post_json(second).await;
            twin.assert(200, &json!({ "status": "duplicate", "task_id": task.id.to_string() }));
        }
    }
}

#[tokio::test]
async fn buttons_of_slack_are_answered_and_become_no_task() {
    let source = Source::of(Provider::Slack);
    let body = sample("slack/block_actions.form");
    let mut headers = source.signed(&body, source.now(), "");
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let answer = source.send(headers, &body).await;
    answer.assert(200, &json!({ "status": "ignored", "reason": "interaction" }));
}

#[tokio::test]
async fn what_the_agent_itself_wrote_is_ignored() {
    let own = |login: &str| Filter {
        login: Some(login.to_owned()),
        comments: CommentPolicy::Thread,
        ..Filter::default()
    };
    let cases = [
        (Provider::Slack, "slack/app_mention.json", "U05MONA123"),
        (Provider::Jira, "jira/comment.created.json", "557058:f58131cb-b67d-43c7-b30d-6b58d40bd077"),
        (Provider::Zendesk, "zendesk/ticket.comment_added.json", "8447388090494"),
        (Provider::Gitlab, "gitlab/note.create.json", "jonah-k"),
        (Provider::Linear, "linear/comment.create.json", "c0ffee5f-8adc-4f52-b4bd-ab4e84cf51bb"),
    ];
    for (provider, path, login) in cases {
        let source = Source::with(provider, own(login), PriorityRules::default());
        let answer = source.post(&source.stamped(&sample(path)), "").await;
        answer.assert(200, &json!({ "status": "ignored", "reason": "own_account" }));
    }
}

#[tokio::test]
async fn comments_that_speak_to_nobody_are_ignored_and_direct_messages_are_not() {
    let mention = Filter { login: Some("afterhook".to_owned()), ..Filter::default() };
    let ignored = json!({ "status": "ignored", "reason": "not_mentioned" });
    let slack = Source::with(Provider::Slack, mention.clone(), PriorityRules::default());
    slack.post(&sample("slack/message.channels.json"), "").await.assert(200, &ignored);
    slack.task(&slack.post(&sample("slack/message.im.json"), "").await).await;
    slack.task(&slack.post(&sample("slack/app_mention.json"), "").await).await;
    let gitlab = Source::with(Provider::Gitlab, mention, PriorityRules::default());
    gitlab.task(&gitlab.post(&sample("gitlab/note.create.json"), "").await).await;
    let mut note: Value = serde_json::from_slice(&sample("gitlab/note.create.json")).unwrap();
    note["object_attributes"]["note"] = json!("thanks");
    gitlab.post_json(&note).await.assert(200, &ignored);
}

#[tokio::test]
async fn rules_and_the_senders_own_word_choose_the_lane() {
    let urgent = PriorityRule {
        event: Some("issue".to_owned()),
        label: Some("EXPORT".to_owned()),
        sender: None,
        priority: domain::Priority::LOWEST,
    };
    let body = sample("gitlab/issue.open.json");
    let source = Source::with(Provider::Gitlab, Filter::default(), PriorityRules(vec![urgent]));
    let task = source.task(&source.post(&body, "").await).await;
    assert_eq!(source.rig.drain(Lane::Bulk).await, [task.id]);

    let source = Source::of(Provider::Pagerduty);
    let task = source.task(&source.post(&sample("pagerduty/incident.triggered.json"), "").await).await;
    assert_eq!((task.doc.priority.level(), source.rig.drain(Lane::Express).await), (5, vec![task.id]));
}

#[tokio::test]
async fn pings_of_other_senders_are_pongs_and_other_kinds_are_ignored() {
    let source = Source::of(Provider::Pagerduty);
    source.post(&sample("pagerduty/ping.json"), "").await.assert(200, &json!({ "status": "pong" }));
    let ignored = |reason: &str| json!({ "status": "ignored", "reason": reason });
    let unknown = json!({ "status": "ignored", "reason": "unsubscribed",
        "detail": "this version does not know this kind of event" });
    let jira = Source::of(Provider::Jira);
    jira.post_json(&json!({ "webhookEvent": "sprint_started" })).await.assert(200, &unknown);
    let slack = Source::of(Provider::Slack);
    let slack_event = |event: Value| json!({ "type": "event_callback", "event": event });
    slack.post_json(&slack_event(json!({ "type": "team_join" }))).await.assert(200, &unknown);
    // Of a kind that is read, and nobody's words.
    let left = slack_event(json!({ "type": "message", "subtype": "channel_leave" }));
    slack.post_json(&left).await.assert(200, &ignored("unsupported"));
}

#[tokio::test]
async fn signed_event_that_cannot_be_read_is_kept_as_a_failed_task() {
    for Case { provider, .. } in CASES.iter().filter(|case| !case.provider.is_mapped()) {
        let source = Source::of(*provider);
        let body = source.stamped(br#"{"surprise":true,"webhookTimestamp":0}"#);
        let answer = source.post(&body, "").await;
        assert_eq!(answer.status.as_u16(), provider.row().success, "{}", provider.name());
        let task = source.task(&answer).await;
        assert_eq!(task.control.status, domain::TaskStatus::Failed, "{}", provider.name());
    }
}

#[tokio::test]
async fn signed_text_that_is_no_json_is_the_senders_mistake() {
    for Case { provider, .. } in CASES.iter().filter(|case| case.provider != Provider::Linear) {
        let source = Source::of(*provider);
        source.post(b"hello", "").await.assert_problem(400, "not_json");
    }
}
