//! Finding our own comment again.

use domain::{Publisher, ServiceFailure};
use serde_json::Value;

use crate::github::{Asked, Server, comment, paged, user};
use crate::support::{issue, mark, start, with_token};

async fn serving(comments: Vec<Value>) -> Server {
    Server::start(move |asked: &Asked| if asked.path == "/user" { user() } else { paged(asked, &comments) })
        .await
}

fn marked(id: u64, author: &str, identity: &str) -> Value {
    comment(id, author, &format!("Hello\n\n<!-- {} -->", mark(identity)))
}

async fn found_id(server: &Server) -> Option<String> {
    let proof = with_token(server).find(&issue(), &mark("1"), start()).await.unwrap();
    proof.map(|proof| proof.id)
}

#[tokio::test]
async fn our_comment_is_found_by_its_mark() {
    let server = serving(vec![marked(1, "afterhook-agent", "2"), marked(2, "AfterHook-Agent", "1")]).await;
    let proof = with_token(&server).find(&issue(), &mark("1"), start()).await.unwrap().unwrap();
    assert_eq!(proof.id, "2");
    assert_eq!(proof.url.unwrap(), "https://github.com/octo/hello/issues/7#issuecomment-2");
}

#[tokio::test]
async fn a_mark_pasted_by_somebody_else_proves_nothing() {
    let server = serving(vec![marked(1, "mallory", "1"), marked(2, "afterhook-agent-", "1")]).await;
    assert_eq!(found_id(&server).await, None);
}

#[tokio::test]
async fn a_mark_quoted_within_a_line_proves_nothing() {
    let quoted = format!("> <!-- {} -->", mark("1"));
    let server = serving(vec![comment(1, "afterhook-agent", &quoted)]).await;
    assert_eq!(found_id(&server).await, None);
}

#[tokio::test]
async fn every_page_is_looked_through_from_before_the_time_asked_for() {
    let mut comments: Vec<Value> = (1..=249).map(|id| comment(id, "mona", "x")).collect();
    comments.push(marked(250, "afterhook-agent", "1"));
    let server = serving(comments).await;
    assert_eq!(found_id(&server).await.as_deref(), Some("250"));
    let pages: Vec<Asked> = server.asked().into_iter().filter(|asked| asked.path != "/user").collect();
    assert_eq!(pages.iter().map(|asked| asked.query["page"].as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(pages.iter().all(|asked| asked.query["since"] == "2026-01-02T02:59:05Z"));
}

#[tokio::test]
async fn a_search_that_was_cut_short_is_not_taken_for_an_absence() {
    let comments = (1..=3_001).map(|id| comment(id, "mona", "x")).collect();
    let server = serving(comments).await;
    let error = with_token(&server).find(&issue(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert_eq!(server.asked().len(), 31);
}
