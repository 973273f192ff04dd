//! Two deliveries of one happening say the same about it, and two happenings do not.

use crate::senders::{sample, sender};
use crate::support::{json_of, read};
use domain::Happening;
use serde_json::{Value, json};
use webhook::{FieldMap, Filter, Parsed, Pointer, Provider, Received, Sender};

fn facts(provider: Provider, body: &Value) -> Happening {
    let event = read(provider, body);
    event.happening.unwrap_or_else(|| panic!("{} has no facts", event.name))
}

/// `body` with other values at some places.
fn but(body: &Value, changes: &[(&str, Value)]) -> Value {
    let mut body = body.clone();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[key] = value.clone();
    }
    body
}

#[test]
fn hooks_of_a_repository_its_organisation_and_an_app_report_one_happening() {
    for path in [
        "issues.opened",
        "issue_comment.created",
        "pull_request.opened",
        "pull_request_review.submitted",
        "pull_request_review_comment.created",
        "release.published",
        "workflow_run.completed",
        "issues.labeled",
    ] {
        let one = json_of(&format!("github/{path}.json"));
        let mut other = one.clone();
        other["organization"] = json!({"login": "octo", "id": 1});
        other["installation"] = json!({"id": 99, "node_id": "x"});
        other["enterprise"] = json!({"slug": "harbor"});
        assert_ne!(one, other);
        assert_eq!(facts(Provider::Github, &one), facts(Provider::Github, &other), "{path}");
    }
}

#[test]
fn two_happenings_of_github_are_two() {
    let comment = json_of("github/issue_comment.created.json");
    let edited = but(
        &comment,
        &[("/action", json!("edited")), ("/comment/updated_at", json!("2026-11-19T10:00:00Z"))],
    );
    let labeled = json_of("github/issues.labeled.json");
    let others = [
        but(&comment, &[("/comment/id", json!(2_486_011_731_u64))]),
        but(&comment, &[("/action", json!("deleted"))]),
        edited.clone(),
        but(&edited, &[("/comment/updated_at", json!("2026-11-19T10:00:01Z"))]),
        // Within one second.
        but(&edited, &[("/comment/body", json!("another text"))]),
        json_of("github/issues.reopened.json"),
        labeled.clone(),
        but(&labeled, &[("/label/name", json!("another"))]),
    ];
    let mut all: Vec<Happening> = others.iter().map(|body| facts(Provider::Github, body)).collect();
    all.push(facts(Provider::Github, &comment));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// How many happenings of GitHub, or another sender, these are.
fn count(provider: Provider, bodies: &[Value]) -> usize {
    bodies.iter().map(|body| facts(provider, body)).collect::<std::collections::BTreeSet<_>>().len()
}

/// `body` after `action`, with these fields beside the others.
fn changed(body: &Value, action: &str, fields: Value) -> Value {
    let mut body = body.clone();
    body["action"] = json!(action);
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

#[test]
fn changes_of_one_moment_are_one_happening_of_github_each() {
    let request = json_of("github/pull_request.opened.json");
    let issue = json_of("github/issues.reopened.json");
    for (body, action, fields) in [
        (
            &request,
            "review_requested",
            vec![
                json!({"requested_reviewer": {"login": "kim"}}),
                json!({"requested_reviewer": {"login": "afterhook"}}),
                json!({"requested_team": {"slug": "kim"}}),
                json!({"requested_team": {"slug": "core"}}),
            ],
        ),
        (
            &request,
            "review_request_removed",
            vec![
                json!({"requested_reviewer": {"login": "kim"}}),
                json!({"requested_team": {"slug": "core"}}),
            ],
        ),
        (&request, "synchronize", vec![json!({"after": "a1"}), json!({"after": "b2"})]),
        (
            &issue,
            "demilestoned",
            vec![json!({"milestone": {"title": "1.0"}}), json!({"milestone": {"title": "2.0"}})],
        ),
        (&issue, "typed", vec![json!({"type": {"name": "Bug"}}), json!({"type": {"name": "Task"}})]),
        (
            &issue,
            "unassigned",
            vec![json!({"assignee": {"login": "a"}}), json!({"assignee": {"login": "b"}})],
        ),
    ] {
        let bodies: Vec<Value> = fields.iter().map(|fields| changed(body, action, fields.clone())).collect();
        assert_eq!(count(Provider::Github, &bodies), bodies.len(), "{action}");
    }
    for (action, field) in [("synchronize", "/pull_request/head/sha"), ("edited", "/pull_request/title")] {
        let bodies =
            ["a", "b"].map(|value| but(&changed(&request, action, json!({})), &[(field, json!(value))]));
        assert_eq!(count(Provider::Github, &bodies), 2, "{action}");
    }
}

#[test]
fn changes_of_one_moment_are_one_happening_of_other_senders_each() {
    let note = json_of("gitlab/note.create.json");
    let approvals = [1, 2].map(|id| but(&note, &[("/user/id", json!(id))]));
    assert_eq!(count(Provider::Gitlab, &approvals), 2);
    let comment = json_of("linear/comment.create.json");
    let updates = ["a", "b"].map(|was| changed(&comment, "update", json!({"updatedFrom": {"body": was}})));
    assert_eq!(count(Provider::Linear, &updates), 2);
}

/// Labels and the like that an issue is opened with are reported besides.
#[test]
fn what_its_author_opens_a_thread_with_is_one_happening_with_its_opening() {
    let github = |path: &str, created: &str, extra: &[(&str, Value)]| {
        let one = json_of(&format!("github/{path}.json"));
        let (at, by) = (one.pointer(&format!("{created}/created_at")).unwrap(), &one["sender"]["login"]);
        let (updated, author) = (format!("{created}/updated_at"), format!("{created}/user/login"));
        let one = but(&one, &[(updated.as_str(), at.clone()), (author.as_str(), by.clone())]);
        let other = but(&one, extra);
        (Provider::Github, one, other)
    };
    let labeled = |name: &str| [("/action", json!("labeled")), ("/label", json!({"name": name}))];
    let linear = json_of("linear/issue.create.json");
    let linear = but(&linear, &[("/data/creatorId", linear["actor"]["id"].clone())]);
    let assigned = but(
        &linear,
        &[
            ("/action", json!("update")),
            ("/data/updatedAt", json!("2026-11-20T09:00:01.500Z")),
            ("/updatedFrom", json!({"assigneeId": null})),
        ],
    );
    let gitlab = json_of("gitlab/issue.open.json");
    let gitlab = but(&gitlab, &[("/user/id", gitlab["object_attributes"]["author_id"].clone())]);
    let update = [
        ("/object_attributes/action", json!("update")),
        ("/object_attributes/updated_at", json!("2026-11-20 09:00:01 UTC")),
        ("/changes", json!({"labels": {"current": []}})),
    ];
    let jira = json_of("jira/issue.created.json");
    let jira_update = [
        ("/webhookEvent", json!("jira:issue_updated")),
        ("/issue_event_type_name", json!("issue_generic")),
        ("/changelog", json!({"id": "7", "items": [{"field": "labels"}]})),
    ];
    let ticket = json_of("zendesk/ticket.created.json");
    let ticket = but(&ticket, &[("/detail/actor_id", ticket["detail"]["requester_id"].clone())]);
    let tagged =
        [("/type", json!("zen:event-type:ticket.tags_changed")), ("/event", json!({"tags_added": ["a"]}))];
    for (provider, opening, besides) in [
        github("issues.opened", "/issue", &labeled("bug")),
        github(
            "issues.opened",
            "/issue",
            &[("/action", json!("assigned")), ("/assignee", json!({"login": "a"}))],
        ),
        github("pull_request.opened", "/pull_request", &labeled("bug")),
        github("discussion.created", "/discussion", &labeled("bug")),
        (Provider::Linear, linear.clone(), assigned.clone()),
        (Provider::Gitlab, gitlab.clone(), but(&gitlab, &update)),
        (Provider::Jira, jira.clone(), but(&jira, &jira_update)),
        (Provider::Zendesk, ticket.clone(), but(&ticket, &tagged)),
    ] {
        assert_eq!(facts(provider, &opening), facts(provider, &besides), "{} {besides}", provider.name());
        // Another person, a later moment or other words are another happening.
        let apart: &[(&str, Value)] = match provider {
            Provider::Github => &[("/sender/login", json!("somebody-else"))],
            Provider::Linear => &[("/updatedFrom", json!({"description": "was"}))],
            Provider::Gitlab => &[("/object_attributes/updated_at", json!("2026-11-20 09:00:07 UTC"))],
            Provider::Jira => &[("/changelog/items", json!([{"field": "labels"}, {"field": "description"}]))],
            _ => &[("/time", json!("2026-11-20T09:58:17Z"))],
        };
        let apart = but(&besides, apart);
        assert_ne!(facts(provider, &opening), facts(provider, &apart), "{} {apart}", provider.name());
    }
}

/// There and back and there again: what the body knows of it tells the second change from the first.
#[test]
fn a_change_that_is_made_a_second_time_is_a_second_happening() {
    let resolved = but(
        &json_of("sentry/issue.created.json"),
        &[("/action", json!("resolved")), ("/actor", json!({"type": "user", "id": 7, "name": "Kim"}))],
    );
    let gitlab = json_of("gitlab/issue.open.json");
    let discussion =
        changed(&json_of("github/discussion.created.json"), "answered", json!({"answer": {"node_id": "A"}}));
    for (provider, first, again) in [
        (Provider::Sentry, &resolved, ("/data/issue/substatus", json!("regressed"))),
        (Provider::Sentry, &resolved, ("/data/issue/statusDetails", json!({"inNextRelease": true}))),
        (Provider::Sentry, &resolved, ("/data/issue/numComments", json!(3))),
        (
            Provider::Pagerduty,
            &json_of("pagerduty/incident.triggered.json"),
            ("/event/occurred_at", json!("2026-11-20T11:00:00.000Z")),
        ),
        (
            Provider::Gitlab,
            &but(&gitlab, &[("/object_attributes/action", json!("close"))]),
            ("/object_attributes/updated_at", json!("2026-11-20 11:00:00 UTC")),
        ),
        (
            Provider::Linear,
            &changed(
                &json_of("linear/issue.create.json"),
                "update",
                json!({"updatedFrom": {"stateId": "a"}}),
            ),
            ("/data/updatedAt", json!("2026-11-20T11:00:00.000Z")),
        ),
        (
            Provider::Github,
            &json_of("github/issues.labeled.json"),
            ("/issue/updated_at", json!("2026-11-20T11:00:00Z")),
        ),
        (Provider::Github, &discussion, ("/discussion/answer_chosen_at", json!("2026-11-20T11:00:00Z"))),
    ] {
        let again = but(first, &[again]);
        assert_eq!(count(provider, &[first.clone(), again.clone()]), 2, "{} {again}", provider.name());
    }
}

#[test]
fn a_mention_in_slack_and_its_message_are_one_happening_whoever_is_authorised() {
    let mention = json_of("slack/app_mention.json");
    let message = but(
        &mention,
        &[
            ("/event_id", json!("Ev05N1GHTLY99")),
            ("/event/type", json!("message")),
            ("/event/channel_type", json!("channel")),
            ("/authorizations", json!([])),
        ],
    );
    assert_eq!(facts(Provider::Slack, &mention), facts(Provider::Slack, &message));
    let event = read(Provider::Slack, &message);
    let filter = Filter { login: Some("U05AFTERHK".to_owned()), ..Filter::default() };
    assert_eq!(filter.ignores(&event), None, "nothing else tells that they are one");
    let edit = but(&mention, &[("/event/edited", json!({"user": "U05MONA123", "ts": "1795168860.000000"}))]);
    assert_ne!(facts(Provider::Slack, &mention), facts(Provider::Slack, &edit));
    assert_eq!(read(Provider::Slack, &json_of("slack/message.im.json")).happening, None, "it comes once");
}

#[test]
fn hooks_of_a_project_and_of_the_system_report_one_happening_of_gitlab() {
    for path in ["gitlab/note.create.json", "gitlab/issue.open.json", "gitlab/merge_request.open.json"] {
        let one = json_of(path);
        let other = but(&one, &[("/repository", json!({"name": "other"})), ("/event_name", json!("x"))]);
        assert_eq!(facts(Provider::Gitlab, &one), facts(Provider::Gitlab, &other), "{path}");
    }
    let update = but(&json_of("gitlab/issue.open.json"), &[("/object_attributes/action", json!("update"))]);
    let one = but(&update, &[("/changes", json!({"title": {"current": "a"}}))]);
    let other = but(&update, &[("/changes", json!({"labels": {"current": []}}))]);
    assert_ne!(facts(Provider::Gitlab, &one), facts(Provider::Gitlab, &other), "two changes of one second");
}

#[test]
fn the_two_events_of_one_comment_in_jira_are_one_happening() {
    let alone = json_of("jira/comment.created.data-center.json");
    let within = json_of("jira/issue.commented.data-center.json");
    assert_eq!(facts(Provider::Jira, &alone), facts(Provider::Jira, &within));
    let edited = but(
        &within,
        &[
            ("/issue_event_type_name", json!("issue_comment_edited")),
            ("/comment/updated", json!("2026-11-20T09:40:00.000+0000")),
        ],
    );
    assert_ne!(facts(Provider::Jira, &alone), facts(Provider::Jira, &edited));
}

#[test]
fn webhooks_of_a_team_and_of_the_organisation_report_one_happening_of_linear() {
    let one = json_of("linear/comment.create.json");
    let other =
        but(&one, &[("/webhookId", json!("another")), ("/webhookTimestamp", json!(1_795_166_400_999_u64))]);
    assert_eq!(facts(Provider::Linear, &one), facts(Provider::Linear, &other));
    let update =
        but(&one, &[("/action", json!("update")), ("/data/updatedAt", json!("2026-11-20T10:00:00.000Z"))]);
    assert_ne!(facts(Provider::Linear, &one), facts(Provider::Linear, &update));
}

#[test]
fn two_integrations_of_sentry_report_one_happening() {
    for path in ["sentry/issue.created.json", "sentry/event_alert.triggered.json"] {
        let one = json_of(path);
        let other = but(&one, &[("/installation/uuid", json!("another"))]);
        assert_eq!(facts(Provider::Sentry, &one), facts(Provider::Sentry, &other), "{path}");
    }
}

/// Ingest's tests say what of it is one task where the dates differ.
#[test]
fn whatever_reports_it_what_is_seen_of_one_issue_is_one_happening_of_sentry() {
    const SEEN: &str = "2026-11-20T11:31:40Z";
    let issue = but(
        &json_of("sentry/issue.created.json"),
        &[("/data/issue/firstSeen", json!(SEEN)), ("/data/issue/lastSeen", json!("2026-11-20T13:00:00Z"))],
    );
    let alert = but(&json_of("sentry/event_alert.triggered.json"), &[("/data/event/datetime", json!(SEEN))]);
    let rule = but(&alert, &[("/data/triggered_rule", json!("Another rule"))]);
    let another = but(&alert, &[("/data/event/event_id", json!("f0"))]);
    let number = but(&alert, &[("/data/event/issue_id", json!(1_170_820_242))]);
    let mut error =
        but(&alert, &[("/action", json!("created")), ("/data/error", alert["data"]["event"].clone())]);
    error["data"].as_object_mut().unwrap().remove("event");
    assert_eq!(read(Provider::Sentry, &error).name, "error.created");
    assert_eq!(count(Provider::Sentry, &[issue.clone(), alert.clone(), rule, another, number, error]), 1);
    let other = but(&alert, &[("/data/event/issue_id", json!("7"))]);
    let unresolved = but(&issue, &[("/action", json!("unresolved"))]);
    assert_eq!(count(Provider::Sentry, &[alert, other, unresolved]), 3);
}

#[test]
fn an_alert_on_a_metric_that_comes_back_is_a_second_happening_of_sentry() {
    let one = json_of("sentry/metric_alert.critical.json");
    let other = but(&one, &[("/installation/uuid", json!("another"))]);
    assert_eq!(facts(Provider::Sentry, &one), facts(Provider::Sentry, &other));
    let warning = but(&one, &[("/action", json!("warning"))]);
    let again = but(&one, &[("/data/description_text", json!("1300 events in the last 10 minutes"))]);
    let next = but(&one, &[("/data/metric_alert/id", json!("48214"))]);
    let resolved = but(&one, &[("/action", json!("resolved"))]);
    let ended = but(&resolved, &[("/data/metric_alert/date_closed", json!("2026-11-20T12:00:00Z"))]);
    assert_eq!(count(Provider::Sentry, &[one, warning, again, next, resolved, ended]), 6);
}

#[test]
fn an_issue_that_is_assigned_twice_in_sentry_is_two_happenings() {
    let assigned = |to: &str| {
        let issue = json_of("sentry/issue.created.json");
        but(
            &issue,
            &[("/action", json!("assigned")), ("/data/issue/assignedTo", json!({"id": to, "type": "user"}))],
        )
    };
    assert_ne!(facts(Provider::Sentry, &assigned("1")), facts(Provider::Sentry, &assigned("2")));
}

#[test]
fn subscriptions_of_an_account_and_a_service_report_one_happening_of_pagerduty() {
    for path in ["pagerduty/incident.triggered.json", "pagerduty/incident.annotated.json"] {
        let one = json_of(path);
        let other = but(&one, &[("/event/id", json!("01ANOTHER")), ("/event/client", json!({"name": "x"}))]);
        assert_eq!(facts(Provider::Pagerduty, &one), facts(Provider::Pagerduty, &other), "{path}");
        let later = but(&one, &[("/event/occurred_at", json!("2026-11-20T10:20:00.001Z"))]);
        let note = but(&one, &[("/event/data/id", json!("PANOTHER"))]);
        for two in [later, note] {
            assert_ne!(facts(Provider::Pagerduty, &one), facts(Provider::Pagerduty, &two), "{path}");
        }
    }
}

#[test]
fn a_responder_who_was_added_in_pagerduty_is_one_happening() {
    let added = |user: &str, state: &str| {
        let incident = json!({"id": "PGR0VU2", "type": "incident_reference"});
        let user = json!({"id": user, "summary": "Kim", "type": "user_reference"});
        let data = json!({"incident": incident, "user": user, "message": "Please help", "state": state});
        let changes = [("/event/event_type", json!("incident.responder.added")), ("/event/data", data)];
        but(&json_of("pagerduty/incident.triggered.json"), &changes)
    };
    let (one, second) = (added("P1", "pending"), added("P2", "pending"));
    let other = but(&one, &[("/event/id", json!("01ANOTHER"))]);
    assert_eq!(facts(Provider::Pagerduty, &one), facts(Provider::Pagerduty, &other));
    assert_ne!(facts(Provider::Pagerduty, &one), facts(Provider::Pagerduty, &second), "another responder");
    let accepted = added("P1", "accepted");
    assert_ne!(facts(Provider::Pagerduty, &one), facts(Provider::Pagerduty, &accepted));
}

#[test]
fn a_new_ticket_of_zendesk_and_its_first_comment_are_one_happening() {
    let created = json_of("zendesk/ticket.created.json");
    let comment = json_of("zendesk/ticket.comment_added.json");
    let description = created["detail"]["description"].clone();
    let first =
        but(&comment, &[("/event/comment/body", description.clone()), ("/time", created["time"].clone())]);
    assert_eq!(facts(Provider::Zendesk, &created), facts(Provider::Zendesk, &first));
    let later = but(&first, &[("/time", json!("2026-11-20T09:10:02Z"))]);
    let of_another = but(&first, &[("/event/comment/author/id", json!("1"))]);
    let other_words = but(&first, &[("/event/comment/body", json!("And one more thing"))]);
    let private = but(&first, &[("/event/comment/is_public", json!(false))]);
    for another in [comment, later, of_another, other_words, private] {
        assert_ne!(facts(Provider::Zendesk, &created), facts(Provider::Zendesk, &another));
    }
}

#[test]
fn two_webhooks_of_zendesk_report_one_happening() {
    for path in ["zendesk/ticket.comment_added.json", "zendesk/ticket.created.json"] {
        let one = json_of(path);
        let other = but(&one, &[("/id", json!("another")), ("/zendesk_event_version", json!("2025-01-01"))]);
        assert_eq!(facts(Provider::Zendesk, &one), facts(Provider::Zendesk, &other), "{path}");
    }
    let comment = json_of("zendesk/ticket.comment_added.json");
    let second = but(&comment, &[("/event/comment/id", json!("8493826129919"))]);
    assert_ne!(facts(Provider::Zendesk, &comment), facts(Provider::Zendesk, &second));
    let tags = |added: &str, at: &str| {
        let event = json!({"tags_added": [added], "tags_removed": []});
        let changes = [("/type", json!("zen:event-type:ticket.tags_changed")), ("/event", event)];
        facts(Provider::Zendesk, &but(&but(&comment, &changes), &[("/time", json!(at))]))
    };
    let (early, late) = ("2026-11-20T09:10:02Z", "2026-11-20T09:10:03Z");
    assert_ne!(tags("a", early), tags("b", early), "two changes of one moment");
    assert_ne!(tags("a", early), tags("a", late));
}

#[test]
fn webhooks_of_an_administrator_and_of_an_app_report_one_happening_of_jira() {
    let one = json_of("jira/issue.created.json");
    let at = one["issue"]["fields"]["created"].as_str().unwrap();
    let elsewhere = at.replace("T09:", "T10:").replace("+0000", "+0100");
    assert_ne!(at, elsewhere);
    let elsewhere = but(&one, &[("/issue/fields/created", json!(elsewhere))]);
    assert_eq!(facts(Provider::Jira, &one), facts(Provider::Jira, &elsewhere), "in another time zone");
    let other =
        but(&one, &[("/timestamp", json!(1_795_165_200_999_u64)), ("/matchedWebhookIds", json!([7]))]);
    assert_eq!(facts(Provider::Jira, &one), facts(Provider::Jira, &other));
    let update = |change: &str| {
        let changes = [("/webhookEvent", json!("jira:issue_updated")), ("/changelog/id", json!(change))];
        but(&but(&one, &changes), &[("/issue_event_type_name", json!("issue_generic"))])
    };
    assert_ne!(facts(Provider::Jira, &update("1")), facts(Provider::Jira, &update("2")));
    let unnumbered = but(&update("1"), &[("/changelog", json!({"items": []}))]);
    assert_eq!(read(Provider::Jira, &unnumbered).happening, None, "nothing tells this change from the next");
}

#[test]
fn two_subscriptions_of_shopify_report_one_happening() {
    let one = json_of("shopify/orders.create.json");
    let other = but(&one, &[("/metafields", json!([])), ("/note_attributes", json!([{"name": "a"}]))]);
    assert_eq!(facts(Provider::Shopify, &one), facts(Provider::Shopify, &other));
    let updated = |changes: &[(&str, Value)]| {
        let body = but(&one, changes).to_string();
        let received = Received { event_hint: Some("orders/updated"), body: body.as_bytes() };
        match sender(Provider::Shopify).parse(&received) {
            Ok(Parsed::Event(event)) => event.happening.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let paid = ("/financial_status", json!("paid"));
    let later = ("/updated_at", json!("2027-01-01T00:00:00Z"));
    let undated = ("/updated_at", Value::Null);
    assert_eq!(updated(&[]), updated(&[("/note", json!("another field"))]), "other `fields`");
    assert_ne!(updated(&[]), updated(&[later]));
    assert_ne!(
        updated(std::slice::from_ref(&undated)),
        updated(&[undated, paid]),
        "nothing else tells them apart"
    );
}

#[test]
fn hooks_of_a_repository_and_its_organisation_report_one_event_of_a_map() {
    let body = json!({ "ref": "refs/heads/main", "commits": [], "repository": {"full_name": "octo/repo"} });
    let map = FieldMap { text: Pointer::new("/ref").ok(), ..FieldMap::default() };
    let sender = Sender { map, ..sender(Provider::Github) };
    let facts = |body: &Value| {
        let body = body.to_string();
        match sender.parse(&Received { event_hint: Some("push"), body: body.as_bytes() }) {
            Ok(Parsed::Event(event)) => event.happening.unwrap(),
            other => panic!("no event: {other:?}"),
        }
    };
    let of_organisation = but(&body, &[("/organization", json!({"login": "octo"}))]);
    assert_eq!(facts(&body), facts(&of_organisation));
    assert_ne!(facts(&body), facts(&but(&body, &[("/ref", json!("refs/heads/x"))])));
}

#[test]
fn senders_whose_own_id_tells_need_no_other_facts() {
    for (provider, path) in [
        (Provider::Stripe, "stripe/charge.failed.json"),
        (Provider::StandardWebhooks, "standard-webhooks/invoice.overdue.json"),
        (Provider::Svix, "svix/contact.created.json"),
        (Provider::Custom, "billing/ticket.opened.json"),
    ] {
        assert_eq!(read(provider, &json_of(path)).happening, None, "{path}");
    }
}

#[test]
fn a_renewed_sample_is_another_happening() {
    let now = "2026-12-01T08:00:00.123456Z".parse().unwrap();
    for (provider, path) in [
        (Provider::Github, "github/issues.opened.json"),
        (Provider::Github, "github/issue_comment.created.json"),
        (Provider::Github, "github/pull_request_review.submitted.json"),
        (Provider::Github, "github/workflow_run.completed.json"),
        (Provider::Gitlab, "gitlab/note.create.json"),
        (Provider::Jira, "jira/comment.created.json"),
        (Provider::Linear, "linear/issue.create.json"),
        (Provider::Sentry, "sentry/issue.created.json"),
        (Provider::Sentry, "sentry/event_alert.triggered.json"),
        (Provider::Sentry, "sentry/metric_alert.critical.json"),
        (Provider::Jira, "jira/issue.created.json"),
        (Provider::Pagerduty, "pagerduty/incident.annotated.json"),
        (Provider::Shopify, "shopify/orders.create.json"),
        (Provider::Slack, "slack/app_mention.json"),
        (Provider::Slack, "slack/message.channels.json"),
        (Provider::Zendesk, "zendesk/ticket.created.json"),
        (Provider::Zendesk, "zendesk/ticket.comment_added.json"),
    ] {
        let body = sample(path);
        let renewed = serde_json::from_slice(&sender(provider).renewed(&body, now)).unwrap();
        assert_ne!(facts(provider, &json_of(path)), facts(provider, &renewed), "{path}");
    }
    let ping = sender(Provider::Github).renewed(br#"{"zen":"x"}"#, now);
    assert!(String::from_utf8(ping).unwrap().contains("sent_at"), "what has no date gets one");
}
