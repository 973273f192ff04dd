//! Reading an issue.

use domain::{Audience, Publisher};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{ME, client, comment, serving, target};

#[tokio::test]
async fn the_last_comments_come_oldest_first_with_their_authors() {
    let server = serving(vec![
        comment(5, "mona", 5, "five"),
        comment(4, ME, 4, "four"),
        comment(3, "hubot", 3, "three"),
        comment(2, "mona", 2, "two"),
    ])
    .await;
    let comments = client(&server).history(&target(), 3).await.unwrap();
    let seen: Vec<_> = comments.iter().map(|c| (c.id.as_str(), c.ours, c.text.as_str())).collect();
    assert_eq!(seen, [("3", false, "three"), ("4", true, "four"), ("5", false, "five")]);
    assert_eq!(comments[0].author, "Name of hubot");
    assert_eq!(comments[0].at.to_string(), "2026-01-02T03:03:00Z");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn what_not_everybody_may_read_is_left_out() {
    let mut restricted = comment(3, "mona", 3, "secret");
    restricted["visibility"] = json!({"type": "role", "value": "Administrators"});
    let mut internal = comment(2, "mona", 2, "internal");
    internal["jsdPublic"] = json!(false);
    let mut anonymous = comment(1, "x", 1, "public");
    anonymous["author"] = json!(null);
    let server = serving(vec![restricted, internal, anonymous]).await;
    let comments = client(&server).history(&target(), 5).await.unwrap();
    assert_eq!(comments.len(), 1);
    assert_eq!((comments[0].text.as_str(), comments[0].author.as_str()), ("public", "anonymous"));
}

#[tokio::test]
async fn who_we_are_is_asked_once() {
    let server = serving(Vec::new()).await;
    let jira = client(&server);
    assert_eq!(jira.login().await.unwrap(), ME);
    assert!(jira.history(&target(), 5).await.unwrap().is_empty());
    assert!(jira.history(&target(), 0).await.unwrap().is_empty());
    assert_eq!(server.lines(), ["GET /rest/api/3/myself", "GET /rest/api/3/issue/OPS-7/comment"]);
}

/// A comment that `jsdPublic` calls public, and its property internal.
fn falsely_public(id: u64) -> serde_json::Value {
    let mut comment = comment(id, "mona", id, "note");
    comment["properties"] = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
    comment
}

#[tokio::test]
async fn a_note_that_is_called_public_by_mistake_is_known_by_its_property() {
    let server = serving(vec![falsely_public(2), comment(1, "mona", 1, "public")]).await;
    let jira = client(&server);
    let texts = |comments: Vec<domain::Comment>| comments.into_iter().map(|c| c.text).collect::<Vec<_>>();
    assert_eq!(texts(jira.history(&target(), 5).await.unwrap()), ["public"]);
    let notes = jira.internal_notes().unwrap();
    assert_eq!(texts(notes.history(&target(), 5).await.unwrap()), ["public", "note"]);
}

#[tokio::test]
async fn the_staff_does_not_read_what_is_for_a_role_alone() {
    let mut restricted = comment(3, "mona", 3, "secret");
    restricted["visibility"] = json!({"type": "role", "value": "Administrators"});
    let server = serving(vec![restricted]).await;
    let jira = client(&server);
    assert!(jira.internal_notes().unwrap().history(&target(), 5).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_sees_a_comment_is_asked_by_its_id() {
    let server = Server::start(|asked| {
        assert_eq!(
            (asked.line().as_str(), asked.param("expand")),
            ("POST /rest/api/3/comment/list", "properties")
        );
        let mut restricted = comment(3, "mona", 3, "secret");
        restricted["visibility"] = json!({"type": "role", "value": "Administrators"});
        let all = [comment(1, "mona", 1, "public"), falsely_public(2), restricted];
        let is_asked = |comment: &&serde_json::Value| {
            asked.json()["ids"][0].as_u64() == comment["id"].as_str().unwrap().parse().ok()
        };
        Reply::json(200, json!({"values": all.iter().filter(is_asked).collect::<Vec<_>>()}))
    })
    .await;
    let jira = client(&server);
    let notes = jira.internal_notes().unwrap();
    for (id, expected) in [
        ("1", Some(Audience::Public)),
        ("2", Some(Audience::Internal)),
        ("3", Some(Audience::Restricted)),
        ("4", None),
    ] {
        assert_eq!(notes.audience(&target(), id).await.unwrap(), expected, "{id}");
    }
}

#[tokio::test]
async fn code_quotes_and_the_targets_of_links_are_kept() {
    let mut rich = comment(1, "mona", 1, "");
    rich["body"]["content"] = json!([
        {"type": "codeBlock", "attrs": {"language": "sh"}, "content": [{"type": "text", "text": "make all"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "see here",
            "marks": [{"type": "link", "attrs": {"href": "https://x.example/log"}}]}]},
    ]);
    let server = serving(vec![rich]).await;
    let text = client(&server).history(&target(), 5).await.unwrap().remove(0).text;
    assert!(text.contains("```sh\nmake all\n```") && text.contains("https://x.example/log"), "{text}");
}
