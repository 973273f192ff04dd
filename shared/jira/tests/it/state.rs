//! Whether an issue is still open.

use domain::{Publisher, ServiceFailure, ThreadState};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{client, mark, myself, target};

#[tokio::test]
async fn an_issue_whose_status_is_of_the_category_done_is_closed() {
    for (category, expected) in [
        ("new", ThreadState::Open),
        ("indeterminate", ThreadState::Open),
        ("undefined", ThreadState::Open),
        ("done", ThreadState::Closed),
    ] {
        let server = Server::start(move |_| {
            let status =
                json!({"name": "Erledigt", "statusCategory": {"id": 3, "key": category, "name": "Fertig"}});
            Reply::json(200, json!({"key": "OPS-7", "fields": {"status": status}}))
        })
        .await;
        assert_eq!(client(&server).state(&target()).await.unwrap(), expected, "{category}");
        let asked = server.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(
            (asked[0].line().as_str(), asked[0].param("fields")),
            ("GET /rest/api/3/issue/OPS-7", "status")
        );
    }
}

#[tokio::test]
async fn an_answer_without_a_status_says_nothing_and_an_issue_that_is_gone_takes_nothing_more() {
    let server = Server::start(|_| Reply::json(200, json!({"key": "OPS-7", "fields": {}}))).await;
    let error = client(&server).state(&target()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    let server = Server::start(|_| Reply::json(410, json!({"errorMessages": ["Issue is gone."]}))).await;
    let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Closed);
}

#[tokio::test]
async fn an_issue_that_is_not_found_is_told_by_whether_our_account_sees_its_project() {
    for (status, expected) in [
        (200, ServiceFailure::Closed),
        (404, ServiceFailure::AccountRefused),
        (503, ServiceFailure::Later { after: None }),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/rest/api/3/myself" => myself(),
            "/rest/api/3/project/OPS" => Reply::json(status, json!({"key": "OPS"})),
            _ => {
                let said = "Issue does not exist or you do not have permission to see it.";
                Reply::json(404, json!({"errorMessages": [said], "errors": {}}))
            }
        })
        .await;
        let jira = client(&server);
        for error in [
            jira.state(&target()).await.unwrap_err(),
            Publisher::history(&jira, &target(), 5).await.unwrap_err(),
            Publisher::publish(&jira, &target(), "Hi", &mark("1")).await.unwrap_err(),
        ] {
            assert_eq!(error.failure, expected, "{error}");
        }
    }
}
