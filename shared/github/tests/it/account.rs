//! Whose comments are ours: those of the account that GitHub names, whatever people call the agent.

use std::sync::Mutex;
use std::time::Duration;

use axum::Json;
use domain::{Clock, Publisher};
use github::{Credentials, Github};
use serde_json::{Value, json};

use crate::github::{Asked, Server, comment, paged, problem};
use crate::support::{Hands, TOKEN, app_called, config, issue, mark, start, token_called, with_token};

/// A GitHub that has created our comment as `account`, and says what `GET /app` and `GET /user` answer.
async fn with_comment_by(account: &str, app: Option<&'static str>, user: Option<&'static str>) -> Server {
    let ours = comment(2, account, &format!("Hello\n\n<!-- {} -->", mark("1")));
    let comments: Vec<Value> = vec![comment(1, "mona", "It crashes."), ours];
    Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/app" => {
            app.map_or_else(|| problem(401, &[], "no").into(), |slug| Json(json!({"slug": slug})).into())
        }
        "/user" => {
            let refused = || problem(403, &[], "Resource not accessible by integration").into();
            user.map_or_else(refused, |login| Json(json!({"login": login})).into())
        }
        "/repos/octo/hello/installation" => Json(json!({"id": 99})).into(),
        "/app/installations/99/access_tokens" => {
            Json(json!({"token": "ghs_1", "expires_at": "2026-01-02T04:04:05Z"})).into()
        }
        _ => paged(asked, &comments),
    })
    .await
}

/// Whether `github` knows the comment as its own, by the search for it and in the history.
async fn knows(github: &Github) -> (bool, bool) {
    let found = github.find(&issue(), &mark("1"), start()).await.unwrap().is_some();
    let history = github.history(&issue(), 5).await.unwrap();
    (found, history.iter().any(|comment| comment.ours && comment.text == "Hello"))
}

#[tokio::test]
async fn an_app_that_people_call_by_its_name_finds_the_comment_of_its_bot() {
    let server = with_comment_by("octo-helper[bot]", Some("octo-helper"), None).await;
    for login in [None, Some("octo-helper"), Some("octo-helper[bot]"), Some("renamed-since")] {
        assert_eq!(
            knows(&app_called(&server, Clock::fixed(start()), login)).await,
            (true, true),
            "{login:?}"
        );
    }
}

#[tokio::test]
async fn a_person_who_is_called_like_the_app_is_not_it() {
    let server = with_comment_by("octo-helper", Some("octo-helper"), None).await;
    let github = app_called(&server, Clock::fixed(start()), Some("octo-helper"));
    assert_eq!(knows(&github).await, (false, false));
}

#[tokio::test]
async fn the_account_of_a_token_is_the_one_that_github_names() {
    let server = with_comment_by("octo-ci", None, Some("octo-ci")).await;
    assert_eq!(knows(&token_called(&server, "octo-helper")).await, (true, true));
}

#[tokio::test]
async fn a_token_that_may_not_ask_belongs_to_the_bot_that_is_configured() {
    let server = with_comment_by("github-actions[bot]", None, None).await;
    for login in ["github-actions", "github-actions[bot]"] {
        assert_eq!(knows(&token_called(&server, login)).await, (true, true), "{login}");
    }
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
