//! Acting as a GitHub App: installations and their tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use domain::{Clock, Publisher, ServiceFailure, Target};
use github::{Config, Credentials, Github};
use outbound::{Fetcher, Reach, Url};
use serde_json::json;

use crate::github::{Asked, Reply, Server, comment, problem};
use crate::support::{Hands, issue, mark, start, with_app};

const INSTALLATION: &str = "GET /repos/octo/hello/installation";
const TOKENS: &str = "POST /app/installations/99/access_tokens";
const POST: &str = "POST /repos/octo/hello/issues/7/comments";

/// A GitHub on which the app is installed. Token n is `ghs_n` and valid for an hour of `clock`.
async fn installed(clock: Clock) -> Server {
    let issued = AtomicUsize::new(0);
    Server::start(move |asked: &Asked| answer(asked, &issued, &clock)).await
}

fn answer(asked: &Asked, issued: &AtomicUsize, clock: &Clock) -> Reply {
    let by_app = asked.header("authorization").starts_with("Bearer eyJ");
    match asked.line().as_str() {
        "GET /app" if by_app => Json(json!({"slug": "afterhook", "id": 4711})).into(),
        "GET /repos/octo/hello/installation" | "GET /repos/Octo/other/installation" if by_app => {
            Json(json!({"id": 99})).into()
        }
        TOKENS if by_app => {
            let n = issued.fetch_add(1, Ordering::SeqCst) + 1;
            let expires_at = clock.now() + Duration::from_secs(3600);
            let token = Json(json!({"token": format!("ghs_{n}"), "expires_at": expires_at}));
            // Slow enough for others to arrive meanwhile.
            Reply::Slow(
                Duration::from_millis(30),
                axum::response::IntoResponse::into_response((StatusCode::CREATED, token)),
            )
        }
        line if line.starts_with("POST /repos/")
            && asked.header("authorization").starts_with("Bearer ghs_") =>
        {
            (StatusCode::CREATED, Json(comment(1, "afterhook[bot]", ""))).into()
        }
        "GET /user-attachments/assets/0b4a" if asked.header("authorization") == "Bearer ghs_1" => {
            Json(json!("bytes")).into()
        }
        line => problem(404, &[], line).into(),
    }
}

/// The attack: a text names a file of another repository, or the file leads elsewhere.
#[tokio::test]
async fn what_is_attached_in_a_repository_is_opened_with_the_token_of_its_installation_alone() {
    let server = installed(Clock::fixed(start())).await;
    let github = Arc::new(with_app(&server, Clock::fixed(start())));
    let fetcher = Fetcher::new(&Reach::public().with_this_machine()).with("127.0.0.1", github);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    let there = server.base.replace("127.0.0.1", "localhost");
    let fetch = async |base: &str, place| {
        let url = Url::parse(&format!("{base}/user-attachments/assets/0b4a")).unwrap();
        fetcher.fetch((url, place), &|_| true, 1_000, deadline).await
    };
    let shown = |server: &Server| server.asked().last().unwrap().header("authorization").to_owned();
    fetch(&server.base, Some("octo/hello")).await.unwrap();
    assert_eq!(shown(&server), "Bearer ghs_1");
    fetch(&server.base, None).await.unwrap_err();
    assert_eq!(shown(&server), "");
    fetch(&there, Some("octo/hello")).await.unwrap_err();
    assert_eq!(shown(&server), "", "another host");
    let refused = fetch(&server.base, Some("octo/../hello")).await.unwrap_err().to_string();
    assert!(refused.contains("belongs to no repository"), "{refused}");
    let elsewhere = fetch(&server.base, Some("stranger/hello")).await.unwrap_err().to_string();
    assert!(!elsewhere.contains("ghs_"), "{elsewhere}");
    assert_eq!(server.lines().iter().filter(|line| line.ends_with("/assets/0b4a")).count(), 3);
}

fn tokens_used(server: &Server) -> Vec<String> {
    let posts = server.asked().into_iter().filter(|asked| asked.path.ends_with("/comments"));
    posts.map(|asked| asked.header("authorization").replace("Bearer ", "")).collect()
}

#[tokio::test]
async fn login_is_the_apps_bot_account() {
    let server = installed(Clock::fixed(start())).await;
    let github = with_app(&server, Clock::fixed(start()));
    assert_eq!(github.login().await.unwrap(), "afterhook[bot]");
    assert_eq!(github.login().await.unwrap(), "afterhook[bot]");
    assert_eq!(server.lines(), ["GET /app"]);
}

#[tokio::test]
async fn one_signature_serves_for_a_minute_and_no_longer() {
    let hands = Hands::default();
    let server = installed(hands.clock()).await;
    let github = with_app(&server, hands.clock());
    github.login().await.unwrap();
    for (minutes, signatures) in [(0, 1), (0, 1), (56, 2)] {
        hands.advance(Duration::from_secs(minutes * 60 + 1));
        github.publish(&issue(), "Hi", &mark("1")).await.unwrap();
        let mut by_app: Vec<String> =
            server.asked().iter().map(|asked| asked.header("authorization").to_owned()).collect();
        by_app.retain(|header| header.starts_with("Bearer eyJ"));
        by_app.dedup();
        assert_eq!(by_app.len(), signatures, "{minutes}");
    }
}

#[tokio::test]
async fn one_token_serves_until_shortly_before_it_expires() {
    let hands = Hands::default();
    let server = installed(hands.clock()).await;
    let github = with_app(&server, hands.clock());
    for minutes in [0, 54, 2, 0] {
        hands.advance(Duration::from_secs(minutes * 60));
        github.publish(&issue(), "Hi", &mark("1")).await.unwrap();
    }
    assert_eq!(tokens_used(&server), ["ghs_1", "ghs_1", "ghs_2", "ghs_2"]);
    assert_eq!(server.count(INSTALLATION), 1, "the installation is looked up once");
}

#[tokio::test]
async fn repositories_of_one_owner_share_a_token() {
    let server = installed(Clock::fixed(start())).await;
    let github = with_app(&server, Clock::fixed(start()));
    let other = Target::GithubIssue { owner: "Octo".into(), repo: "other".into(), number: 1 };
    github.publish(&issue(), "Hi", &mark("1")).await.unwrap();
    github.publish(&other, "Hi", &mark("2")).await.unwrap();
    assert_eq!(server.count(TOKENS), 1);
}

#[tokio::test]
async fn concurrent_callers_share_one_fetch() {
    let server = installed(Clock::fixed(start())).await;
    let github = with_app(&server, Clock::fixed(start()));
    let (issue, mark) = (issue(), mark("1"));
    let publish = || github.publish(&issue, "Hi", &mark);
    let (a, b, c, d) = tokio::join!(publish(), publish(), publish(), publish());
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!((server.count(INSTALLATION), server.count(TOKENS)), (1, 1));
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once() {
    let revoked = Arc::new(AtomicUsize::new(0));
    let (hands, seen) = (Hands::default(), Arc::clone(&revoked));
    let (clock, issued) = (hands.clock(), AtomicUsize::new(0));
    let server = Server::start(move |asked: &Asked| {
        let dead = format!("Bearer ghs_{}", seen.load(Ordering::SeqCst));
        if asked.header("authorization") == dead {
            return problem(401, &[], "Bad credentials").into();
        }
        answer(asked, &issued, &clock)
    })
    .await;
    let github = with_app(&server, hands.clock());
    github.publish(&issue(), "Hi", &mark("1")).await.unwrap();
    revoked.store(1, Ordering::SeqCst);
    github.publish(&issue(), "Hi", &mark("2")).await.unwrap();
    assert_eq!(tokens_used(&server), ["ghs_1", "ghs_1", "ghs_2"]);
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let (hands, issued) = (Hands::default(), AtomicUsize::new(0));
    let clock = hands.clock();
    let server = Server::start(move |asked: &Asked| match asked.line().as_str() {
        POST => problem(401, &[], "Bad credentials").into(),
        _ => answer(asked, &issued, &clock),
    })
    .await;
    let error = with_app(&server, hands.clock()).publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::AccountRefused);
    assert_eq!((server.count(POST), server.count(TOKENS)), (2, 2));
}

#[tokio::test]
async fn an_app_installed_anew_is_found_again() {
    let hands = Hands::default();
    let installation = Arc::new(AtomicUsize::new(99));
    let (current, clock) = (Arc::clone(&installation), hands.clock());
    let server = Server::start(move |asked: &Asked| {
        let id = current.load(Ordering::SeqCst);
        let expires_at = clock.now() + Duration::from_secs(3600);
        match asked.line().as_str() {
            INSTALLATION => Json(json!({"id": id})).into(),
            line if line == format!("POST /app/installations/{id}/access_tokens") => {
                Json(json!({"token": format!("ghs_{id}"), "expires_at": expires_at})).into()
            }
            POST => (StatusCode::CREATED, Json(comment(1, "afterhook[bot]", ""))).into(),
            line => problem(404, &[], line).into(),
        }
    })
    .await;
    let github = with_app(&server, hands.clock());
    github.publish(&issue(), "Hi", &mark("1")).await.unwrap();
    installation.store(100, Ordering::SeqCst);
    hands.advance(Duration::from_secs(3600));
    github.publish(&issue(), "Hi", &mark("2")).await.unwrap();
    assert_eq!(tokens_used(&server), ["ghs_99", "ghs_100"]);
}

#[tokio::test]
async fn a_repository_without_the_app_waits_for_it_and_says_what_to_do() {
    let server = Server::start(|_| problem(404, &[], "Not Found").into()).await;
    let github = with_app(&server, Clock::fixed(start()));
    let error = github.publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::AccountRefused);
    assert!(error.message.contains("install the app"), "{error}");
    assert_eq!(server.lines(), [INSTALLATION]);
}

#[tokio::test]
async fn a_token_that_does_not_come_leaves_nothing_in_doubt() {
    for hanging in [INSTALLATION, TOKENS] {
        let issued = AtomicUsize::new(0);
        let clock = Clock::fixed(start());
        let server = Server::start(move |asked: &Asked| match asked.line().as_str() {
            line if line == hanging => Reply::Hang,
            _ => answer(asked, &issued, &clock),
        })
        .await;
        let config = Config {
            base_url: server.base.clone(),
            timeout: Duration::from_millis(300),
            ..Config::default()
        };
        let credentials = Credentials::App { id: "4711".into(), private_key: crate::support::KEY.into() };
        let github = Github::new(credentials, &config, Clock::fixed(start())).unwrap();
        let error = github.publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Later { after: None }, "{error}");
        assert_eq!(server.count(POST), 0);
    }
}

#[test]
fn an_unusable_app_is_refused_at_construction() {
    let build = |id: &str, key: &str| {
        let credentials = Credentials::App { id: id.into(), private_key: key.into() };
        Github::new(credentials, &Config::default(), Clock::system()).map(drop).unwrap_err()
    };
    let told = |id: &str, key: &str| build(id, key).to_string();
    assert!(told("4711", "no key").starts_with("the GitHub App private key is not a PEM"));
    for id in ["", "47 11"] {
        assert!(told(id, crate::support::KEY).starts_with("the GitHub App id must be"));
    }
}
