//! Reading the last comments of a thread.

use axum::Json;
use domain::{Publisher, ServiceFailure};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server, comment, paged, problem, user};
use crate::support::{TOKEN, issue, with_token};

const COMMENTS: &str = "/repos/octo/hello/issues/7/comments";

fn thread_of(count: u64) -> Vec<Value> {
    (1..=count).map(|id| comment(id, "mona", &format!("comment {id}"))).collect()
}

async fn serving(comments: Vec<Value>) -> Server {
    Server::start(move |asked: &Asked| if asked.path == "/user" { user() } else { paged(asked, &comments) })
        .await
}

async fn ids_of_last(server: &Server, limit: usize) -> Vec<u64> {
    let comments = with_token(server).history(&issue(), limit).await.unwrap();
    comments.iter().map(|comment| comment.id.parse().unwrap()).collect()
}

fn pages_asked(server: &Server) -> Vec<String> {
    let asked = server.asked().into_iter().filter(|asked| asked.path == COMMENTS);
    asked.map(|asked| asked.query["page"].clone()).collect()
}

#[tokio::test]
async fn a_short_thread_is_read_with_one_request() {
    let server = serving(thread_of(7)).await;
    assert_eq!(ids_of_last(&server, 5).await, [3, 4, 5, 6, 7]);
    assert_eq!(ids_of_last(&server, 50).await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(pages_asked(&server), ["1", "1"]);
}

#[tokio::test]
async fn the_last_of_250_comments_are_on_the_last_page() {
    let server = serving(thread_of(250)).await;
    assert_eq!(ids_of_last(&server, 5).await, [246, 247, 248, 249, 250]);
    assert_eq!(pages_asked(&server), ["1", "3"]);
}

#[tokio::test]
async fn a_last_page_that_is_too_short_is_filled_from_the_one_before() {
    let server = serving(thread_of(201)).await;
    assert_eq!(ids_of_last(&server, 3).await, [199, 200, 201]);
    assert_eq!(pages_asked(&server), ["1", "3", "2"]);
}

#[tokio::test]
async fn first_page_is_not_read_twice() {
    let server = serving(thread_of(102)).await;
    assert_eq!(ids_of_last(&server, 4).await, [99, 100, 101, 102]);
    assert_eq!(ids_of_last(&server, 500).await, (1..=102).collect::<Vec<_>>());
    assert_eq!(pages_asked(&server), ["1", "2", "1", "2"]);
}

#[tokio::test]
async fn our_own_comments_are_recognised_and_lose_their_marker() {
    let marker = "<!-- afterhook:tsk_0123456789ABCDEFGHJKMNPQRS -->";
    let body = format!("Hello\n\n{marker}");
    let server = serving(vec![comment(1, "Afterhook-Agent", &body), comment(2, "mona", &body)]).await;
    let comments = with_token(&server).history(&issue(), 5).await.unwrap();
    assert!(comments[0].ours);
    assert_eq!(comments[0].text, "Hello");
    assert!(!comments[1].ours);
    assert_eq!(comments[1].text, body, "another's text is left as it is");
    assert_eq!(comments[1].at, "2026-01-02T03:00:00Z".parse().unwrap());
}

#[tokio::test]
async fn comments_without_account_or_body_are_read() {
    let bare = json!({"id": 1, "body": null, "user": null, "created_at": "2026-01-02T03:00:00Z"});
    let server = serving(vec![bare]).await;
    let comments = with_token(&server).history(&issue(), 5).await.unwrap();
    assert_eq!((comments[0].author.as_str(), comments[0].text.as_str()), ("ghost", ""));
    assert!(!comments[0].ours);
}

#[tokio::test]
async fn requests_carry_the_headers_that_github_wants() {
    let server = serving(Vec::new()).await;
    with_token(&server).history(&issue(), 1).await.unwrap();
    for asked in server.asked() {
        assert_eq!(asked.header("accept"), "application/vnd.github+json");
        assert_eq!(asked.header("x-github-api-version"), "2022-11-28");
        assert!(asked.header("user-agent").starts_with("afterhook/"));
        assert_eq!(asked.header("authorization"), format!("Bearer {TOKEN}"));
    }
}

#[tokio::test]
async fn nothing_is_asked_for_a_history_of_none() {
    let server = serving(Vec::new()).await;
    assert_eq!(with_token(&server).history(&issue(), 0).await.unwrap(), []);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn login_is_asked_for_once() {
    let server = serving(Vec::new()).await;
    let github = with_token(&server);
    let (one, two) = tokio::join!(github.login(), github.login());
    assert_eq!((one.unwrap(), two.unwrap()), ("afterhook-agent".into(), "afterhook-agent".into()));
    github.history(&issue(), 1).await.unwrap();
    assert_eq!(server.count("GET /user"), 1);
}

#[tokio::test]
async fn a_failed_login_is_tried_again() {
    let failures = std::sync::atomic::AtomicUsize::new(1);
    let server = Server::start(move |_| {
        match failures.fetch_update(
            std::sync::atomic::Ordering::SeqCst,
            std::sync::atomic::Ordering::SeqCst,
            |left| left.checked_sub(1),
        ) {
            Ok(_) => problem(502, &[], "Bad gateway").into(),
            Err(_) => user(),
        }
    })
    .await;
    let github = with_token(&server);
    let error = github.login().await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert_eq!(github.login().await.unwrap(), "afterhook-agent");
}

#[tokio::test]
async fn an_answer_of_another_service_is_no_history() {
    let server = Server::start(|asked: &Asked| -> Reply {
        if asked.path == "/user" { user() } else { Json(json!({"hello": "world"})).into() }
    })
    .await;
    let error = with_token(&server).history(&issue(), 5).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert!(error.message.contains("GITHUB_API_URL"), "{error}");
}
