//! Where credentials go, what errors tell, and what a hostile name can do.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use domain::{Publisher, ServiceFailure, Target};
use serde_json::json;

use crate::github::{Asked, Reply, Server, comment, paged, problem, user};
use crate::support::{TOKEN, config, impatient, issue, mark, start, with_app, with_token};

#[tokio::test]
async fn names_that_would_leave_the_path_are_refused_before_anything_is_sent() {
    let server = Server::start(|_| user()).await;
    let github = with_token(&server);
    for name in ["..", ".", "a/b", "%2e", "%2e%2e", "a%2Fb", "a\\b", "a?x=", "a#", "", "a\r\nHost: x"] {
        for (owner, repo) in [(name, "hello"), ("octo", name)] {
            let target = Target::GithubIssue { owner: owner.into(), repo: repo.into(), number: 7 };
            let refused = |failure| assert_eq!(failure, ServiceFailure::Refused, "{owner}/{repo}");
            refused(github.publish(&target, "Hi", &mark("1")).await.unwrap_err().failure);
            refused(github.history(&target, 5).await.unwrap_err().failure);
            refused(github.find(&target, &mark("1"), start()).await.unwrap_err().failure);
        }
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let elsewhere = Server::start(|_| user()).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/repos/octo/hello/issues/7/comments", elsewhere.base);
        let server =
            Server::start(move |_| problem(status, &[("location", &location)], "Moved").into()).await;
        let error = with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("GITHUB_API_URL"), "{error}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn pages_are_asked_for_at_the_base_whatever_the_link_header_says() {
    // `paged` links to a host that does not exist: following it would fail.
    let comments: Vec<_> = (1..=250).map(|id| comment(id, "mona", "x")).collect();
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/api/v3/user" => user(),
        "/api/v3/repos/octo/hello/issues/7/comments" => paged(asked, &comments),
        other => problem(404, &[], other).into(),
    })
    .await;
    for base_url in [format!("{}/api/v3", server.base), format!("{}/api/v3/", server.base)] {
        let config = github::Config { base_url, ..config(&server) };
        let credentials = github::Credentials::Token(TOKEN.into());
        let github = github::Github::new(credentials, &config, domain::Clock::fixed(start())).unwrap();
        assert_eq!(github.history(&issue(), 1).await.unwrap()[0].id, "250");
    }
}

#[tokio::test]
async fn a_credential_that_is_echoed_reaches_no_error() {
    let server = Server::start(|asked: &Asked| {
        problem(403, &[], &format!("who is {}?", asked.header("authorization"))).into()
    })
    .await;
    let github = with_token(&server);
    let error = github.publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert!(error.message.contains("[redacted]"), "{error}");
    assert!(!format!("{error} {error:?} {github:?}").contains(TOKEN));

    let app = with_app(&server, domain::Clock::fixed(start()));
    let error = app.login().await.unwrap_err();
    assert!(error.message.contains("[redacted]"), "{error}");
    let sent = server.asked().pop().unwrap().header("authorization").replace("Bearer ", "");
    assert!(!format!("{error} {error:?} {app:?}").contains(&sent));
}

#[tokio::test]
async fn an_unreadable_token_answer_is_not_repeated() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/repos/octo/hello/installation" => Json(json!({"id": 1})).into(),
        _ => Json(json!({"token": ["ghs_not_a_string"], "expires_at": "ghs_no_date"})).into(),
    })
    .await;
    let error = with_app(&server, domain::Clock::fixed(start()))
        .publish(&issue(), "Hi", &mark("1"))
        .await
        .unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert!(!format!("{error:?}").contains("ghs_"), "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let server = Server::start(|asked: &Asked| -> Reply {
        if asked.path == "/user" {
            return user();
        }
        let chunk = Bytes::from(vec![b' '; 1 << 20]);
        let endless = futures::stream::repeat_with(move || Ok::<_, std::convert::Infallible>(chunk.clone()));
        Body::from_stream(endless).into_response().into()
    })
    .await;
    let error = with_token(&server).history(&issue(), 5).await.unwrap_err();
    assert!(error.message.contains("larger than 32 MiB"), "{error}");
}

#[tokio::test]
async fn a_read_ends_in_time_and_may_be_tried_later() {
    let server = Server::start(|_| Reply::Hang).await;
    let github = impatient(&server, Duration::from_millis(200));
    let began = std::time::Instant::now();
    let error = github.history(&issue(), 5).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
