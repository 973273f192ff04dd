//! Where the token goes, what errors tell, and which threads are ours.

use domain::{Clock, Publisher, ServiceFailure, Target};
use gitlab::{Config, Gitlab};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{TOKEN, client, mark, me, start, target};

fn publisher(client: &Gitlab) -> &dyn Publisher {
    client
}

#[tokio::test]
async fn a_target_that_is_no_thread_of_ours_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| me()).await;
    let client = client(&server);
    let mut targets = vec![Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 }];
    targets.extend([
        Target::GitlabIssue { project: 0, path: Vec::new(), number: 1, internal: false, discussion: None },
        Target::GitlabMergeRequest { project: 7, path: Vec::new(), number: 0, discussion: None },
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
        Reply::json(302, json!({"message": said})).header("location", &location)
    })
    .await;
    let client = client(&server);
    for error in [
        publisher(&client).publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
        publisher(&client).history(&target(), 5).await.unwrap_err(),
    ] {
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("[redacted]") && error.message.contains("GITLAB_API_URL"), "{error}");
        assert!(!format!("{error} {error:?} {client:?}").contains(TOKEN));
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_token_that_cannot_be_one_names_its_variable() {
    for token in ["", "hunter 2"] {
        let error =
            Gitlab::new(&token.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("GITLAB_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_address_of_the_api_will_do_as_well_as_that_of_the_site() {
    let server = Server::start(|_| me()).await;
    for behind in ["", "/", "/api/v4", "/api/v4/"] {
        let config = Config::at(format!("{}{behind}", server.base));
        let client = Gitlab::new(&TOKEN.into(), &config, Clock::system()).unwrap();
        publisher(&client).login().await.unwrap();
        let link = publisher(&client).link(&target()).unwrap();
        assert_eq!(link, format!("{}/harbor/tidepool/-/issues/23", server.base));
    }
    assert!(server.lines().iter().all(|line| line == "GET /api/v4/user"));
}

#[tokio::test]
async fn a_link_leads_nowhere_else() {
    let server = Server::start(|_| me()).await;
    for path in [&[][..], &["..", ".."], &["a", "", "b"]] {
        let target = Target::GitlabIssue {
            project: 7,
            path: path.iter().map(ToString::to_string).collect(),
            number: 1,
            internal: false,
            discussion: None,
        };
        assert_eq!(publisher(&client(&server)).link(&target), None, "{path:?}");
    }
    for id in ["", "../notes", "6a9c/x", "6a9c?a=b"] {
        let discussion = Some(id.to_owned());
        let target = Target::GitlabMergeRequest { project: 7, path: Vec::new(), number: 1, discussion };
        let refused = publisher(&client(&server)).history(&target, 5).await.unwrap_err();
        assert!(refused.message.contains("hexadecimal"), "{id}: {refused}");
    }
}
