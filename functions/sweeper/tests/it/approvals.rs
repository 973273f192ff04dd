//! What the sweeper says of drafts that wait for a person.

use std::time::Duration;

use domain::*;

use crate::rig::Rig;

const HOUR: Duration = Duration::from_hours(1);

/// A draft that is parked now and expires after an hour; the sweeper looks at it after `due`.
async fn park(rig: &Rig, number: u32, due: Duration) {
    let mut task = rig.accept(number).await;
    task.control.status = TaskStatus::AwaitingApproval;
    task.note(rig.now(), "parked");
    task.doc.expires_at = Some(after(rig.now(), HOUR));
    task.control.due_at = Some(after(rig.now(), due));
    rig.save(&mut task).await;
}

/// Counts behind a sweep that has no time for any task.
async fn count(rig: &Rig) {
    let swept = rig.sweeper.sweep(rig.now()).await.whole().unwrap();
    rig.sweeper.count(&swept, rig.now()).await.unwrap();
}

#[tokio::test]
async fn half_of_a_short_expiry_is_told_however_many_messages_in_slack_are_due() {
    let rig = Rig::new();
    count(&rig).await;
    let written = |name: &str| rig.figures.documents().iter().any(|document| document[name].is_number());
    assert!(written("ApprovalsWaiting") && !written("ApprovalsExpiring"), "no draft waits");
    park(&rig, 0, HOUR).await;
    rig.pass(HOUR / 2);
    for number in 1..=25 {
        park(&rig, number, Duration::ZERO).await;
    }
    count(&rig).await;
    let total = |name| rig.figures.total(name, &[]);
    assert_eq!((total("ApprovalsWaiting"), total("ApprovalsOldest")), (26.0, 1_800.0));
    assert_eq!(total("ApprovalsExpiring"), 50.0);
}
