//! The events of every sender, from the sample bodies.

use crate::support::{file, headers, patched};
use domain::{Event, Target, ThreadState};
use serde_json::{Value, json};
use webhook::{Parsed, Provider, Received, Sender};

/// `provider` as a source may have it.
pub(crate) fn sender(provider: Provider) -> Sender {
    let site = provider.row().site.map(|site| site.example.to_owned());
    Sender { site, ..Sender::of(provider) }
}

pub(crate) fn sample(path: &str) -> Vec<u8> {
    file(&format!("events/bodies/{path}"))
}

fn parsed(provider: Provider, body: &[u8]) -> Parsed {
    hinted(provider, body, None)
}

fn hinted(provider: Provider, body: &[u8], event_hint: Option<&str>) -> Parsed {
    sender(provider).parse(&Received { event_hint, body }).unwrap()
}

fn read(provider: Provider, body: &[u8]) -> Event {
    match parsed(provider, body) {
        Parsed::Event(event) => *event,
        other => panic!("no event: {other:?}"),
    }
}

/// Name, tenant, thread, actor.
fn names(event: &Event) -> [&str; 4] {
    [&event.name, &event.tenant, &event.thread, &event.actor]
}

fn identity(provider: Provider, body: &[u8]) -> Vec<u8> {
    let received = Received { event_hint: None, body };
    sender(provider).identity(&received, &headers(&[])[..]).into_owned()
}

#[test]
fn samples_have_the_names_that_their_files_have() {
    let samples = [
        (Provider::Slack, "slack/app_mention"),
        (Provider::Slack, "slack/message.channels"),
        (Provider::Slack, "slack/message.im"),
        (Provider::Slack, "slack/message.edited"),
        (Provider::Stripe, "stripe/charge.failed"),
        (Provider::Stripe, "stripe/charge.dispute.created"),
        (Provider::Zendesk, "zendesk/ticket.created"),
        (Provider::Zendesk, "zendesk/ticket.comment_added"),
        (Provider::Jira, "jira/issue.created"),
        (Provider::Jira, "jira/comment.created"),
        (Provider::StandardWebhooks, "standard-webhooks/invoice.overdue"),
        (Provider::Svix, "svix/contact.created"),
        (Provider::Gitlab, "gitlab/issue.open"),
        (Provider::Gitlab, "gitlab/note.create"),
        (Provider::Gitlab, "gitlab/merge_request.open"),
        (Provider::Linear, "linear/issue.create"),
        (Provider::Linear, "linear/comment.create"),
        (Provider::Pagerduty, "pagerduty/incident.triggered"),
        (Provider::Sentry, "sentry/issue.created"),
        (Provider::Sentry, "sentry/event_alert.triggered"),
        (Provider::Custom, "billing/ticket.opened"),
    ];
    for (provider, path) in samples {
        let event = read(provider, &sample(&format!("{path}.json")));
        assert!(path.ends_with(&format!("/{}", event.name)), "{path} is {}", event.name);
        assert!(!event.text.is_empty(), "{path} says nothing");
        assert!(!event.actor_is_bot, "{path} is a bot's");
        let dated = provider == Provider::Custom || event.occurred_at.is_some();
        assert!(dated, "{path} has no date");
    }
}

#[test]
fn a_mention_in_slack_is_an_event_of_its_thread() {
    let event = read(Provider::Slack, &sample("slack/app_mention.json"));
    let thread = "T05HARBOR1/C05SUPPORT/1795168800.204519";
    assert_eq!(names(&event), ["app_mention", "T05HARBOR1", thread, "U05MONA123"]);
    assert!(event.addressed);
    assert_eq!(event.comment_id.as_deref(), Some("1795168800.204519"));
    assert!(event.text.starts_with("@U05AFTERHK since this morning"), "{}", event.text);
    assert!(event.text.contains("our share (https://files.tidepool.example/exports)"));
    assert!(event.text.ends_with("> 10,000 worked last week."));
    let target = Target::SlackThread {
        team: "T05HARBOR1".to_owned(),
        channel: "C05SUPPORT".to_owned(),
        thread_ts: "1795168800.204519".to_owned(),
    };
    assert_eq!(event.target, Some(target));
}

#[test]
fn a_reply_in_slack_belongs_to_the_thread_and_speaks_to_nobody() {
    let event = read(Provider::Slack, &sample("slack/message.channels.json"));
    assert_eq!(event.thread, "T05HARBOR1/C05SUPPORT/1795168800.204519");
    assert!(!event.addressed);
    let direct = read(Provider::Slack, &sample("slack/message.im.json"));
    assert!(direct.addressed);
}

#[test]
fn a_message_that_mentions_our_bot_speaks_to_it() {
    let body = sample("slack/message.channels.json");
    let event = read(Provider::Slack, &patched(&body, "/event/text", json!("hey <@U05AFTERHK>!")));
    assert!(event.addressed);
    // Who writes the id out has mentioned nobody, and neither has who mentions somebody else.
    for text in ["hey U05AFTERHK", "hey <@U05MONA123>", "&lt;@U05AFTERHK&gt;"] {
        let event = read(Provider::Slack, &patched(&body, "/event/text", json!(text)));
        assert!(!event.addressed, "{text}");
    }
}

#[test]
fn what_bots_write_in_slack_is_a_bots() {
    let mut body: Value = serde_json::from_slice(&sample("slack/message.channels.json")).unwrap();
    body["event"]["bot_id"] = json!("B05AFTERHK");
    assert!(read(Provider::Slack, body.to_string().as_bytes()).actor_is_bot);
    body["event"].as_object_mut().unwrap().remove("user");
    body["event"]["subtype"] = json!("bot_message");
    let event = read(Provider::Slack, body.to_string().as_bytes());
    assert_eq!((event.actor_is_bot, event.actor.as_str()), (true, "B05AFTERHK"));
}

#[test]
fn slacks_challenge_and_buttons_are_no_events() {
    let challenge = Parsed::Challenge("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P".to_owned());
    assert_eq!(parsed(Provider::Slack, &sample("slack/url_verification.json")), challenge);
    let body = sample("slack/block_actions.form");
    let received = Received { event_hint: None, body: &body };
    let Ok(Parsed::Interaction(pressed)) = sender(Provider::Slack).parse(&received) else {
        panic!("no interaction")
    };
    assert_eq!((pressed.team.as_str(), pressed.user.as_str()), ("T05HARBOR1", "U05ADA0001"));
    assert_eq!(pressed.channel.as_deref(), Some("C05APPROVE"));
    assert_eq!(pressed.message_ts.as_deref(), Some("1795171000.000300"));
    assert_eq!(pressed.actions.len(), 1);
    assert_eq!(pressed.actions[0].id, "approve");
    let command = Received { event_hint: None, body: b"command=%2Fask&text=x" };
    assert_eq!(sender(Provider::Slack).parse(&command), Ok(Parsed::Other("slash_command".to_owned())));
}

#[test]
fn a_payment_is_summarised_in_the_currencys_own_unit() {
    let body = sample("stripe/charge.failed.json");
    let event = read(Provider::Stripe, &body);
    let expected =
        ["charge.failed", "acct_1HarborExample1", "ch_3QxT1d0Example0001", "ines@tidepool.example"];
    assert_eq!(names(&event), expected);
    assert_eq!(event.actor_id.as_deref(), Some("cus_Qd81Example"));
    assert!(event.text.starts_with("charge ch_3QxT1d0Example0001 of 49.00 EUR"), "{}", event.text);
    assert!(event.text.contains("Failure: Your card has insufficient funds."));
    assert_eq!(event.metadata["charge"], "ch_3QxT1d0Example0001");
    let yen = read(Provider::Stripe, &patched(&body, "/data/object/currency", json!("jpy")));
    assert!(yen.text.contains("of 4900 JPY"), "{}", yen.text);
    let dinars = read(Provider::Stripe, &patched(&body, "/data/object/currency", json!("kwd")));
    assert!(dinars.text.contains(" of 4.900 KWD"), "{}", dinars.text);
    let shillings = read(Provider::Stripe, &patched(&body, "/data/object/currency", json!("ugx")));
    assert!(shillings.text.contains(" of 49.00 UGX"), "{}", shillings.text);
    let dispute = read(Provider::Stripe, &sample("stripe/charge.dispute.created.json"));
    assert_eq!(names(&dispute), ["charge.dispute.created", "stripe", "du_1QxT9sExample0002", "stripe"]);
    assert_eq!(dispute.metadata["charge"], "ch_3QwA2b0Example0009");
}

#[test]
fn a_ticket_is_answered_on_the_configured_account_only() {
    let body = sample("zendesk/ticket.comment_added.json");
    let event = read(Provider::Zendesk, &body);
    let expected = ["ticket.comment_added", "8447346622462", "ticket/35436", "Inês Duarte"];
    assert_eq!(names(&event), expected);
    assert_eq!(event.comment_id.as_deref(), Some("8493826129918"));
    assert_eq!(event.opening, None, "the description may be an internal note");
    assert_eq!((event.labels.len(), event.priority.map(domain::Priority::level)), (2, Some(4)));
    let target = Target::ZendeskTicket { subdomain: "acme".to_owned(), id: 35_436 };
    assert_eq!(event.target, Some(target));
    let received = Received { event_hint: None, body: &body };
    let Ok(Parsed::Event(event)) = Sender::of(Provider::Zendesk).parse(&received) else { panic!("no event") };
    assert_eq!(event.target, None);
}

#[test]
fn an_issue_of_jira_is_answered_on_the_configured_site_only() {
    let body = sample("jira/comment.created.json");
    let event = read(Provider::Jira, &body);
    assert_eq!(names(&event), ["comment.created", "OPS", "OPS-7", "Jonah Kent"]);
    assert_eq!(event.actor_id.as_deref(), Some("557058:f58131cb-b67d-43c7-b30d-6b58d40bd077"));
    assert!(webhook::mentions(&event.text, "712020:0c1e8f5a-0001-4f6e-b8ab-afterhook0001"), "{}", event.text);
    let target = Target::JiraIssue { host: "acme.atlassian.net".to_owned(), key: "OPS-7".to_owned() };
    assert_eq!(event.target, Some(target));
    let app = patched(&body, "/comment/updateAuthor/accountType", json!("app"));
    assert!(read(Provider::Jira, &app).actor_is_bot);
    let issue = read(Provider::Jira, &sample("jira/issue.created.json"));
    assert_eq!((issue.thread.as_str(), issue.labels.len(), issue.comment_id), ("OPS-7", 2, None));
}

#[test]
fn notes_of_gitlab_belong_to_their_issue() {
    let issue = read(Provider::Gitlab, &sample("gitlab/issue.open.json"));
    assert_eq!(names(&issue), ["issue.open", "harbor/tidepool", "harbor/tidepool#23", "mona"]);
    assert_eq!(issue.labels, ["export"]);
    let note = read(Provider::Gitlab, &sample("gitlab/note.create.json"));
    assert_eq!((note.thread, note.comment_id.as_deref()), (issue.thread, Some("1244")));
    assert!(note.opening.is_some() && webhook::mentions(&note.text, "afterhook"));
    let request = read(Provider::Gitlab, &sample("gitlab/merge_request.open.json"));
    assert_eq!(request.thread, "harbor/tidepool!4");
    let path = || vec!["harbor".to_owned(), "tidepool".to_owned()];
    let on_issue = |internal| {
        Some(Target::GitlabIssue { project: 7, path: path(), number: 23, internal, discussion: None })
    };
    assert_eq!((issue.target, note.target), (on_issue(false), on_issue(false)));
    let internal = patched(&sample("gitlab/note.create.json"), "/object_attributes/internal", json!(true));
    assert_eq!(
        read(Provider::Gitlab, &internal).target,
        on_issue(true),
        "an internal note asks for another one"
    );
    let on_request = Target::GitlabMergeRequest { project: 7, path: path(), number: 4, discussion: None };
    assert_eq!(request.target, Some(on_request));
    let discussed = sample("gitlab/note.create.discussion.json");
    let in_discussion = |id: Option<&str>| {
        let discussion = id.map(str::to_owned);
        Some(Target::GitlabMergeRequest { project: 7, path: path(), number: 4, discussion })
    };
    let note = read(Provider::Gitlab, &discussed);
    let id = "6a9c1750b37d513a43987b574953fceb50b03ce7";
    assert_eq!(
        (note.thread.as_str(), note.target),
        ("harbor/tidepool!4/d6a9c1750b37d", in_discussion(Some(id)))
    );
    for (field, value) in
        [("type", Value::Null), ("discussion_id", json!("../../x")), ("discussion_id", json!(""))]
    {
        let alone = patched(&discussed, &format!("/object_attributes/{field}"), value);
        let alone = read(Provider::Gitlab, &alone);
        assert_eq!(
            (alone.thread.as_str(), alone.target),
            ("harbor/tidepool!4", in_discussion(None)),
            "{field}"
        );
    }
    let push = parsed(Provider::Gitlab, br#"{"object_kind":"push"}"#);
    assert_eq!(push, Parsed::Other("push".to_owned()));
}

#[test]
fn what_gitlab_says_of_an_issue_is_known_before_it_is_asked() {
    let note = sample("gitlab/note.create.json");
    let state =
        |pointer: &str, value: Value| read(Provider::Gitlab, &patched(&note, pointer, value)).thread_state;
    assert_eq!(state("/issue/state", json!("opened")), ThreadState::Open);
    assert_eq!(state("/issue/state", json!("closed")), ThreadState::Closed);
    let mut locked: Value = serde_json::from_slice(&note).unwrap();
    locked["issue"]["discussion_locked"] = json!(true);
    assert_eq!(read(Provider::Gitlab, locked.to_string().as_bytes()).thread_state, ThreadState::Locked);
}

#[test]
fn comments_of_linear_belong_to_their_issue() {
    let issue = read(Provider::Linear, &sample("linear/issue.create.json"));
    let comment_body = sample("linear/comment.create.json");
    let comment = read(Provider::Linear, &comment_body);
    assert_eq!((&issue.thread, &issue.tenant), (&comment.thread, &comment.tenant));
    let target = Target::LinearIssue { id: issue.thread.clone(), parent: None };
    assert_eq!((issue.target, comment.target), (Some(target.clone()), Some(target)));
    assert_eq!(issue.priority.map(domain::Priority::level), Some(4));
    let body = sample("linear/comment.create.reply.json");
    let (reply, parent) = (read(Provider::Linear, &body), comment.comment_id.unwrap());
    assert_eq!(reply.thread, format!("{}/c{parent}", issue.thread));
    let target = Target::LinearIssue { id: issue.thread.clone(), parent: Some(parent) };
    assert_eq!(reply.target, Some(target));
    let strange = patched(&body, "/data/parentId", json!("../x"));
    let received = Received { event_hint: None, body: &strange };
    assert!(sender(Provider::Linear).parse(&received).is_err());
    let mut on_a_document: Value = serde_json::from_slice(&comment_body).unwrap();
    for field in ["issue", "issueId"] {
        on_a_document["data"].as_object_mut().unwrap().remove(field);
    }
    assert_eq!(read(Provider::Linear, on_a_document.to_string().as_bytes()).target, None);
    let bot = patched(&comment_body, "/actor/type", json!("OauthClient"));
    assert!(read(Provider::Linear, &bot).actor_is_bot);
}

#[test]
fn pagerdutys_ping_is_a_ping_and_its_incidents_have_their_service_as_tenant() {
    assert_eq!(parsed(Provider::Pagerduty, &sample("pagerduty/ping.json")), Parsed::Ping);
    let event = read(Provider::Pagerduty, &sample("pagerduty/incident.triggered.json"));
    assert_eq!(names(&event), ["incident.triggered", "PF9KMXH", "PGR0VU2", "Grace Hopper"]);
    assert_eq!(event.priority, Some(domain::Priority::HIGHEST));
    let target = Target::PagerdutyIncident { id: "PGR0VU2".to_owned() };
    assert_eq!((event.target, event.comment_id), (Some(target), None));
}

#[test]
fn a_note_of_pagerduty_is_a_comment_on_its_incident() {
    let note = read(Provider::Pagerduty, &sample("pagerduty/incident.annotated.json"));
    let target = Target::PagerdutyIncident { id: "PGR0VU2".to_owned() };
    assert_eq!((note.thread.as_str(), note.comment_id.as_deref()), ("PGR0VU2", Some("PWL7QXS")));
    assert_eq!(note.target, Some(target));
    assert_eq!(note.text, "The row budget was raised an hour ago. Could that be it?");
    assert_eq!(note.title.as_deref(), Some("Error rate of exports above 5 %"));
    let resolved =
        patched(&sample("pagerduty/incident.triggered.json"), "/event/data/status", json!("resolved"));
    assert_eq!(read(Provider::Pagerduty, &resolved).thread_state, ThreadState::Closed);
}

#[test]
fn issues_and_alerts_of_sentry_are_one_thread() {
    let issue = read(Provider::Sentry, &sample("sentry/issue.created.json"));
    let alert = read(Provider::Sentry, &sample("sentry/event_alert.triggered.json"));
    assert_eq!(names(&issue), ["issue.created", "project/1", "issue/1170820242", "Sentry"]);
    assert_eq!((issue.tenant, issue.thread), (alert.tenant, alert.thread));
    let target = Target::SentryIssue { organization: "acme".to_owned(), id: 1_170_820_242 };
    assert_eq!((issue.target, alert.target), (Some(target.clone()), Some(target)));
    let body = sample("sentry/issue.created.json");
    let received = Received { event_hint: None, body: &body };
    let Ok(Parsed::Event(event)) = Sender::of(Provider::Sentry).parse(&received) else { panic!("no event") };
    assert_eq!(event.target, None, "the organisation is configured, or there is none");
    assert!(alert.text.contains("at write_rows (tidepool/export.py:212)"), "{}", alert.text);
    let installed = hinted(Provider::Sentry, br#"{"action":"created","data":{}}"#, Some("installation"));
    assert_eq!(installed, Parsed::Other("installation.created".to_owned()));
}

#[test]
fn shopifys_topic_is_believed_where_the_signed_body_agrees() {
    let body = sample("shopify/orders.create.json");
    let name = |hint| match hinted(Provider::Shopify, &body, hint) {
        Parsed::Event(event) => (event.name, event.thread),
        other => panic!("{other:?}"),
    };
    let thread = "order/820982911946154508".to_owned();
    assert_eq!(name(Some("orders/create")), ("orders.create".to_owned(), thread.clone()));
    for hint in [
        None,
        Some("orders/paid"),
        Some("orders/cancelled"),
        Some("customers/create"),
        Some("orders"),
        Some("orders/../x"),
        Some("orders/A"),
    ] {
        assert_eq!(name(hint), ("order".to_owned(), thread.clone()), "{hint:?}");
    }
}

#[test]
fn ids_inside_the_signed_body_are_the_identity() {
    assert_eq!(identity(Provider::Slack, &sample("slack/app_mention.json")), b"Ev05N1GHTLY01");
    assert_eq!(identity(Provider::Stripe, &sample("stripe/charge.failed.json")), b"evt_3QxT1d0Example0001");
    let zendesk = identity(Provider::Zendesk, &sample("zendesk/ticket.created.json"));
    assert_eq!(zendesk, b"cbe4028c-7239-495d-b020-f22348516046");
    // A body of another shape, whose id is the ticket's: two events must stay two.
    let other = br#"{"event":"ticket.updated","id":123}"#;
    assert_eq!(identity(Provider::Zendesk, other), other);
    for (provider, path) in [
        (Provider::Jira, "jira/issue.created.json"),
        (Provider::Gitlab, "gitlab/issue.open.json"),
        (Provider::Linear, "linear/issue.create.json"),
        (Provider::Pagerduty, "pagerduty/incident.triggered.json"),
        (Provider::Sentry, "sentry/issue.created.json"),
        (Provider::Shopify, "shopify/orders.create.json"),
        (Provider::Slack, "slack/block_actions.form"),
    ] {
        assert_eq!(identity(provider, &sample(path)), sample(path), "{path}");
    }
}

#[test]
fn the_signed_id_header_is_the_identity_and_no_other_header_is() {
    let body = sample("standard-webhooks/invoice.overdue.json");
    let received = Received { event_hint: None, body: &body };
    let sent = headers(&[("webhook-id", "msg_1"), ("x-github-delivery", "1"), ("x-slack-retry-num", "1")]);
    let signed = Sender::of(Provider::StandardWebhooks);
    assert_eq!(signed.identity(&received, &sent[..]).as_ref(), b"msg_1");
    let gitlab = Sender { scheme: webhook::Scheme::standard_webhooks(), ..Sender::of(Provider::Gitlab) };
    assert_eq!(gitlab.identity(&received, &sent[..]).as_ref(), b"msg_1");
    for provider in Provider::ALL.iter().filter(|it| !it.is_mapped() && **it != Provider::Api) {
        let identity = Sender::of(*provider).identity(&received, &sent[..]).into_owned();
        assert_eq!(identity, body, "{}", provider.name());
    }
}

#[test]
fn files_of_slack_open_to_our_token_where_they_were_posted_and_to_nobody_where_they_were_forwarded() {
    let mut body: Value = serde_json::from_slice(&sample("slack/app_mention.json")).unwrap();
    let files = json!([
        {"name": "a.png", "mimetype": "image/png", "size": 7, "url_private": "https://files.slack.com/files-pri/T1-F1/a.png",
         "permalink_public": "https://slack-files.com/T1-F1-0b4a1e9a4c", "public_url_shared": true},
        {"name": "b.png", "mimetype": "image/png", "size": 8, "url_private": "https://files.slack.com/files-pri/T1-F2/b.png",
         "permalink_public": "https://slack-files.com/T1-F2-0b4a1e9a4c", "public_url_shared": false},
        {"mimetype": "image/png"}, "nonsense"
    ]);
    body["event"]["files"] = files.clone();
    body["event"]["attachments"] = json!([{"is_share": true, "files": files}]);
    let event = read(Provider::Slack, &serde_json::to_vec(&body).unwrap());
    let urls: Vec<_> = event
        .attachments
        .iter()
        .map(|file| (file.name.as_str(), file.url.as_deref(), file.needs_login))
        .collect();
    let private = "https://files.slack.com/files-pri/T1-F";
    assert_eq!(
        urls,
        [
            ("a.png", Some(format!("{private}1/a.png").as_str()), true),
            ("b.png", Some(format!("{private}2/b.png").as_str()), true),
            ("a.png", Some(format!("{private}1/a.png?pub_secret=0b4a1e9a4c").as_str()), false),
            ("b.png", None, false),
        ]
    );
    assert_eq!(event.attachments[0].bytes, Some(7));
}

#[test]
fn files_of_zendesk_and_jira_are_listed() {
    let mut body: Value = serde_json::from_slice(&sample("zendesk/ticket.comment_added.json")).unwrap();
    let url = "https://acme.zendesk.com/attachments/token/x/?name=a.pdf";
    body["event"]["comment"]["attachments"] =
        json!([{"filename": "a.pdf", "content_type": "application/pdf", "content_url": url, "size": 9}]);
    let event = read(Provider::Zendesk, &serde_json::to_vec(&body).unwrap());
    assert_eq!(event.attachments[0].url.as_deref(), Some(url));
    body["detail"]["status"] = json!("CLOSED");
    let event = read(Provider::Zendesk, &serde_json::to_vec(&body).unwrap());
    assert_eq!(event.thread_state, domain::ThreadState::Locked);

    let mut body: Value = serde_json::from_slice(&sample("jira/issue.created.json")).unwrap();
    body["issue"]["fields"]["attachment"] = json!([{"filename": "a.log", "mimeType": "text/plain", "content": "https://acme.atlassian.net/x", "size": 9}]);
    body["issue"]["fields"]["status"] = json!({"name": "Done", "statusCategory": {"key": "done"}});
    let event = read(Provider::Jira, &serde_json::to_vec(&body).unwrap());
    let [file] = event.attachments.as_slice() else { panic!("{event:?}") };
    let content = Some("https://acme.atlassian.net/x");
    assert_eq!((file.name.as_str(), file.url.as_deref(), file.needs_login), ("a.log", content, true));
    let mut later: Value = serde_json::from_slice(&sample("jira/comment.created.json")).unwrap();
    later["issue"]["fields"]["attachment"] = body["issue"]["fields"]["attachment"].clone();
    let later = read(Provider::Jira, &serde_json::to_vec(&later).unwrap()).attachments;
    assert_eq!((later[0].url.as_deref(), later[0].needs_login), (None, false), "it may be an internal one");
    assert_eq!(event.thread_state, domain::ThreadState::Closed);
}
