//! Reading issues and merge requests: their notes, and whether they go on.

use domain::{Audience, InternalNotes, Publisher, ServiceFailure, ThreadState};
use outbound::Commenter;
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{ME, NOTES, client, issue, mark, marked, merge_request, note, serving, target, with};

fn publicly(client: &Commenter<gitlab::Gitlab>) -> &dyn Publisher {
    client
}

fn staff(client: &Commenter<gitlab::Gitlab>) -> &dyn InternalNotes {
    client
}

#[tokio::test]
async fn the_last_notes_come_oldest_first_with_their_authors_and_without_our_marks() {
    let server = serving(vec![
        note(5, "mona", 5, "five"),
        marked(4, ME, &mark("1")),
        with(note(9, "mona", 4, "changed the description"), "system", json!(true)),
        note(3, "hubot", 3, "three"),
        note(2, "mona", 2, "two"),
    ])
    .await;
    let notes = publicly(&client(&server)).history(&target(), 3).await.unwrap();
    let seen: Vec<_> = notes.iter().map(|c| (c.id.as_str(), c.ours, c.text.as_str())).collect();
    assert_eq!(seen, [("3", false, "three"), ("4", true, "Hello"), ("5", false, "five")]);
    assert_eq!((notes[0].author.as_str(), notes[0].at.to_string()), ("hubot", "2026-01-02T03:03:00Z".into()));
}

#[tokio::test]
async fn what_the_staff_alone_can_read_is_left_out_of_a_public_answer() {
    let server = serving(vec![
        with(note(3, "mona", 3, "internal"), "internal", json!(true)),
        with(note(2, "mona", 2, "old name"), "confidential", json!(true)),
        with(note(1, "mona", 1, "public"), "author", Value::Null),
    ])
    .await;
    let gitlab = client(&server);
    let notes = publicly(&gitlab).history(&target(), 9).await.unwrap();
    assert_eq!((notes.len(), notes[0].text.as_str(), notes[0].author.as_str()), (1, "public", "ghost"));
    assert_eq!(staff(&gitlab).history(&issue(true), 9).await.unwrap().len(), 3);
}

/// The answer to a plain note is a plain note if the issue is confidential: its author reads it, who may be a guest.
#[tokio::test]
async fn an_answer_that_the_author_of_a_confidential_issue_reads_knows_no_internal_note() {
    let server = serving(vec![
        with(note(3, "kim", 3, "do not refund"), "internal", json!(true)),
        with(note(2, "kim", 2, "old name"), "confidential", json!(true)),
        note(1, "guest", 1, "when do I get my refund?"),
    ])
    .await;
    let notes = staff(&client(&server)).history(&target(), 9).await.unwrap();
    let seen: Vec<_> = notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(seen, ["when do I get my refund?"]);
}

#[tokio::test]
async fn who_can_see_a_note_is_asked_of_the_note_and_its_issue() {
    for (internal, confidential, expected) in [
        (false, false, Audience::Public),
        (true, false, Audience::Internal),
        (false, true, Audience::Internal),
    ] {
        let server = Server::start(move |asked| match asked.line() {
            line if line == format!("GET {NOTES}/9") => {
                Reply::json(200, with(note(9, "mona", 4, "x"), "internal", json!(internal)))
            }
            _ => Reply::json(200, json!({"state": "opened", "confidential": confidential})),
        })
        .await;
        let audience = staff(&client(&server)).audience(&target(), "9").await.unwrap();
        assert_eq!(audience, Some(expected), "{internal} {confidential}");
    }
    let gone = Server::start(|_| Reply::json(404, json!({"message": "404 Note Not Found"}))).await;
    assert_eq!(staff(&client(&gone)).audience(&target(), "9").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_closed_or_merged_takes_notes_and_a_locked_discussion_takes_none() {
    for (answer, expected) in [
        (json!({"state": "opened", "discussion_locked": null}), ThreadState::Open),
        (json!({"state": "closed"}), ThreadState::Closed),
        (json!({"state": "merged"}), ThreadState::Closed),
        (json!({"state": "opened", "discussion_locked": true}), ThreadState::Locked),
        (json!({"state": "closed", "discussion_locked": true}), ThreadState::Locked),
    ] {
        let server = Server::start(move |_| Reply::json(200, answer.clone())).await;
        assert_eq!(publicly(&client(&server)).state(&merge_request()).await.unwrap(), expected);
        assert_eq!(server.lines(), ["GET /api/v4/projects/7", "GET /api/v4/projects/7/merge_requests/4"]);
    }
}

#[tokio::test]
async fn an_open_issue_of_an_archived_project_takes_no_notes() {
    let server = Server::start(|_| Reply::json(200, json!({"state": "opened", "archived": true}))).await;
    assert_eq!(publicly(&client(&server)).state(&target()).await.unwrap(), ThreadState::Locked);
    assert_eq!(server.lines(), ["GET /api/v4/projects/7"]);
}

#[tokio::test]
async fn a_refusal_is_told_by_what_the_project_is() {
    for (archived, expected, word) in
        [(true, ServiceFailure::Closed, "archived"), (false, ServiceFailure::AccountRefused, "role Reporter")]
    {
        let server = Server::start(move |asked| match asked.method.as_str() {
            "GET" => Reply::json(200, json!({"id": 7, "archived": archived})),
            _ => Reply::json(403, json!({"message": "403 Forbidden"})),
        })
        .await;
        let gitlab = client(&server);
        let note = publicly(&gitlab).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
        let labels =
            publicly(&gitlab).labels().unwrap().add(&target(), &["bug".to_owned()]).await.unwrap_err();
        for error in [note, labels] {
            assert_eq!(error.failure, expected, "{error}");
            assert!(error.message.contains(word), "{error}");
        }
    }
}

#[tokio::test]
async fn who_we_are_is_asked_once() {
    let server = serving(Vec::new()).await;
    let gitlab = client(&server);
    assert_eq!(publicly(&gitlab).login().await.unwrap(), ME);
    assert!(publicly(&gitlab).history(&target(), 5).await.unwrap().is_empty());
    assert!(publicly(&gitlab).history(&target(), 0).await.unwrap().is_empty());
    assert_eq!(server.lines(), ["GET /api/v4/user".to_owned(), format!("GET {NOTES}")]);
}

#[tokio::test]
async fn what_gitlab_cannot_say_now_is_no_absence() {
    let server = Server::start(|_| Reply::json(500, json!({}))).await;
    let error = staff(&client(&server)).audience(&target(), "9").await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
}

/// What is not found is gone for whoever sees all of the project, and hidden perhaps from whoever does not.
#[tokio::test]
async fn a_404_is_told_by_what_our_account_sees_of_the_project() {
    let role = |level: u64| json!({"permissions": {"project_access": null, "group_access": {"access_level": level}}});
    for (status, project, expected) in [
        (200, role(20), ServiceFailure::Closed),
        (200, role(10), ServiceFailure::PlaceRefused),
        (200, json!({"id": 7}), ServiceFailure::PlaceRefused),
        (404, json!({"message": "404 Project Not Found"}), ServiceFailure::AccountRefused),
        (502, json!({}), ServiceFailure::Later { after: None }),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/api/v4/user" => Reply::json(200, json!({"id": 1, "username": "afterhook"})),
            "/api/v4/projects/7" => Reply::json(status, project.clone()),
            _ => Reply::json(404, json!({"message": "404 Not found"})),
        })
        .await;
        let gitlab = client(&server);
        let gitlab = publicly(&gitlab);
        let labels = gitlab.labels().unwrap();
        for error in [
            gitlab.publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
            gitlab.history(&target(), 5).await.unwrap_err(),
            gitlab.state(&target()).await.unwrap_err(),
            labels.add(&target(), &["bug".to_owned()]).await.unwrap_err(),
        ] {
            assert_eq!(error.failure, expected, "{status} {error}");
        }
    }
}

#[tokio::test]
async fn a_note_that_is_refused_in_a_locked_discussion_is_refused_for_that() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "GET" => Reply::json(200, json!({"state": "opened", "discussion_locked": true})),
        _ => Reply::json(403, json!({"message": "403 Forbidden"})),
    })
    .await;
    let error = publicly(&client(&server)).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Closed, "{error}");
}
