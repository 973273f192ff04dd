//! The stand-in as our own client sees it.

use domain::{Clock, Publisher, ServiceFailure, Target, ThreadState};
use linear::Config;

use super::{Linear, LinearStandin};
use crate::kit::testing::{keeps_notes, mark, serve};

const ISSUE: &str = "539068e2-ae88-4d09-bd75-22eb4a59612f";

fn target() -> Target {
    Target::LinearIssue { id: ISSUE.to_owned(), parent: None }
}

fn client(config: &Config) -> impl Publisher + use<> {
    linear::Linear::new(&"lin_api_t".into(), config, Clock::system()).unwrap()
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    keeps_notes::<Linear, _>(ISSUE, |_| target(), ThreadState::Closed, client).await;
}

#[tokio::test]
async fn a_thread_hangs_on_a_comment_of_the_issue_and_on_no_reply() {
    let standin = LinearStandin::new();
    serve(&standin, async |base| {
        let client = client(&Config::at(base));
        let below =
            |parent: &str| Target::LinearIssue { id: ISSUE.to_owned(), parent: Some(parent.to_owned()) };
        let top = client.publish(&target(), "Hi", &mark(1)).await.unwrap();
        let reply = client.publish(&below(&top.id), "Hi again", &mark(2)).await.unwrap();
        let history = client.history(&below(&top.id), 5).await.unwrap();
        assert_eq!(history.iter().map(|it| &it.id).collect::<Vec<_>>(), [&top.id, &reply.id]);
        let error = client.publish(&below(&reply.id), "Hi", &mark(3)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused, "{error}");
    })
    .await;
    assert_eq!(standin.notes(ISSUE).len(), 2);
}

#[tokio::test]
async fn one_mark_makes_one_comment_and_an_archived_issue_takes_none() {
    let standin = LinearStandin::new();
    serve(&standin, async |base| {
        let client = client(&Config::at(base));
        let first = client.publish(&target(), "Hi", &mark(1)).await.unwrap();
        assert_eq!(client.publish(&target(), "Hi again", &mark(1)).await.unwrap(), first);
        standin.set_state(ISSUE, ThreadState::Locked);
        assert_eq!(client.state(&target()).await.unwrap(), ThreadState::Locked);
        let error = client.publish(&target(), "Hi", &mark(2)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::PlaceRefused, "{error}");
    })
    .await;
    assert_eq!(standin.notes(ISSUE).len(), 1);
}
