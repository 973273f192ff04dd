//! The stand-in as our own client sees it.

use domain::{Clock, Target, ThreadState};

use super::Pagerduty;
use crate::kit::testing::keeps_notes;

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    let target = |_: &_| Target::PagerdutyIncident { id: "PGR0VU2".to_owned() };
    keeps_notes::<Pagerduty, _>("PGR0VU2", target, ThreadState::Closed, |config| {
        pagerduty::Pagerduty::new("a@example.com", &"t".into(), config, Clock::system()).unwrap()
    })
    .await;
}
