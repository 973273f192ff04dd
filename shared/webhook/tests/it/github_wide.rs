//! GitHub beyond issues: pull requests, reviews, discussions, releases, runs of workflows, and the rest by map.

use crate::senders::sample;
use crate::support::{event, parse};
use domain::{Event, Target, ThreadState};
use serde_json::{Value, json};
use webhook::{
    CommentPolicy, FieldMap, Filter, IgnoreReason, ParseError, Parsed, Pointer, Provider, Received, Sender,
};

const SAMPLES: [&str; 15] = [
    "issues.opened",
    "issues.reopened",
    "issues.edited",
    "issues.labeled",
    "issue_comment.created",
    "pull_request.opened",
    "pull_request.reopened",
    "pull_request.ready_for_review",
    "pull_request.synchronize",
    "pull_request_review.submitted",
    "pull_request_review_comment.created",
    "discussion.created",
    "discussion_comment.created",
    "release.published",
    "workflow_run.completed",
];

fn json_of(name: &str) -> Value {
    serde_json::from_slice(&sample(&format!("github/{name}.json"))).unwrap()
}

fn read(name: &str) -> Event {
    event(&sample(&format!("github/{name}.json")))
}

fn issue(number: u64) -> Option<Target> {
    Some(Target::GithubIssue { owner: "octo".to_owned(), repo: "tidepool".to_owned(), number })
}

#[test]
fn every_sample_has_a_text_a_title_a_thread_a_date_and_a_link() {
    for name in SAMPLES {
        let event = read(name);
        assert_eq!(event.name, name);
        assert!(!event.text.is_empty() && event.title.is_some() && event.occurred_at.is_some(), "{name}");
        assert!(event.thread.starts_with("octo/tidepool") && event.tenant == "octo/tidepool", "{name}");
        assert!(
            event.link.is_some_and(|link| link.starts_with("https://github.com/octo/tidepool/")),
            "{name}"
        );
    }
}

#[test]
fn the_unsigned_header_changes_nothing_about_them() {
    for name in SAMPLES {
        let body = sample(&format!("github/{name}.json"));
        for hint in [None, Some("push"), Some("issues"), Some("ping"), Some("workflow_run")] {
            assert_eq!(parse(&body, hint), Ok(Parsed::Event(Box::new(read(name)))), "{name} {hint:?}");
        }
    }
}

#[test]
fn pull_requests_are_answered_like_issues() {
    let opened = read("pull_request.opened");
    assert_eq!((opened.thread.as_str(), &opened.target), ("octo/tidepool#8", &issue(8)));
    assert_eq!((opened.comment_id, opened.opening), (None, None));
    assert_eq!(opened.metadata["is_pull_request"], json!(true));
    assert_eq!((&opened.metadata["head"], &opened.metadata["base"]), (&json!("flush"), &json!("main")));
    let pushed = read("pull_request.synchronize");
    assert_ne!(pushed.metadata["head_sha"], opened.metadata["head_sha"]);
}

#[test]
fn a_review_is_a_comment_on_its_pull_request() {
    let review = read("pull_request_review.submitted");
    assert_eq!((review.thread.as_str(), &review.target), ("octo/tidepool#8", &issue(8)));
    assert_eq!((review.comment_id.as_deref(), review.unlisted), (Some("1788200341"), true));
    assert!(review.opening.is_some());
    assert_eq!(review.metadata["review"], json!("commented"));
    let mut approved = json_of("pull_request_review.submitted");
    approved["review"]["body"] = json!(null);
    let approved = event(approved.to_string().as_bytes());
    let thread = Filter { comments: CommentPolicy::Thread, ..Filter::default() };
    assert_eq!(
        thread.ignores(&approved),
        Some(IgnoreReason::Empty),
        "an approval without a word asks nothing"
    );
}

#[test]
fn a_review_comment_belongs_to_its_own_thread_and_shows_its_code() {
    let comment = read("pull_request_review_comment.created");
    let review = Target::GithubReview {
        owner: "octo".to_owned(),
        repo: "tidepool".to_owned(),
        number: 8,
        comment: 1_849_020_117,
    };
    assert_eq!(comment.thread, "octo/tidepool#8/r1849020117");
    assert_eq!(comment.target.as_ref(), Some(&review));
    assert!(comment.unlisted && comment.comment_id.is_some());
    let opening = comment.opening.unwrap();
    assert!(opening.starts_with("src/export/csv.rs, line 90:\n```diff\n@@ -88,6"), "{opening}");
    assert!(opening.contains("self.out.flush()\n```\n\nFlushes the last row"), "{opening}");
    assert_eq!(comment.metadata["review_thread"], json!(1_849_020_117_u64));
    let mut reply = json_of("pull_request_review_comment.created");
    reply["comment"]["id"] = json!(1_849_020_999_u64);
    reply["comment"]["in_reply_to_id"] = json!(1_849_020_117_u64);
    let reply = event(reply.to_string().as_bytes());
    assert_eq!((reply.thread.as_str(), reply.target), ("octo/tidepool#8/r1849020117", Some(review)));
}

#[test]
fn nobody_can_be_answered_in_an_archived_repository() {
    let mut body = json_of("issues.opened");
    body["repository"]["archived"] = json!(true);
    assert_eq!(event(body.to_string().as_bytes()).thread_state, ThreadState::Locked);
}

#[test]
fn long_code_is_cut_at_its_beginning() {
    let mut body = json_of("pull_request_review_comment.created");
    let lines: String = (0..2_000).map(|line| format!("+é{line}\n")).collect();
    body["comment"]["diff_hunk"] = json!(lines.trim_end());
    let opening = event(body.to_string().as_bytes()).opening.unwrap();
    assert!(opening.len() < 6_000 && opening.contains("+é1999\n```"), "{}", opening.len());
    assert!(opening.contains("```diff\n+é"), "whole lines");
}

#[test]
fn discussions_are_answered_below_the_comment_that_asks() {
    let opened = read("discussion.created");
    assert_eq!(opened.thread, "octo/tidepool/discussions/12");
    assert_eq!(opened.metadata["category"], json!("Q&A"));
    let target = |reply_to: Option<&str>| Target::GithubDiscussion {
        owner: "octo".to_owned(),
        repo: "tidepool".to_owned(),
        number: 12,
        id: "D_kwDOI8mr-c4Acx0V".to_owned(),
        reply_to: reply_to.map(str::to_owned),
    };
    assert_eq!(opened.target, Some(target(None)));
    let comment = read("discussion_comment.created");
    assert_eq!(
        (&comment.thread, &comment.target),
        (&opened.thread, &Some(target(Some("DC_kwDOI8mr-c4Arng0"))))
    );
    for event in [&opened, &comment] {
        assert_eq!(Filter::default().ignores(event), None);
    }
    let mut evil = json_of("discussion.created");
    evil["discussion"]["node_id"] = json!("D_x\"}) { id } }");
    assert!(matches!(parse(evil.to_string().as_bytes(), None), Err(ParseError::Unreadable(_))));
}

#[test]
fn a_release_has_no_thread_to_answer_in() {
    let release = read("release.published");
    assert_eq!((release.title.as_deref(), release.target), (Some("0.9.4: the last row"), None));
    assert_eq!(release.metadata["tag"], json!("v0.9.4"));
    let mut unnamed = json_of("release.published");
    unnamed["release"]["name"] = json!("");
    assert_eq!(event(unnamed.to_string().as_bytes()).title.as_deref(), Some("v0.9.4"));
}

#[test]
fn only_runs_that_failed_are_events() {
    let run = read("workflow_run.completed");
    assert_eq!(run.title.as_deref(), Some("CI: failure"));
    assert!(
        run.text.contains("Branch: flush") && run.text.contains("Message: Flush the last row"),
        "{}",
        run.text
    );
    assert_eq!(run.metadata["run_id"], json!(11_830_947_725_u64));
    let mut body = json_of("workflow_run.completed");
    for (action, conclusion, expected) in [
        ("completed", json!("success"), "workflow_run.success"),
        ("completed", json!("cancelled"), "workflow_run.cancelled"),
        ("requested", json!(null), "workflow_run.requested"),
    ] {
        body["action"] = json!(action);
        body["workflow_run"]["conclusion"] = conclusion;
        assert_eq!(parse(body.to_string().as_bytes(), None), Ok(Parsed::Other(expected.to_owned())));
    }
}

#[test]
fn locked_and_closed_pull_requests_say_so() {
    let mut body = json_of("pull_request.opened");
    body["pull_request"]["state"] = json!("closed");
    assert_eq!(event(body.to_string().as_bytes()).thread_state, ThreadState::Closed);
    body["pull_request"]["locked"] = json!(true);
    assert_eq!(event(body.to_string().as_bytes()).thread_state, ThreadState::Locked);
}

#[test]
fn bots_are_bots_in_every_kind() {
    for name in SAMPLES {
        let mut body = json_of(name);
        body["sender"] = json!({"login": "dependabot[bot]", "type": "Bot"});
        assert!(event(body.to_string().as_bytes()).actor_is_bot, "{name}");
    }
}

#[test]
fn what_is_lacking_is_named_in_every_kind() {
    for (name, pointer, lacking) in [
        ("pull_request.opened", "/pull_request/number", "`pull_request.number`"),
        ("pull_request_review.submitted", "/review/id", "`review.id`"),
        ("pull_request_review_comment.created", "/comment/id", "`comment.id`"),
        ("discussion.created", "/discussion/number", "`discussion.number`"),
        ("release.published", "/release/id", "`release.id`"),
        ("workflow_run.completed", "/workflow_run/id", "`workflow_run.id`"),
        ("workflow_run.completed", "/repository/full_name", "`repository.full_name`"),
    ] {
        let mut body = json_of(name);
        *body.pointer_mut(pointer).unwrap() = json!(null);
        match parse(body.to_string().as_bytes(), None) {
            Err(ParseError::Unreadable(why)) => assert!(why.contains(lacking), "{pointer}: {why}"),
            other => panic!("{pointer}: {other:?}"),
        }
    }
}

#[test]
fn any_other_event_is_read_by_a_map_where_its_body_agrees_with_its_header() {
    let at = |text: &str| Some(Pointer::new(text).unwrap());
    let map = FieldMap {
        tenant: at("/repository/full_name"),
        text: at("/check_run/output/summary"),
        ..FieldMap::default()
    };
    let sender = Sender { map, ..Sender::of(Provider::Github) };
    let body = json!({"action": "completed", "check_run": {"output": {"summary": "2 failed"}},
        "repository": {"full_name": "octo/tidepool"}, "sender": {"login": "mona"}});
    let read = |hint: Option<&str>, body: &Value| {
        sender.parse(&Received { event_hint: hint, body: body.to_string().as_bytes() })
    };
    match read(Some("check_run"), &body) {
        Ok(Parsed::Event(event)) => {
            assert_eq!((event.name.as_str(), event.text.as_str()), ("check_run.completed", "2 failed"));
            assert_eq!((event.tenant.as_str(), &event.target), ("octo/tidepool", &None));
        }
        other => panic!("{other:?}"),
    }
    for hint in [None, Some("push"), Some("deployment"), Some("watch")] {
        assert!(matches!(read(hint, &body), Err(ParseError::Unreadable(_))), "{hint:?}");
    }
    // What we read ourselves is read as ever.
    let issue = json_of("issues.opened");
    assert_eq!(read(None, &issue), parse(issue.to_string().as_bytes(), None));
}
