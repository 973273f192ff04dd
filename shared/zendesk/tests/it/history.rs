//! Reading a ticket.

use domain::{Audience, Publisher};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{ME, client, me, page, target};

fn comment(id: u64, author: i64, public: bool, text: &str) -> Value {
    json!({
        "id": id, "type": "Comment", "author_id": author, "public": public,
        "body": format!("**{text}**"), "html_body": format!("<p>{text}</p>"), "plain_body": text,
        "created_at": format!("2026-01-02T03:{id:02}:00Z"),
    })
}

fn with_users(comments: Value, next: Option<&str>) -> Reply {
    let meta = json!({"has_more": next.is_some(), "after_cursor": next});
    let users = json!([{"id": 1, "name": "Mona"}, {"id": ME, "name": "Agent"}]);
    Reply::json(200, json!({"comments": comments, "users": users, "meta": meta}))
}

#[tokio::test]
async fn the_last_public_comments_come_oldest_first_with_their_authors() {
    let server = Server::start(|asked| match (asked.path.as_str(), asked.param("page[after]")) {
        ("/api/v2/users/me.json", _) => me(),
        (_, "") => with_users(
            json!([
                comment(5, 2, true, "five"),
                comment(4, ME, true, "four"),
                comment(3, ME, false, "internal")
            ]),
            Some("next"),
        ),
        _ => with_users(json!([comment(2, 1, true, "two"), comment(1, 1, true, "one")]), None),
    })
    .await;
    let comments = client(&server).history(&target(), 3).await.unwrap();
    let seen: Vec<_> = comments.iter().map(|c| (c.author.as_str(), c.ours, c.text.as_str())).collect();
    assert_eq!(seen, [("Mona", false, "two"), ("Agent", true, "four"), ("2", false, "five")]);
    let asked = server.asked();
    assert_eq!(asked[1].path, "/api/v2/tickets/7/comments.json");
    assert_eq!((asked[1].param("sort"), asked[1].param("include")), ("-created_at", "users"));
}

#[tokio::test]
async fn no_more_pages_are_read_than_needed() {
    let server = Server::start(|asked| {
        let all = json!([comment(5, 1, true, "five"), comment(4, 1, true, "four")]);
        if asked.path.ends_with("me.json") { me() } else { with_users(all, Some("next")) }
    })
    .await;
    assert_eq!(client(&server).history(&target(), 1).await.unwrap()[0].text, "five");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn the_last_comments_are_found_whatever_the_order() {
    let server = Server::start(|asked| match (asked.path.as_str(), asked.param("page[after]")) {
        ("/api/v2/users/me.json", _) => me(),
        (_, "") => with_users(json!([comment(1, 1, true, "one"), comment(2, 1, true, "two")]), Some("next")),
        _ => with_users(json!([comment(3, 1, true, "three")]), None),
    })
    .await;
    let comments = client(&server).history(&target(), 2).await.unwrap();
    assert_eq!(comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["two", "three"]);
}

#[tokio::test]
async fn our_user_is_asked_once_and_nobody_is_refused() {
    let server =
        Server::start(
            |asked| {
                if asked.path.ends_with("me.json") { me() } else { page("comments", json!([]), None) }
            },
        )
        .await;
    let zendesk = client(&server);
    assert_eq!(zendesk.login().await.unwrap(), "35436");
    assert!(zendesk.history(&target(), 3).await.unwrap().is_empty());
    assert_eq!(server.lines(), ["GET /api/v2/users/me.json", "GET /api/v2/tickets/7/comments.json"]);

    let anonymous =
        Server::start(|_| Reply::json(200, json!({"user": {"id": null, "name": "Anonymous user"}}))).await;
    let error = client(&anonymous).login().await.unwrap_err();
    assert!(error.message.contains("ZENDESK_API_TOKEN"), "{error}");
}

#[tokio::test]
async fn the_staff_reads_its_notes_and_who_sees_a_comment_is_told() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/api/v2/users/me.json" => me(),
        _ => with_users(json!([comment(3, ME, false, "internal"), comment(2, 1, true, "two")]), None),
    })
    .await;
    let zendesk = client(&server);
    let notes = zendesk.internal_notes().unwrap();
    let texts: Vec<_> = notes.history(&target(), 5).await.unwrap().into_iter().map(|c| c.text).collect();
    assert_eq!(texts, ["two", "internal"]);
    for (id, expected) in
        [("3", Some(Audience::Internal)), ("2", Some(Audience::Public)), ("9", None), ("x", None)]
    {
        assert_eq!(notes.audience(&target(), id).await.unwrap(), expected, "{id}");
    }
}
