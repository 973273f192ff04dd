//! The stand-in as our own client sees it.

use domain::{Clock, Publisher, Target, ThreadState};
use sentry::Config;

use super::{Sentry, SentryStandin};
use crate::kit::testing::{keeps_notes, mark, serve};

const ISSUE: &str = "1170820242";

fn target() -> Target {
    Target::SentryIssue { organization: "harbor".to_owned(), id: 1_170_820_242 }
}

fn client(config: &Config) -> impl Publisher + use<> {
    sentry::Sentry::new(&"t".into(), config, Clock::system()).unwrap()
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    keeps_notes::<Sentry, _>(ISSUE, |_| target(), ThreadState::Closed, client).await;
}

#[tokio::test]
async fn the_same_comment_within_an_hour_is_the_one_that_is_there() {
    let standin = SentryStandin::new();
    serve(&standin, async |base| {
        let client = client(&Config::at(base));
        let first = client.publish(&target(), "Hi", &mark(1)).await.unwrap();
        assert_eq!(client.publish(&target(), "Hi", &mark(1)).await.unwrap(), first);
    })
    .await;
    assert_eq!(standin.notes(ISSUE).len(), 1);
}
