//! What Lambda does in the cloud: polls the lanes, hands messages to the processor, deletes those that are done, and
//! calls the sweeper, here every second.

use std::sync::Arc;
use std::time::Duration;

use domain::{Approver, Delivery, Lane, LaneTiers, TaskId, Timestamp, Visibility, after};
use processor::{Ack, Capacity, Processor, Shadows};
use settings::Settings;
use sweeper::{AnswerReactions, MissedDeliveries, Notices, OutsideError, Sweeper};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, error_span, warn};
use wiring::{OutsideService, Services};

use super::backend::Storage;

/// Time that one message may take, as the processor of template.yaml has it.
pub(crate) const INVOCATION: Duration = Duration::from_secs(900);
/// The same of a lane without flex: whoever stops `dev` in the middle of a comment waits no longer for the rest of it.
const USUAL: Duration = Duration::from_secs(180);
/// Time that one sweep may take, as the sweeper of template.yaml has it.
const SWEEP: Duration = Duration::from_secs(50);
/// How long a message stays invisible that was received and not claimed: a process that stopped in
/// between costs this much. The claim sets it to the lease.
const UNCLAIMED: Duration = Duration::from_secs(20);
/// Messages of one lane in work at once, as `MaximumConcurrency` bounds it.
pub(super) const AT_ONCE: usize = 100;
/// Messages taken by one receive.
const BATCH: usize = 10;
/// How long to leave a queue alone that does not answer.
const QUEUE_DOWN: Duration = Duration::from_secs(1);
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often the leases are asked whether it is time to look for missed deliveries and reactions.
const OUTSIDE_EVERY: Duration = Duration::from_secs(30);
/// Sweeps between two removals of old tasks.
const SWEEPS_PER_FORGET: u64 = 600;

/// Time that one message of `lane` may take.
pub(super) fn time_of(tiers: LaneTiers, lane: Lane) -> Duration {
    if tiers.is_flex(lane) { INVOCATION } else { USUAL }
}

/// Polls `lane` until dropped. A message may take as long as `invocation`, and no more are in work than `slots` has
/// permits.
pub(crate) async fn lane(
    processor: Arc<Processor>,
    storage: Arc<Storage>,
    lane: Lane,
    slots: Arc<Semaphore>,
    invocation: Duration,
) {
    let mut work = JoinSet::new();
    loop {
        while work.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&slots).acquire_owned().await else { return };
        drop(permit);
        let want = slots.available_permits().clamp(1, BATCH);
        let from = Visibility { lane: Some(lane), timeout: UNCLAIMED };
        let received = match storage.stores.queue.receive(from, want, storage.poll()).await {
            Ok(received) => received,
            Err(problem) => {
                warn!(%lane, %problem, "the queue could not be read");
                tokio::time::sleep(QUEUE_DOWN).await;
                continue;
            }
        };
        if received.is_empty() {
            storage.nap(lane, processor.clock().now()).await;
        }
        for batch in batches(lane, received) {
            let places = u32::try_from(batch.len()).unwrap_or(u32::MAX);
            let Ok(permit) = Arc::clone(&slots).acquire_many_owned(places).await else { return };
            let processor = Arc::clone(&processor);
            let work_of_batch = async move {
                let deadline = after(processor.clock().now(), invocation);
                let shadows = deliver(&processor, batch, deadline).await;
                drop(permit);
                processor.finish(shadows, deadline, Capacity::Own).await;
            };
            work.spawn(work_of_batch.instrument(error_span!("invocation", function = "processor")));
        }
    }
}

/// Splits messages into those that are worked on together. Bulk work is kept together, as on Lambda, so that events of
/// trusted sources can share a question. A task of any other lane waits for no other.
fn batches(lane: Lane, received: Vec<Delivery>) -> Vec<Vec<Delivery>> {
    match lane {
        Lane::Bulk if received.is_empty() => Vec::new(),
        Lane::Bulk => vec![received],
        Lane::Express | Lane::Standard => received.into_iter().map(|delivery| vec![delivery]).collect(),
    }
}

/// Works on `batch` and deletes what is done. What is left for the second agent keeps no message and no permit.
async fn deliver(processor: &Arc<Processor>, batch: Vec<Delivery>, deadline: Timestamp) -> Shadows {
    let (done, shadows) = processor.handle_live(batch, deadline).await;
    for (delivery, ack) in done {
        if ack == Ack::Delete
            && let Err(problem) = processor.stores().queue.delete(&delivery.receipt).await
        {
            warn!(message_id = delivery.message_id, %problem, "a done message comes back and will be dropped then");
        }
    }
    shadows
}

/// Sweeps every second until dropped, and says about which tasks a message may be due.
pub(crate) async fn sweeper(
    sweeper: Sweeper,
    storage: Arc<Storage>,
    asked_about: watch::Sender<Vec<TaskId>>,
) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for sweep in 0_u64.. {
        every.tick().await;
        let now = sweeper.clock.now();
        let swept = sweeper.sweep(after(now, SWEEP)).await;
        if let Some(problem) = swept.unasked {
            warn!(%problem, "the sweep failed; the next one is in a second");
        }
        asked_about.send_replace(swept.asked_about);
        if sweep % SWEEPS_PER_FORGET == 0 {
            storage.forget(now);
        }
    }
}

/// Has sent again what senders could not deliver, and reads what people think of answers, until dropped. How often a
/// source is asked, the leases say.
pub(super) async fn outside(
    missed: MissedDeliveries,
    reactions: AnswerReactions,
    services: Services,
    settings: Arc<Settings>,
) {
    let mut every = tokio::time::interval(OUTSIDE_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        for source in settings.sources.values() {
            let service = OutsideService::of_threads(source.sender.provider);
            let Some(publisher) = service.and_then(|service| services.publisher(service)) else { continue };
            let (name, deadline) = (&source.name, after(missed.clock.now(), SWEEP));
            let sent = async {
                if let Some(redeliveries) = publisher.redeliveries()
                    && missed.is_due(name).await?
                {
                    missed.send_again(redeliveries, name, &source.hooks, deadline).await?;
                }
                Ok::<_, OutsideError>(())
            };
            let read = async {
                if let Some(service) = publisher.reactions()
                    && reactions.is_due(name).await?
                {
                    reactions.read(service, name, deadline).await?;
                }
                Ok::<_, OutsideError>(())
            };
            // Neither is kept from its turn by what the other meets.
            for problem in [sent.await, read.await].into_iter().filter_map(Result::err) {
                warn!(source = name, %problem, "deliveries and reactions could not be looked at; the next look tries again");
            }
        }
    }
}

/// Delivers the messages about drafts that a sweep was asked about, until there are no more sweeps. It runs apart from
/// them, so that a Slack that does not answer delays no task.
pub(super) async fn notices(
    notices: Notices,
    approver: Arc<dyn Approver>,
    mut asked_about: watch::Receiver<Vec<TaskId>>,
) {
    while asked_about.changed().await.is_ok() {
        let due = asked_about.borrow_and_update().clone();
        let deadline = after(notices.clock.now(), SWEEP);
        notices.deliver_notices(approver.as_ref(), due, deadline).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What works here must not run out of time there, nor the other way round.
    #[test]
    fn work_and_sweeps_have_the_time_that_they_have_when_deployed() {
        let template = include_str!("../../../template.yaml");
        for (function, time) in [("ProcessorFunction", INVOCATION), ("SweeperFunction", SWEEP)] {
            let part = template.split_once(&format!("\n  {function}:")).unwrap().1;
            let timeout = part.split_once(" Timeout: ").unwrap().1.lines().next().unwrap();
            assert_eq!(timeout.parse(), Ok(time.as_secs()), "{function}");
        }
    }
}
