//! Which events get a task.

use std::time::Duration;

use crate::senders::sender;
use crate::support::{at, commented, event, json_of, opened, patched, read};
use domain::Event;
use serde_json::{Value, json};
use webhook::{CommentPolicy, Filter, IgnoreReason, Parsed, Provider, Received, Sender, check_age};

fn filter(comments: CommentPolicy) -> Filter {
    Filter { comments, login: Some("afterhook".to_owned()), ..Filter::default() }
}

fn comment(text: &str) -> Event {
    event(&patched(&commented(), "/comment/body", json!(text)))
}

fn by(login: &str) -> Event {
    event(&patched(&commented(), "/sender/login", json!(login)))
}

#[test]
fn without_a_list_every_event_is_taken() {
    assert_eq!(Filter::default().ignores(&event(&opened())), None);
    let labeled = event(&patched(&opened(), "/action", json!("labeled")));
    assert_eq!(Filter::default().ignores(&labeled), None);
}

/// A thing that is over or gone waits for nobody, and takes no answer.
#[test]
fn without_a_list_what_is_over_or_gone_is_no_task() {
    for (provider, names) in [
        (
            Provider::Github,
            &[
                "issues.closed",
                "issues.deleted",
                "issues.locked",
                "issues.transferred",
                "issue_comment.deleted",
                "discussion.closed",
                "discussion_comment.deleted",
                "pull_request.closed",
                "pull_request_review.dismissed",
                "pull_request_review_comment.deleted",
                "release.unpublished",
                "repository.deleted",
                "delete",
            ][..],
        ),
        (Provider::Gitlab, &["issue.close", "merge_request.close", "merge_request.merge"]),
        (Provider::Jira, &["issue.deleted", "comment.deleted"]),
        (Provider::Linear, &["issue.remove", "comment.remove"]),
        (Provider::Pagerduty, &["incident.resolved"]),
        (Provider::Sentry, &["issue.archived", "issue.ignored", "issue.resolved"]),
        (Provider::Shopify, &["orders.cancelled", "products.delete", "app.uninstalled"]),
        (Provider::Zendesk, &["ticket.merged", "ticket.soft_deleted", "ticket.comment_redacted"]),
    ] {
        let endings = provider.row().endings;
        for name in names {
            let all = Filter { endings, ..Filter::default() };
            assert!(!all.takes(name), "{name}");
            let kind = name.split('.').next().unwrap();
            for listed in [*name, kind] {
                let events = Some(vec![listed.to_owned()]);
                assert!(Filter { events, endings, ..Filter::default() }.takes(name), "{name}");
            }
        }
    }
}

#[test]
fn events_that_begin_or_change_something_are_taken_without_a_list() {
    for (provider, names) in [
        (Provider::Github, &["issues.opened", "issues.reopened", "discussion.answered", "push"][..]),
        (Provider::Gitlab, &["issue.open", "issue.reopen", "merge_request.approved", "note.create"]),
        (Provider::Jira, &["issue.created", "comment.updated"]),
        (Provider::Linear, &["issue.update", "comment.create"]),
        (Provider::Pagerduty, &["incident.reopened", "incident.annotated"]),
        (Provider::Sentry, &["issue.unresolved", "event_alert.triggered"]),
        (Provider::Slack, &["message.im", "app_mention"]),
        (Provider::Stripe, &["customer.subscription.deleted", "charge.dispute.closed"]),
        (Provider::Zendesk, &["ticket.created", "ticket.undeleted", "ticket.comment_added"]),
        (Provider::Custom, &["order.closed"]),
    ] {
        let all = Filter { endings: provider.row().endings, ..Filter::default() };
        assert!(names.iter().all(|name| all.takes(name)), "{}", provider.name());
    }
}

#[test]
fn an_epic_of_gitlab_is_no_issue() {
    let mut body = json_of("gitlab/issue.open.json");
    body["object_kind"] = json!("work_item");
    let received = |body: &Value| {
        let body = body.to_string();
        sender(Provider::Gitlab).parse(&Received { event_hint: None, body: body.as_bytes() }).unwrap()
    };
    assert!(matches!(received(&body), Parsed::Event(event) if event.name == "issue.open"));
    body.as_object_mut().unwrap().remove("project");
    assert!(matches!(received(&body), Parsed::Other(name) if name == "work_item.other"));
}

#[test]
fn a_comment_of_zendesk_itself_is_no_persons() {
    for id in [json!(-1), json!("-1")] {
        let mut body = json_of("zendesk/ticket.comment_added.json");
        body["event"]["comment"]["author"]["id"] = id;
        let event = read(Provider::Zendesk, &body);
        assert_eq!(
            Filter { comments: CommentPolicy::Thread, ..Filter::default() }.ignores(&event),
            Some(IgnoreReason::Bot)
        );
    }
}

#[test]
fn events_outside_the_list_are_unsubscribed() {
    let only = |name: &str| Filter { events: Some(vec![name.to_owned()]), ..Filter::default() };
    let opened = event(&opened());
    assert_eq!(only("issues.opened").ignores(&opened), None);
    assert_eq!(only("issues").ignores(&opened), None);
    for name in ["issues.closed", "issue_comment.created", "issue", "opened", ""] {
        assert_eq!(only(name).ignores(&opened), Some(IgnoreReason::Unsubscribed), "{name}");
    }
    let nothing = Filter { events: Some(Vec::new()), ..Filter::default() };
    assert_eq!(nothing.ignores(&opened), Some(IgnoreReason::Unsubscribed));
}

#[test]
fn bots_are_ignored_by_type_and_by_login() {
    let filter = filter(CommentPolicy::Thread);
    let typed = event(&patched(&commented(), "/sender/type", json!("Bot")));
    assert_eq!(filter.ignores(&typed), Some(IgnoreReason::Bot));
    assert_eq!(filter.ignores(&by("dependabot[bot]")), Some(IgnoreReason::Bot));
}

#[test]
fn the_agents_own_account_is_ignored_in_every_spelling() {
    for login in ["afterhook", "AfterHook", "afterhook[bot]", "Afterhook[bot]"] {
        for comments in [CommentPolicy::Mention, CommentPolicy::Thread, CommentPolicy::Never] {
            let verdict = filter(comments).ignores(&by(login));
            assert_eq!(verdict, Some(IgnoreReason::OwnAccount), "{login}");
        }
    }
    let app = Filter { login: Some("afterhook[bot]".to_owned()), ..filter(CommentPolicy::Thread) };
    assert_eq!(app.ignores(&by("afterhook[bot]")), Some(IgnoreReason::OwnAccount));
    assert_eq!(app.ignores(&by("afterhook")), None, "a person may have an app's name");
    assert_eq!(filter(CommentPolicy::Thread).ignores(&by("afterhook-fan")), None);
}

#[test]
fn the_account_that_the_service_names_is_ours_whatever_name_people_mention() {
    let named = Filter { account: Some("U-4711".to_owned()), ..filter(CommentPolicy::Thread) };
    let by_id = |id: &str| Event { actor_id: Some(id.to_owned()), ..by("Afterhook Agent") };
    assert_eq!(named.ignores(&by_id("U-4711")), Some(IgnoreReason::OwnAccount));
    assert_eq!(named.ignores(&by_id("U-4712")), None);
    assert_eq!(named.ignores(&by("afterhook")), Some(IgnoreReason::OwnAccount), "the configured one is, too");
}

#[test]
fn a_pasted_marker_silences_nobody() {
    let pasted = comment("<!-- afterhook:tsk_0123456789ABCDEFGHJKMNPQRS --> @afterhook help");
    assert_eq!(filter(CommentPolicy::Mention).ignores(&pasted), None);
}

#[test]
fn the_policy_decides_about_comments() {
    let (spoken, unspoken) = (comment("@afterhook?"), comment("> @afterhook?\n\nMe too."));
    let ignored = Some(IgnoreReason::NotMentioned);
    for (policy, with, without) in [
        (CommentPolicy::Mention, None, ignored),
        (CommentPolicy::Thread, None, None),
        (CommentPolicy::Never, ignored, ignored),
    ] {
        assert_eq!(filter(policy).ignores(&spoken), with, "{policy:?}");
        assert_eq!(filter(policy).ignores(&unspoken), without, "{policy:?}");
        assert_eq!(filter(policy).ignores(&event(&opened())), None, "no comment: {policy:?}");
    }
}

#[test]
fn without_the_login_mentions_are_left_to_the_processor() {
    let unknown = Filter { login: None, ..filter(CommentPolicy::Mention) };
    assert_eq!(unknown.ignores(&comment("Me too.")), None);
}

#[test]
fn an_event_older_than_allowed_is_stale() {
    let opened = event(&opened());
    let date = opened.occurred_at.unwrap().as_second();
    let hour = Some(Duration::from_secs(3600));
    assert_eq!(check_age(&opened, hour, at(date + 3600)), None);
    assert_eq!(check_age(&opened, hour, at(date + 3601)), Some(IgnoreReason::Stale));
    assert_eq!(check_age(&opened, hour, at(date - 9999)), None);
    assert_eq!(check_age(&opened, None, at(date + 9_999_999)), None);
    let undated = Event { occurred_at: None, ..opened };
    assert_eq!(check_age(&undated, hour, at(date + 9_999_999)), None);
}

/// What is younger is known by its record, what is older is refused: nothing falls in between.
#[test]
fn senders_that_sign_no_time_have_an_age_below_the_life_of_the_record() {
    let usual = |provider| Sender::of(provider).usual_max_event_age();
    for provider in [
        Provider::Github,
        Provider::Gitlab,
        Provider::Jira,
        Provider::Pagerduty,
        Provider::Sentry,
        Provider::Shopify,
    ] {
        let age = usual(provider).unwrap();
        assert!(age < Duration::from_hours(24 * domain::RETENTION_DAYS.unsigned_abs()), "{provider:?}");
        assert!(age > Duration::from_hours(24 * 7), "{provider:?}: a late redelivery is no replay");
    }
    for provider in [Provider::Slack, Provider::Stripe, Provider::Zendesk, Provider::Linear, Provider::Svix] {
        assert_eq!(usual(provider), None, "{provider:?} signs the time");
    }
}

#[test]
fn reasons_have_the_words_of_the_contract() {
    use IgnoreReason::{Bot, NotMentioned, OwnAccount, Stale, Unsubscribed};
    let words = [Unsubscribed, Bot, OwnAccount, NotMentioned, Stale].map(IgnoreReason::as_str);
    assert_eq!(words, ["unsubscribed", "bot", "own_account", "not_mentioned", "stale"]);
}

#[test]
fn comments_in_a_thread_that_is_over_are_ignored() {
    let state = |text: &str, state: &str, locked: bool| {
        let body = patched(&commented(), "/comment/body", json!(text));
        let mut json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        json["issue"]["state"] = json!(state);
        json["issue"]["locked"] = json!(locked);
        event(&serde_json::to_vec(&json).unwrap())
    };
    let whole_thread = filter(CommentPolicy::Thread);
    let verdict = |event: &Event| whole_thread.ignores(event);
    assert_eq!(verdict(&state("thanks", "open", false)), None);
    assert_eq!(verdict(&state("thanks", "closed", false)), Some(IgnoreReason::ThreadClosed));
    assert_eq!(verdict(&state("@afterhook it is back", "closed", false)), None);
    assert_eq!(verdict(&state("@afterhook it is back", "open", true)), Some(IgnoreReason::ThreadClosed));
    let unknown = Filter { login: None, ..whole_thread.clone() };
    assert_eq!(unknown.ignores(&state("thanks", "closed", false)), None, "whoever knows the login decides");
    let closing = Event { thread_state: domain::ThreadState::Closed, ..event(&opened()) };
    assert_eq!(verdict(&closing), None, "the closing itself is no comment");
}
