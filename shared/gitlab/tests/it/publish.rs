//! Adding a note: once, or not at all, or said to be in doubt; and who sees it.

use std::time::Duration;

use domain::{InternalNotes, Labels, Publisher, ServiceError, ServiceFailure, Target};
use outbound::Commenter;
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{
    ISSUE, ME, NOTES, TOKEN, client, issue, mark, marked, me, merge_request, note, serving, start, target,
    with,
};

fn publicly(client: &Commenter<gitlab::Gitlab>) -> &dyn Publisher {
    client
}

/// The failure of a note that is answered so; it was sent once.
async fn failed(status: u16, headers: &[(&'static str, &'static str)], body: Value) -> ServiceError {
    let headers = headers.to_vec();
    let server = Server::start(move |_| {
        let reply = Reply::json(status, body.clone());
        headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    })
    .await;
    let error = publicly(&client(&server)).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    let posts = server.lines().into_iter().filter(|line| line.starts_with("POST"));
    assert_eq!(posts.collect::<Vec<_>>(), [format!("POST {NOTES}")], "sent once");
    error
}

#[tokio::test]
async fn a_note_carries_its_mark_hidden() {
    let server = Server::start(|_| Reply::json(201, note(1244, ME, 4, "Hi"))).await;
    let proof = publicly(&client(&server)).publish(&target(), "**Hi**", &mark("1")).await.unwrap();
    assert_eq!(proof.id, "1244");
    assert_eq!(proof.url.unwrap(), format!("{}/harbor/tidepool/-/issues/23#note_1244", server.base));
    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.line(), asked.header("authorization")),
        (format!("POST {NOTES}"), &*format!("Bearer {TOKEN}"))
    );
    assert_eq!(asked.json(), json!({"body": format!("**Hi**\n\n<!-- {} -->", mark("1"))}));
    publicly(&client(&server)).publish(&merge_request(), "Hi", &mark("1")).await.unwrap();
    assert_eq!(server.lines()[1], "POST /api/v4/projects/7/merge_requests/4/notes");
}

/// What is posted for an answer among the staff on `target`, when the issue is `confidential` or not.
async fn internally(target: &Target, confidential: bool) -> Result<(Value, Vec<String>), ServiceError> {
    let server = Server::start(move |asked| match asked.method.as_str() {
        "POST" => Reply::json(201, note(9, ME, 4, "Hi")),
        _ => Reply::json(200, json!({"state": "opened", "confidential": confidential})),
    })
    .await;
    let gitlab = client(&server);
    let notes: &dyn InternalNotes = publicly(&gitlab).internal_notes().unwrap();
    let published = notes.publish(target, "Hi", &mark("1")).await;
    let lines = server.lines();
    published.map(|_| (server.asked().last().unwrap().json()["internal"].clone(), lines))
}

#[tokio::test]
async fn an_internal_note_is_answered_by_an_internal_note_wherever_it_stands() {
    for confidential in [false, true] {
        let (internal, lines) = internally(&issue(true), confidential).await.unwrap();
        assert_eq!((internal, lines), (json!(true), vec![format!("POST {NOTES}")]));
    }
}

#[tokio::test]
async fn a_confidential_issue_is_answered_in_it_where_its_author_sees_it() {
    let (internal, lines) = internally(&issue(false), true).await.unwrap();
    assert_eq!((internal, lines), (Value::Null, vec![format!("GET {ISSUE}"), format!("POST {NOTES}")]));
}

#[tokio::test]
async fn an_issue_that_is_confidential_no_more_is_answered_among_the_staff() {
    assert_eq!(internally(&issue(false), false).await.unwrap().0, json!(true));
}

#[tokio::test]
async fn an_internal_note_on_a_merge_request_is_answered_by_one() {
    let (internal, lines) = internally(&merge_request(), false).await.unwrap();
    let posted = "POST /api/v4/projects/7/merge_requests/4/notes".to_owned();
    assert_eq!((internal, lines), (json!(true), vec![posted]));
}

/// Merge request 4 or issue 23, for the answer to a note in a discussion.
fn discussed(target: Target) -> Target {
    let id = Some("6a9c".to_owned());
    match target {
        Target::GitlabIssue { project, path, number, internal, .. } => {
            Target::GitlabIssue { project, path, number, internal, discussion: id }
        }
        Target::GitlabMergeRequest { project, path, number, .. } => {
            Target::GitlabMergeRequest { project, path, number, discussion: id }
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_note_in_a_discussion_is_answered_in_it() {
    let server = Server::start(|_| Reply::json(201, note(1244, ME, 4, "Hi"))).await;
    let client = client(&server);
    for target in [discussed(merge_request()), discussed(target())] {
        let proof = publicly(&client).publish(&target, "Hi", &mark("1")).await.unwrap();
        assert!(proof.url.unwrap().ends_with("#note_1244"));
    }
    let below = "discussions/6a9c/notes";
    assert_eq!(
        server.lines(),
        [format!("POST /api/v4/projects/7/merge_requests/4/{below}"), format!("POST {ISSUE}/{below}")]
    );
}

/// A public discussion takes no internal note: the answer stands beside it then.
#[tokio::test]
async fn an_answer_among_the_staff_stands_in_a_discussion_only_if_that_is_among_the_staff_too() {
    for (first_is_internal, place) in [(true, "discussions/6a9c/notes"), (false, "notes")] {
        let server = Server::start(move |asked| match asked.method.as_str() {
            "POST" => Reply::json(201, note(9, ME, 4, "Hi")),
            _ => {
                let first = with(note(1, "mona", 1, "?"), "internal", json!(first_is_internal));
                Reply::json(200, json!({"id": "6a9c", "notes": [first, note(2, "jonah", 2, "!")]}))
            }
        })
        .await;
        let gitlab = client(&server);
        let notes: &dyn InternalNotes = publicly(&gitlab).internal_notes().unwrap();
        notes.publish(&discussed(issue(true)), "Hi", &mark("1")).await.unwrap();
        assert_eq!(
            server.lines(),
            [format!("GET {ISSUE}/discussions/6a9c"), format!("POST {ISSUE}/{place}")]
        );
        assert_eq!(server.asked()[1].json()["internal"], json!(true));
    }
}

#[tokio::test]
async fn history_of_a_discussion_is_its_own_and_our_answer_is_found_among_all_notes() {
    let ours = marked(9, ME, &mark("1"));
    let all = json!([note(10, "mona", 5, "elsewhere"), ours.clone()]);
    let server = Server::start(move |asked| match asked.line().as_str() {
        "GET /api/v4/user" => me(),
        "GET /api/v4/projects/7/merge_requests/4/notes" => Reply::json(200, all.clone()),
        "GET /api/v4/projects/7/merge_requests/4/discussions/6a9c" => {
            let internal = with(note(2, "jonah", 2, "hidden"), "internal", json!(true));
            Reply::json(
                200,
                json!({"id": "6a9c", "notes": [note(1, "mona", 1, "why?"), internal, ours.clone()]}),
            )
        }
        other => panic!("unexpected {other}"),
    })
    .await;
    let (client, target) = (client(&server), discussed(merge_request()));
    let history = publicly(&client).history(&target, 5).await.unwrap();
    assert_eq!(history.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["why?", "Hello"]);
    assert_eq!(publicly(&client).history(&target, 1).await.unwrap().len(), 1);
    let found = publicly(&client).find(&target, &mark("1"), start()).await.unwrap();
    assert_eq!(found.unwrap().id, "9");
}

#[tokio::test]
async fn a_token_that_can_do_nothing_refuses_the_whole_account() {
    for (status, body, word) in [
        (401, json!({"message": "401 Unauthorized"}), "check GITLAB_TOKEN"),
        (403, json!({"error": "insufficient_scope", "scope": "api"}), "scope `api`"),
    ] {
        let error = failed(status, &[], body).await;
        assert_eq!(error.failure, ServiceFailure::AccountRefused);
        assert!(error.message.contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_rate_limit_throttles_as_long_as_told() {
    let error = failed(429, &[("retry-after", "12")], json!({"message": "429 Too Many Requests"})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(12) });
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_found_by_its_mark_under_our_name_alone() {
    let found = async |notes: Vec<Value>| {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/api/v4/user" => me(),
            _ => Reply::json(200, json!(notes)),
        })
        .await;
        publicly(&client(&server)).find(&target(), &mark("1"), start()).await.unwrap().map(|proof| proof.id)
    };
    assert_eq!(found(vec![note(2, ME, 5, "x"), marked(1, ME, &mark("1"))]).await.as_deref(), Some("1"));
    assert_eq!(found(vec![marked(3, "mallory", &mark("1")), marked(2, ME, &mark("2"))]).await, None);
    let internal = with(marked(4, ME, &mark("1")), "internal", json!(true));
    assert_eq!(found(vec![internal]).await.as_deref(), Some("4"));
}

/// An account may be renamed while the answer to its note is lost.
#[tokio::test]
async fn a_note_of_our_account_is_found_under_its_new_name_and_none_of_another_under_its_old_one() {
    let by =
        |id: u64, name: &str| with(marked(id, ME, &mark("1")), "author", json!({"id": id, "username": name}));
    for (note, is_ours) in [(by(1, "new-name"), true), (by(2, ME), false)] {
        let server = serving(vec![note]).await;
        let client = client(&server);
        let found = publicly(&client).find(&target(), &mark("1"), start()).await.unwrap();
        let history = publicly(&client).history(&target(), 5).await.unwrap();
        assert_eq!((found.is_some(), history[0].ours), (is_ours, is_ours));
    }
}

#[tokio::test]
async fn labels_are_added_in_one_request_and_read_from_the_issue() {
    let server =
        Server::start(|_| Reply::json(200, json!({"state": "opened", "labels": ["bug", "ui"]}))).await;
    let gitlab = client(&server);
    let labels: &dyn Labels = publicly(&gitlab).labels().unwrap();
    assert_eq!(labels.list(&target()).await.unwrap(), ["bug", "ui"]);
    labels.add(&target(), &["bug".to_owned(), "export".to_owned()]).await.unwrap();
    assert_eq!(server.lines(), [format!("GET {ISSUE}"), format!("PUT {ISSUE}")]);
    assert_eq!(server.asked()[1].json(), json!({"add_labels": "bug,export"}));
    let error = labels.add(&target(), &["a,b".to_owned()]).await.unwrap_err();
    assert_eq!((error.failure, server.asked().len()), (ServiceFailure::Refused, 2));
}
