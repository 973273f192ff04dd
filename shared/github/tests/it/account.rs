//! Whose comments are ours: those of the account that GitHub names, whatever people call the agent.

use std::sync::Mutex;
use std::time::Duration;

use axum::Json;
use domain::{Clock, Publisher, ServiceFailure};
use github::{Credentials, Github};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server, comment, paged, problem};
use crate::support::{Hands, TOKEN, config, issue, mark, start, with_app, with_token};

/// What GitHub tells of who we are.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// To `GET /app`.
    app: Option<&'static str>,
    /// To `GET /user`.
    user: Option<&'static str>,
    /// To GraphQL's `viewer`.
    viewer: Option<&'static str>,
}

/// A GitHub that has these comments.
async fn with_comments(comments: Vec<Value>, told: Told) -> Server {
    let refused = || Reply::from(problem(403, &[], "Resource not accessible by integration"));
    Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/app" => {
            told.app.map_or_else(|| problem(401, &[], "no").into(), |slug| Json(json!({"slug": slug})).into())
        }
        "/user" => told.user.map_or_else(refused, |login| Json(json!({"login": login})).into()),
        "/graphql" => {
            assert_eq!(asked.json()["query"], "query{viewer{login}}");
            let viewer = |login| Json(json!({"data": {"viewer": {"login": login}}})).into();
            told.viewer.map_or_else(refused, viewer)
        }
        "/repos/octo/hello/installation" => Json(json!({"id": 99})).into(),
        "/app/installations/99/access_tokens" => {
            Json(json!({"token": "ghs_1", "expires_at": "2026-01-02T04:04:05Z"})).into()
        }
        _ => paged(asked, &comments),
    })
    .await
}

/// A comment of `account` with our mark.
fn marked(id: u64, account: &str) -> Value {
    let mut marked = comment(id, account, &format!("Hello\n\n<!-- {} -->", mark("1")));
    marked["user"]["type"] = if account.ends_with("[bot]") { "Bot" } else { "User" }.into();
    marked
}

/// A GitHub that has created our comment as `account`.
async fn with_comment_by(account: &str, told: Told) -> Server {
    with_comments(vec![comment(1, "mona", "It crashes."), marked(2, account)], told).await
}

/// Whether `github` knows the comment as its own, by the search for it and in the history.
async fn knows(github: &Github) -> (bool, bool) {
    let found = github.find(&issue(), &mark("1"), start()).await.unwrap().is_some();
    let history = github.history(&issue(), 5).await.unwrap();
    (found, history.iter().any(|comment| comment.ours && comment.text == "Hello"))
}

#[tokio::test]
async fn an_app_finds_the_comment_of_its_bot_and_no_person_is_it() {
    let told = Told { app: Some("octo-helper"), ..Told::default() };
    for (account, ours) in [("octo-helper[bot]", true), ("octo-helper", false)] {
        let server = with_comment_by(account, told).await;
        assert_eq!(knows(&with_app(&server, Clock::fixed(start()))).await, (ours, ours), "{account}");
    }
}

#[tokio::test]
async fn the_account_of_a_token_is_the_one_that_github_names() {
    for told in [
        Told { user: Some("octo-ci"), ..Told::default() },
        Told { user: Some("octo-ci"), viewer: Some("somebody"), ..Told::default() },
    ] {
        let server = with_comment_by("octo-ci", told).await;
        assert_eq!(knows(&with_token(&server)).await, (true, true), "{told:?}");
    }
}

/// `GET /user` is closed to it, whatever agent.toml has people call it.
#[tokio::test]
async fn a_token_of_an_installation_is_told_by_another_way_whose_it_is() {
    let told = Told { viewer: Some("github-actions[bot]"), ..Told::default() };
    for (account, ours) in [("github-actions[bot]", true), ("github-actions", false), ("octo[bot]", false)] {
        let server = with_comment_by(account, told).await;
        let github = with_token(&server);
        assert_eq!(knows(&github).await, (ours, ours), "{account}");
        assert_eq!(github.login().await.unwrap(), "github-actions[bot]");
    }
}

/// Not to find a comment that landed is to write it again.
#[tokio::test]
async fn an_account_that_nobody_names_finds_its_comment_under_the_name_of_any_bot() {
    let server = with_comment_by("github-actions[bot]", Told::default()).await;
    let github = with_token(&server);
    assert_eq!(knows(&github).await, (true, false));
    assert_eq!(github.login().await.unwrap_err().failure, ServiceFailure::Refused);
    assert!(github.find(&issue(), &mark("2"), start()).await.unwrap().is_none(), "no comment has that mark");
}

#[tokio::test]
async fn a_person_who_has_our_mark_leaves_it_open_whether_an_unnamed_account_wrote_it() {
    let server = with_comments(vec![marked(1, "mallory")], Told::default()).await;
    let error = with_token(&server).find(&issue(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
    assert!(error.message.contains("by mallory has our mark"), "{error}");
    let server = with_comments(vec![marked(1, "mallory"), marked(2, "octo[bot]")], Told::default()).await;
    let found = with_token(&server).find(&issue(), &mark("1"), start()).await.unwrap();
    assert_eq!(found.unwrap().id, "2");
}

#[tokio::test]
async fn who_we_are_is_asked_again_while_github_is_down() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/user" => problem(403, &[], "Resource not accessible by integration").into(),
        _ => problem(502, &[], "Bad gateway").into(),
    })
    .await;
    let error = with_token(&server).find(&issue(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
}

#[tokio::test]
async fn an_account_that_was_renamed_since_finds_its_comment() {
    let name = Mutex::new(vec!["new-name", "old-name"]);
    let comments = vec![comment(2, "new-name", &format!("Hello\n\n<!-- {} -->", mark("1")))];
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/user" => Json(json!({"login": name.lock().unwrap().pop()})).into(),
        _ => paged(asked, &comments),
    })
    .await;
    let github = with_token(&server);
    assert_eq!(github.login().await.unwrap(), "old-name");
    assert!(github.find(&issue(), &mark("1"), start()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_account_that_is_renamed_during_the_search_finds_its_comment() {
    let name = Mutex::new(vec!["new-name", "old-name"]);
    let comments = vec![marked(2, "new-name")];
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/user" => Json(json!({"login": name.lock().unwrap().pop()})).into(),
        _ => paged(asked, &comments),
    })
    .await;
    assert!(with_token(&server).find(&issue(), &mark("1"), start()).await.unwrap().is_some());
}

/// What it writes under its new name must not become a task, nor somebody else's word.
#[tokio::test]
async fn a_new_name_of_the_account_is_known_after_a_minute() {
    let name = Mutex::new(vec!["new-name", "old-name"]);
    let comments = vec![comment(2, "new-name", &format!("Hello\n\n<!-- {} -->", mark("1")))];
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/user" => Json(json!({"login": name.lock().unwrap().pop()})).into(),
        _ => paged(asked, &comments),
    })
    .await;
    let hands = Hands::default();
    let github = Github::new(Credentials::Token(TOKEN.into()), &config(&server), hands.clock()).unwrap();
    assert_eq!(github.login().await.unwrap(), "old-name");
    hands.advance(Duration::from_secs(59));
    assert_eq!(github.login().await.unwrap(), "old-name");
    hands.advance(Duration::from_secs(1));
    assert!(github.history(&issue(), 1).await.unwrap()[0].ours);
    assert_eq!(github.login().await.unwrap(), "new-name");
}
