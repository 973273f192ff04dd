//! Lambda's part: takes batches off the lanes, has them worked on, and deletes what was dealt with.

use std::sync::Arc;
use std::time::Duration;

use domain::{Delivery, Lane, Receipt, after, between};
use futures::channel::oneshot;
use futures::future::select;
use processor::{Ack, Processor, SqsAttributes, SqsBatchResponse, SqsEvent, SqsRecord};

use super::{EnvId, World};

/// What one invocation may take, as template.yaml has it.
pub(crate) const ON_LAMBDA: Duration = Duration::from_secs(900);
/// Likewise, as `dev` has it for a lane without flex.
const ON_ONE_MACHINE: Duration = Duration::from_secs(180);
/// The queues' own visibility time-out, as template.yaml has it: six invocations.
const VISIBILITY: Duration = Duration::from_secs(5_400);
/// Whoever has less of it left when everything is done writes nothing more.
const NO_TIME: Duration = Duration::from_secs(2);
/// How long a supervisor takes to start a process again.
const RESTART: Duration = Duration::from_millis(200);
/// Messages of a batch.
const BATCH: usize = 10;

impl World {
    /// What one invocation may take.
    fn invocation(&self) -> Duration {
        if self.scenario.is_lambda { ON_LAMBDA } else { ON_ONE_MACHINE }
    }

    /// Starts what takes messages off the lanes.
    pub(crate) fn start_pollers(self: &Arc<Self>) {
        if self.scenario.is_one_process {
            return self.scheduler.spawn(None, live_on(Arc::clone(self)));
        }
        for lane in Lane::ALL {
            for _ in 0..self.scenario.processors {
                self.scheduler.spawn(None, poll(Arc::clone(self), lane));
            }
        }
    }

    /// Waits until something can be received.
    async fn message_on(&self, lane: Lane) {
        loop {
            let changed = Box::pin(self.lanes.changed());
            match self.lanes.next_visible(lane) {
                Some(at) if at <= self.now() => return,
                Some(at) => {
                    select(Box::pin(self.time.until(at)), changed).await;
                }
                None => changed.await,
            }
        }
    }

    /// What a process held that is gone is free, as `Embedded::void_leases` has it.
    fn void_leases(&self) {
        let alone = self.tasks.void_leases(self.now());
        if alone.len() > 1 {
            self.violated("of the tasks that run alone, a process has one", format!("{alone:?}"));
        }
        self.lanes.void_leases(self.now());
        self.values.void_leases();
    }

    /// Whether Lambda ends `env`, which has answered its batch and never hears of it.
    fn retires(&self, env: EnvId) -> bool {
        let per_mille = if self.scenario.is_lambda { self.scenario.retired_per_mille } else { 0 };
        let retires = per_mille > 0 && self.chance(per_mille);
        if retires {
            self.note(|| format!("!! {} is retired", self.name_of(env)));
        }
        retires
    }

    fn receive_from(&self, lane: Lane) -> Vec<Delivery> {
        let lot = |of: usize| usize::try_from(self.between(0..i64::try_from(of).unwrap_or(1))).unwrap_or(0);
        let twice = || !self.is_calm() && self.chance(self.scenario.doubled_per_mille);
        self.lanes.receive(lane, BATCH, VISIBILITY, self.now(), lot, twice)
    }
}

/// One process after the other, each of which frees what the one before has held.
async fn live_on(world: Arc<World>) {
    loop {
        let env = world.new_env("process");
        let processor = world.ports(env).processor();
        for lane in Lane::ALL {
            world.scheduler.spawn(Some(env), take_up(Arc::clone(&world), env, Arc::clone(&processor), lane));
        }
        while !world.scheduler.is_killed(env) {
            tokio::time::sleep(RESTART).await;
        }
        world.void_leases();
    }
}

/// Takes every message of `lane` as a batch of its own, all at once.
async fn take_up(world: Arc<World>, env: EnvId, processor: Arc<Processor>, lane: Lane) {
    loop {
        world.message_on(lane).await;
        for delivery in world.receive_from(lane) {
            let (inner, processor) = (Arc::clone(&world), Arc::clone(&processor));
            world.scheduler.spawn(Some(env), async move {
                let deadline = after(inner.clock(env).now(), inner.invocation());
                for (delivery, ack) in processor.handle_together(vec![delivery], deadline).await {
                    if ack == Ack::Delete {
                        inner.lanes.delete(&delivery.receipt);
                    }
                }
            });
        }
    }
}

/// One environment after the other, with one batch at a time.
async fn poll(world: Arc<World>, lane: Lane) {
    let mut warm: Option<(EnvId, Arc<Processor>)> = None;
    loop {
        world.message_on(lane).await;
        let batch = world.receive_from(lane);
        if batch.is_empty() {
            continue;
        }
        let (env, processor) = match warm.take().filter(|(env, _)| !world.scheduler.is_killed(*env)) {
            Some(warm) => warm,
            None => {
                let env = world.new_env("processor");
                (env, world.ports(env).processor())
            }
        };
        if let Some(response) = invoke(&world, env, &processor, &batch).await {
            acknowledge(&world, &batch, &response);
            warm = (!world.retires(env)).then_some((env, processor));
        }
    }
}

/// Has a batch worked on; `None` when the environment died.
async fn invoke(
    world: &Arc<World>,
    env: EnvId,
    processor: &Arc<Processor>,
    batch: &[Delivery],
) -> Option<SqsBatchResponse> {
    let (tell, told) = oneshot::channel();
    let began = world.now();
    let event = SqsEvent { records: batch.iter().map(record).collect() };
    let deadline = after(world.clock(env).now(), world.invocation());
    let processor = Arc::clone(processor);
    world.note(|| {
        let tasks: Vec<&str> = batch.iter().map(|delivery| delivery.body.as_str()).collect();
        format!("{} gets {}", world.name_of(env), tasks.join(" "))
    });
    world.scheduler.spawn(Some(env), async move {
        let response = processor.handle_batch(event, Lane::from_name, deadline).await;
        // Lambda may have given up.
        let _gone = tell.send(response);
    });
    // A process of one's own that was stopped goes on where it was; Lambda kills at the deadline.
    let response = if world.scenario.is_lambda {
        tokio::time::timeout(world.invocation(), told).await.ok()?
    } else {
        told.await
    };
    if response.is_err() {
        world.kill(env);
    } else if between(began, world.now()) + NO_TIME < world.invocation() {
        world.batch_answered(env);
    }
    response.ok()
}

fn record(delivery: &Delivery) -> SqsRecord {
    SqsRecord {
        message_id: Some(delivery.message_id.clone()),
        receipt_handle: Some(delivery.receipt.handle.clone()),
        body: Some(delivery.body.clone()),
        attributes: SqsAttributes {
            approximate_receive_count: Some(delivery.receive_count.to_string()),
            sent_timestamp: None,
        },
        event_source_arn: delivery.receipt.lane.map(|lane| lane.as_str().to_owned()),
    }
}

/// Deletes what the response does not name. That, too, may be lost.
fn acknowledge(world: &World, batch: &[Delivery], response: &SqsBatchResponse) {
    let comes_back = |delivery: &Delivery| {
        response.batch_item_failures.iter().any(|failure| failure.item_identifier == delivery.message_id)
    };
    let done: Vec<&Receipt> =
        batch.iter().filter(|delivery| !comes_back(delivery)).map(|delivery| &delivery.receipt).collect();
    if !done.is_empty() && !world.is_calm() && world.chance(world.scenario.lost_per_mille) {
        world.note(|| "   the acknowledgement of a batch is lost".to_owned());
        return;
    }
    done.into_iter().for_each(|receipt| world.lanes.delete(receipt));
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");
    const DEV: &str = include_str!("../../../local/src/dev/runner.rs");

    /// The seconds that stand behind `key` in `text`, first behind `from`.
    fn seconds(text: &str, from: &str, key: &str) -> Duration {
        let part = text.split_once(from).unwrap().1.split_once(key).unwrap().1;
        let digits = part.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
        Duration::from_secs(digits.unwrap().parse().unwrap())
    }

    #[test]
    fn invocations_last_as_long_as_those_of_the_template_and_of_dev() {
        assert_eq!(ON_LAMBDA, seconds(TEMPLATE, "\n  ProcessorFunction:", " Timeout:"));
        assert_eq!(ON_ONE_MACHINE, seconds(DEV, "const USUAL:", "from_secs("));
        assert_eq!(VISIBILITY, seconds(TEMPLATE, "\n  ExpressLane:", " VisibilityTimeout:"));
    }
}
