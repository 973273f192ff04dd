//! Threads of reviews: a comment is answered where it stands.

use axum::Json;
use axum::http::StatusCode;
use domain::{Publisher, Target};
use serde_json::{Value, json};

use crate::github::{Asked, Server, comment, paged, user};
use crate::support::{mark, start, with_token};

const ROOT: u64 = 10;

fn thread() -> Target {
    Target::GithubReview { owner: "octo".into(), repo: "hello".into(), number: 8, comment: ROOT }
}

fn said(id: u64, in_reply_to: Option<u64>, author: &str, body: &str) -> Value {
    let mut comment = comment(id, author, body);
    comment["in_reply_to_id"] = json!(in_reply_to);
    comment
}

async fn serving(comments: Vec<Value>) -> Server {
    Server::start(move |asked: &Asked| match asked.line().as_str() {
        "GET /user" => user(),
        "GET /repos/octo/hello/pulls/8/comments" => paged(asked, &comments),
        "POST /repos/octo/hello/pulls/8/comments/10/replies" => {
            (StatusCode::CREATED, Json(said(42, Some(ROOT), "afterhook-agent", ""))).into()
        }
        line => panic!("unexpected {line}"),
    })
    .await
}

#[tokio::test]
async fn the_history_is_that_of_the_one_thread() {
    let server = serving(vec![
        said(9, None, "mona", "elsewhere"),
        said(ROOT, None, "mona", "Why here?"),
        said(11, Some(9), "jonah", "elsewhere, too"),
        said(12, Some(ROOT), "afterhook-agent", "Because."),
    ])
    .await;
    let history = with_token(&server).history(&thread(), 5).await.unwrap();
    let seen: Vec<_> = history.iter().map(|c| (c.text.as_str(), c.ours)).collect();
    assert_eq!(seen, [("Why here?", false), ("Because.", true)]);
}

#[tokio::test]
async fn an_answer_is_a_reply_to_the_comment_that_the_thread_began_with() {
    let server = serving(Vec::new()).await;
    let proof = with_token(&server).publish(&thread(), "Hi", &mark("1")).await.unwrap();
    assert_eq!(proof.id, "42");
    assert_eq!(server.lines(), ["POST /repos/octo/hello/pulls/8/comments/10/replies"]);
    assert_eq!(server.asked()[0].json(), json!({"body": format!("Hi\n\n<!-- {} -->", mark("1"))}));
}

#[tokio::test]
async fn our_reply_is_found_in_its_thread_alone() {
    let ours = format!("Hi\n\n<!-- {} -->", mark("1"));
    for (root, found) in [(ROOT, true), (9, false)] {
        let server = serving(vec![said(42, Some(root), "afterhook-agent", &ours)]).await;
        let proof = with_token(&server).find(&thread(), &mark("1"), start()).await.unwrap();
        assert_eq!(proof.is_some(), found, "{root}");
    }
}
