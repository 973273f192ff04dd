//! The stand-in as our own client sees it.

use domain::{Audience, Clock, InternalNotes, Publisher, ServiceFailure, Target, ThreadState};
use gitlab::Config;

use super::{Gitlab, GitlabStandin};
use crate::kit::testing::{keeps_notes, mark, serve};

fn issue(number: u64, internal: bool) -> Target {
    Target::GitlabIssue {
        project: 7,
        path: vec!["harbor".into(), "tidepool".into()],
        number,
        internal,
        discussion: None,
    }
}

fn client(config: &Config) -> impl Publisher + use<> {
    gitlab::Gitlab::new(&"t".into(), config, Clock::system()).unwrap()
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    keeps_notes::<Gitlab, _>("7/issues/23", |_| issue(23, false), ThreadState::Closed, client).await;
}

#[tokio::test]
async fn answers_for_the_staff_stay_among_it_and_a_locked_discussion_takes_none() {
    let standin = GitlabStandin::new();
    serve(&standin, async |base| {
        let client = client(&Config::at(base));
        let publicly: &dyn Publisher = &client;
        let internally: &dyn InternalNotes = publicly.internal_notes().unwrap();
        for (number, target) in [issue(23, false), issue(13, false), issue(13, true)].iter().enumerate() {
            let proof = internally.publish(target, "Hi", &mark(number)).await.unwrap();
            assert_eq!(internally.audience(target, &proof.id).await.unwrap(), Some(Audience::Internal));
        }
        assert!(publicly.history(&issue(23, false), 9).await.unwrap().is_empty(), "nothing for the public");
        // Only an answer that is an internal note itself may know of others.
        assert!(internally.history(&issue(23, false), 9).await.unwrap().is_empty());
        assert_eq!(internally.history(&issue(23, true), 9).await.unwrap().len(), 1);
        standin.set_state("7/issues/23", ThreadState::Locked);
        assert_eq!(publicly.state(&issue(23, false)).await.unwrap(), ThreadState::Locked);
        let error = publicly.publish(&issue(23, false), "Hi", &mark(9)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Closed);
    })
    .await;
    let internal = |thread| standin.notes(thread).iter().map(|note| note.internal).collect::<Vec<_>>();
    assert_eq!((internal("7/issues/23"), internal("7/issues/13")), (vec![true], vec![false, true]));
}
