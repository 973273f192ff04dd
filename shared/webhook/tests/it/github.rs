//! GitHub's events, from bodies of full size.

use crate::support::{FORM, commented, event, file, headers, opened, parse, patched};
use domain::{Event, Target};
use serde_json::{Value, json};
use webhook::{ParseError, Parsed, Provider, Received, Sender};

fn target() -> Option<Target> {
    Some(Target::GithubIssue { owner: "octo".to_owned(), repo: "tidepool".to_owned(), number: 7 })
}

fn text_at(body: &[u8], pointer: &str) -> String {
    let json: Value = serde_json::from_slice(body).unwrap();
    json.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn an_opened_issue_is_an_event() {
    let body = opened();
    let expected = Event {
        title: Some("CSV export drops the last row when the file has no final newline".to_owned()),
        text: text_at(&body, "/issue/body"),
        labels: vec!["bug".to_owned(), "export".to_owned()],
        occurred_at: Some("2026-11-19T07:41:05Z".parse().unwrap()),
        happening: event(&body).happening,
        link: Some("https://github.com/octo/tidepool/issues/7".to_owned()),
        target: target(),
        metadata: facts(json!({
            "author_association": "CONTRIBUTOR",
            "installation_id": 58_120_934,
            "is_pull_request": false,
            "issue_author": "mona",
            "state": "open",
        })),
        ..Event::new("issues.opened", "octo/tidepool", "octo/tidepool#7", "mona")
    };
    assert!(expected.text.len() > 1000);
    assert_eq!(event(&body), expected);
}

#[test]
fn a_comment_is_an_event_of_its_issue() {
    let body = commented();
    let event = event(&body);
    assert_eq!(event.name, "issue_comment.created");
    assert_eq!((event.thread.as_str(), event.actor.as_str()), ("octo/tidepool#7", "jonah-k"));
    assert_eq!(event.comment_id.as_deref(), Some("2486011730"));
    assert_eq!(event.text, text_at(&body, "/comment/body"));
    assert!(webhook::mentions(&event.text, "afterhook"));
    assert_eq!(event.occurred_at, Some("2026-11-19T09:03:48Z".parse().unwrap()));
    assert_eq!(event.target, target());
    let expected = json!({
        "author_association": "NONE",
        "comment_author": "jonah-k",
        "installation_id": 58_120_934,
        "is_pull_request": false,
        "issue_author": "mona",
        "state": "open",
    });
    assert_eq!(event.metadata, facts(expected));
}

#[test]
fn a_ping_is_a_ping() {
    let ping = file("events/bodies/github/ping.json");
    for hint in [Some("ping"), Some("issues"), None] {
        assert_eq!(parse(&ping, hint), Ok(Parsed::Ping));
    }
    let bare = br#"{"zen":"Keep it logically awesome."}"#;
    for hint in [Some("ping"), None] {
        assert_eq!(parse(bare, hint), Ok(Parsed::Ping), "{hint:?}");
    }
    let acted = br#"{"zen":"Keep it logically awesome.","action":"opened","check_run":{}}"#;
    assert_eq!(parse(acted, Some("check_run")), Ok(Parsed::Other("check_run.opened".to_owned())));
}

#[test]
fn a_form_means_the_same_as_its_json() {
    for (json, hint) in [(opened(), "issues"), (commented(), "issue_comment")] {
        let text = std::str::from_utf8(&json).unwrap();
        let form: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("payload", text).finish();
        let received = Received { event_hint: Some(hint), body: form.as_bytes() };
        assert_eq!(Sender::of(Provider::Github).parse(&received), parse(&json, Some(hint)));
        assert_eq!(
            Sender::of(Provider::Github).identity(&received, &headers(&[])[..]).as_ref(),
            form.as_bytes()
        );
    }
}

#[test]
fn a_form_without_json_is_not_json() {
    for body in ["", "payload=", "payload=%7B", "other=%7B%7D", "%ff&&=&payload=%ff"] {
        let received = Received { event_hint: None, body: body.as_bytes() };
        assert!(
            matches!(Sender::of(Provider::Github).parse(&received), Err(ParseError::NotJson(_))),
            "{body}"
        );
    }
}

#[test]
fn an_unsigned_hint_that_contradicts_the_body_loses() {
    let (issue, comment) = (event(&opened()), event(&commented()));
    for hint in ["push", "ping", "issues", "issue_comment", "\u{0}", ""] {
        assert_eq!(parse(&opened(), Some(hint)), Ok(Parsed::Event(Box::new(issue.clone()))), "{hint}");
        assert_eq!(parse(&commented(), Some(hint)), Ok(Parsed::Event(Box::new(comment.clone()))), "{hint}");
    }
}

#[test]
fn kinds_that_we_do_not_read_are_named_by_the_hint() {
    let push = file("tests/fixtures/github/push.json");
    assert_eq!(parse(&push, Some("push")), Ok(Parsed::Other("push".to_owned())));
    let named = Ok(Parsed::Other("check_run.completed".to_owned()));
    assert_eq!(parse(br#"{"action":"completed","check_run":{}}"#, Some("check_run")), named);
}

#[test]
fn a_hint_that_is_no_word_names_nothing() {
    let long = "x".repeat(65);
    for hint in ["", "Push", "a b", "push\n", "../push", "push.force", "push", "star", &long] {
        assert!(matches!(parse(b"{}", Some(hint)), Err(ParseError::Unreadable(_))), "{hint}");
    }
    assert_eq!(
        parse(br#"{"action":"A b","starred_at":null}"#, Some("star")),
        Ok(Parsed::Other("star.a_b".to_owned()))
    );
}

#[test]
fn an_empty_issue_has_an_empty_text() {
    assert_eq!(event(&patched(&opened(), "/issue/body", Value::Null)).text, "");
    assert_eq!(event(&patched(&commented(), "/comment/body", Value::Null)).text, "");
}

#[test]
fn escaped_text_arrives_unescaped() {
    let body = patched(&opened(), "/issue/title", json!("\"tab\t\u{1F30A}\""));
    assert_eq!(event(&body).title.as_deref(), Some("\"tab\t\u{1F30A}\""));
}

#[test]
fn bots_are_told_by_type_or_login() {
    assert!(event(&patched(&opened(), "/sender/type", json!("Bot"))).actor_is_bot);
    assert!(event(&patched(&opened(), "/sender/login", json!("renovate[bot]"))).actor_is_bot);
    assert!(!event(&patched(&opened(), "/sender/type", json!(null))).actor_is_bot);
}

#[test]
fn a_pull_requests_comment_says_so() {
    let body = patched(&commented(), "/issue/active_lock_reason", json!(null));
    let mut json: Value = serde_json::from_slice(&body).unwrap();
    json["issue"]["pull_request"] = json!({ "url": "https://api.github.com/repos/octo/tidepool/pulls/7" });
    assert_eq!(event(json.to_string().as_bytes()).metadata["is_pull_request"], json!(true));
}

#[test]
fn what_was_changed_is_dated_by_its_change() {
    let date = |body: &[u8]| event(body).occurred_at.map(|at| at.to_string());
    let later = json!("2026-11-20T08:00:00Z");
    let updated = patched(&opened(), "/issue/updated_at", later.clone());
    assert_eq!(date(&updated).as_deref(), Some("2026-11-19T07:41:05Z"), "opened: by its creation");
    let edited = patched(&updated, "/action", json!("edited"));
    assert_eq!(date(&edited).as_deref(), Some("2026-11-20T08:00:00Z"));
    let comment = patched(&commented(), "/comment/updated_at", later);
    assert_eq!(date(&comment).as_deref(), Some("2026-11-19T09:03:48Z"), "created: by its creation");
    let edited = patched(&comment, "/action", json!("edited"));
    assert_eq!(date(&edited).as_deref(), Some("2026-11-20T08:00:00Z"));
    assert_eq!(date(&patched(&opened(), "/issue/created_at", json!(1_763_000_000))), None);
}

#[test]
fn github_is_answered_as_its_documentation_wants() {
    assert_eq!(Provider::Github.row().success, 202);
    assert_eq!(Provider::Github.media_types(), ["application/json", FORM]);
    let headers = [("X-GitHub-Event".to_owned(), "issues".to_owned())];
    assert_eq!(Provider::Github.event_hint(headers.as_slice()), Some("issues"));
}

fn facts(facts: Value) -> serde_json::Map<String, Value> {
    match facts {
        Value::Object(facts) => facts,
        other => panic!("no object: {other}"),
    }
}
