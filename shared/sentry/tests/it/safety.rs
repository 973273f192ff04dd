//! Where the token goes, what errors tell, and which threads are ours.

use domain::{Clock, Publisher, ServiceFailure, Target};
use outbound::Commenter;
use outbound::scripted::{Reply, Server};
use sentry::{Config, Sentry};
use serde_json::json;

use crate::support::{TOKEN, client, mark, me, start, target};

fn publisher(client: &Commenter<Sentry>) -> &dyn Publisher {
    client
}

#[tokio::test]
async fn a_target_that_is_no_thread_of_ours_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| me()).await;
    let client = client(&server);
    let mut targets = vec![Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 }];
    targets.extend([
        Target::SentryIssue { organization: String::new(), id: 7 },
        Target::SentryIssue { organization: "..".into(), id: 7 },
        Target::SentryIssue { organization: "a/b".into(), id: 7 },
        Target::SentryIssue { organization: "harbor".into(), id: 0 },
    ]);
    for target in targets {
        for failure in [
            publisher(&client).publish(&target, "Hi", &mark("1")).await.unwrap_err().failure,
            publisher(&client).history(&target, 5).await.unwrap_err().failure,
            publisher(&client).state(&target).await.unwrap_err().failure,
            publisher(&client).find(&target, &mark("1"), start()).await.unwrap_err().failure,
        ] {
            assert_eq!(failure, ServiceFailure::Refused, "{target:?}");
        }
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_and_reaches_no_error() {
    let elsewhere = Server::start(|_| me()).await;
    let location = format!("{}/elsewhere", elsewhere.base);
    let server = Server::start(move |asked| {
        let said = format!("who is {}?", asked.header("authorization"));
        Reply::json(302, json!({"detail": said})).header("location", &location)
    })
    .await;
    let client = client(&server);
    for error in [
        publisher(&client).publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
        publisher(&client).history(&target(), 5).await.unwrap_err(),
    ] {
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("[redacted]") && error.message.contains("SENTRY_API_URL"), "{error}");
        assert!(!format!("{error} {error:?} {client:?}").contains(TOKEN));
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_token_that_cannot_be_one_names_its_variable() {
    for token in ["", "hunter 2"] {
        let error =
            Sentry::new(&token.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("SENTRY_AUTH_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}
