//! Finding our own comment again.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Publisher, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{ME, client, comment, mark, marked, myself, paged, serving, start, target};

async fn found(comments: Vec<Value>) -> Option<String> {
    let server = serving(comments).await;
    client(&server).find(&target(), &mark("1"), start()).await.unwrap().map(|proof| proof.id)
}

fn silent(mut comment: Value) -> Value {
    comment.as_object_mut().unwrap().remove("properties");
    comment
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found_by_its_property() {
    let written = AtomicBool::new(false);
    let server = Server::start(move |asked| match asked.method.as_str() {
        "POST" => {
            written.store(true, Ordering::SeqCst);
            Reply::json(504, json!({}))
        }
        _ if asked.path.ends_with("myself") => myself(),
        _ if written.load(Ordering::SeqCst) => paged(asked, &[marked(10042, ME, &mark("1"))]),
        _ => paged(asked, &[]),
    })
    .await;
    let jira = client(&server);
    assert_eq!(jira.find(&target(), &mark("1"), start()).await.unwrap(), None);
    let error = jira.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert!(error.failure.is_in_doubt());
    let proof = jira.find(&target(), &mark("1"), start()).await.unwrap().unwrap();
    assert_eq!(proof.id, "10042");
    assert!(proof.url.unwrap().ends_with("/browse/OPS-7?focusedCommentId=10042"));
}

#[tokio::test]
async fn a_property_by_another_account_task_or_effect_proves_nothing() {
    assert_eq!(found(vec![marked(1, "mallory", &mark("1"))]).await, None);
    let label = domain::Mark { effect: "label".into(), ..mark("1") };
    assert_eq!(found(vec![marked(2, ME, &mark("2")), marked(1, ME, &label)]).await, None);
}

#[tokio::test]
async fn pages_are_looked_through_back_to_before_the_time_asked_for() {
    let mut comments: Vec<Value> = (2..=6).rev().map(|id| comment(id, "mona", 5, "x")).collect();
    comments.push(marked(1, ME, &mark("1")));
    assert_eq!(found(comments).await.as_deref(), Some("1"));

    let old: Vec<Value> =
        (1..=9).rev().map(|id| if id > 7 { comment(id, "mona", 5, "x") } else { old_comment(id) }).collect();
    let server = serving(old).await;
    assert_eq!(client(&server).find(&target(), &mark("1"), start()).await.unwrap(), None);
    assert_eq!(server.asked().len(), 3, "nothing behind the first old comment is asked for");
}

fn old_comment(id: u64) -> Value {
    let mut old = marked(id, ME, &mark("1"));
    old["created"] = json!("2026-01-02T02:59:04.999+0000");
    old
}

#[tokio::test]
async fn comments_without_their_properties_are_asked_for_them() {
    let server = Server::start(|asked| match asked.line().as_str() {
        "GET /rest/api/3/myself" => myself(),
        "POST /rest/api/3/comment/list" => {
            assert_eq!(asked.param("expand"), "properties");
            assert_eq!(asked.json(), json!({"ids": [3, 2]}));
            Reply::json(200, json!({"values": [silent(comment(3, ME, 5, "x")), marked(2, ME, &mark("1"))]}))
        }
        _ => {
            let all = [comment(3, ME, 5, "x"), comment(2, ME, 5, "x")].map(silent);
            Reply::json(200, json!({"startAt": 0, "total": 2, "comments": all}))
        }
    })
    .await;
    let proof = client(&server).find(&target(), &mark("1"), start()).await.unwrap().unwrap();
    assert_eq!(proof.id, "2");
}

#[tokio::test]
async fn a_search_that_was_cut_short_is_not_taken_for_an_absence() {
    let server = serving((1..=100).rev().map(|id| comment(id, "mona", 5, "x")).collect()).await;
    let error = client(&server).find(&target(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert_eq!(server.asked().len(), 31);
}
