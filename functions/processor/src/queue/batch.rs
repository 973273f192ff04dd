//! A batch of messages: each is worked on by itself, and nothing that goes wrong with one touches another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{Delivery, Lane, Timestamp, between};
use futures::FutureExt;
use futures::future::OptionFuture;
use futures::stream::{self, StreamExt};
use tracing::{Instrument, error, error_span, warn};

use crate::Processor;
use crate::queue::ack::{Ack, until_then};
use crate::queue::shadows::{Capacity, Shadows};
use crate::queue::sqs::{SqsBatchResponse, SqsEvent};
use crate::task::first::First;
use crate::task::lease;
use crate::task::pipeline::{self, Company, Processed, WORK_NEEDED};
use crate::triage::batcher::{Batcher, Member};

/// Kept free at the end of an invocation for telling Lambda what became of the batch.
const ANSWER_MARGIN: Duration = Duration::from_millis(1_500);
/// Of which so much is kept free of what was not written until then.
const WRITTEN_MARGIN: Duration = Duration::from_millis(300);
/// What a brown-out of the state store has kept from being written is tried for so long before a batch is answered:
/// enough to outlast one that is short, and less than a visible part of an invocation.
const WRITE_LEFT: Duration = Duration::from_secs(10);

/// Records of one batch that are worked on at once: a whole batch of the bulk lane.
const CONCURRENCY: usize = 20;

/// How soon a message comes back whose task found no time or turn to run alone.
const ALONE_RETRY: Duration = Duration::from_secs(10);
/// How long a message waits for the turn of its task before it comes back later: others of its lane need its place.
const TURN_WAIT: Duration = Duration::from_secs(5);

impl Processor {
    /// Works on a batch of Lambda's. `lane_of` tells the lane by the queue's ARN.
    pub async fn handle_batch(
        self: &Arc<Self>,
        event: SqsEvent,
        lane_of: impl Fn(&str) -> Option<Lane>,
        deadline: Timestamp,
    ) -> SqsBatchResponse {
        let now = self.clock().now();
        let deliveries: Vec<Delivery> = event
            .records
            .into_iter()
            .filter_map(|record| {
                let lane = record.event_source_arn.as_deref().and_then(&lane_of);
                let delivery = record.delivery(lane, now);
                if delivery.is_none() {
                    error!("a record has no messageId or receiptHandle and cannot be given back");
                }
                delivery
            })
            .collect();
        let mut response = SqsBatchResponse::default();
        let (done, shadows) = self.handle_live(deliveries, deadline).await;
        // What begins after the answer would be frozen. Until then, this invocation is one of the lane's.
        self.finish(shadows, deadline, Capacity::OfTheLane).await;
        for (delivery, ack) in done {
            if matches!(ack, Ack::Retry(_)) {
                response.give_back(delivery.message_id);
            }
        }
        response
    }

    /// Works on deliveries side by side, as [`Processor::handle_live`] does, and lets the second agent work on them then.
    pub async fn handle_together(
        self: &Arc<Self>,
        deliveries: Vec<Delivery>,
        deadline: Timestamp,
    ) -> Vec<(Delivery, Ack)> {
        let (done, shadows) = self.handle_live(deliveries, deadline).await;
        self.finish(shadows, deadline, Capacity::Own).await;
        done
    }

    /// Ends a batch whose live work is done: the second agent drafts what `shadows` has, and what could not be written of
    /// money, quotas and figures is written, if the state store lets that happen within `WRITE_LEFT`. Afterwards this
    /// environment may be retired at any time: of a call that was never made, nobody else could tell.
    pub async fn finish(&self, shadows: Shadows, deadline: Timestamp, on: Capacity) {
        self.draft_beside(shadows, deadline, on).await;
        let now = self.clock().now();
        let patience = between(now, deadline).saturating_sub(WRITTEN_MARGIN).min(WRITE_LEFT);
        let second = self.second.as_ref().map(|second| second.model.write_left(patience));
        let figures = tokio::time::timeout(patience, self.resources.stats.write(now));
        let (_, _, figures) =
            tokio::join!(self.resources.model.write_left(patience), OptionFuture::from(second), figures);
        if let Ok(Err(problem)) = figures {
            warn!(%problem, "the day's figures are not up to date");
        }
    }

    /// Works on deliveries side by side, each as [`Processor::handle`] does. Tasks that may share a question
    /// to the triage model ask it together. Tasks whose processor died follow one by one, those that died least
    /// first. What is left for the second agent goes to [`Processor::finish`] once nothing waits for it.
    pub async fn handle_live(
        self: &Arc<Self>,
        deliveries: Vec<Delivery>,
        deadline: Timestamp,
    ) -> (Vec<(Delivery, Ack)>, Shadows) {
        let members = Batcher::members(deliveries.len());
        let is_batch = deliveries.len() > 1;
        let processed: Vec<(Delivery, Processed)> = stream::iter(deliveries.into_iter().zip(members))
            .map(|(delivery, member)| {
                let processor = Arc::clone(self);
                async move {
                    let company = if is_batch { Company::Batch } else { Company::Process };
                    let processed = processor.handle_with(&delivery, deadline, member, company).await;
                    (delivery, processed)
                }
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        let (mut done, mut aside, mut shadows) = (Vec::new(), Vec::new(), Shadows::default());
        for (delivery, processed) in processed {
            match processed {
                Processed::Done(ack, first) => {
                    shadows.add(first, &delivery);
                    done.push((delivery, ack));
                }
                Processed::SetAside { attempts } => aside.push((attempts, delivery)),
            }
        }
        aside.sort_by_key(|(attempts, _)| *attempts);
        for (_, delivery) in aside {
            let (ack, first) = self.handle_alone(&delivery, deadline).await;
            shadows.add(first, &delivery);
            done.push((delivery, ack));
        }
        (done, shadows)
    }

    /// Works on a task that was set aside, if its turn comes soon and there is time: else another invocation does.
    async fn handle_alone(
        self: &Arc<Self>,
        delivery: &Delivery,
        deadline: Timestamp,
    ) -> (Ack, Option<First>) {
        if between(self.clock().now(), deadline) >= WORK_NEEDED
            && let Ok(Ok(turn)) = tokio::time::timeout(TURN_WAIT, self.alone.acquire()).await
        {
            let company = Company::Turn(turn);
            if let Processed::Done(ack, first) =
                self.handle_with(delivery, deadline, Member::alone(), company).await
            {
                return (ack, first);
            }
        }
        let ack = until_then(self.resources.jitter.spread(ALONE_RETRY), delivery.receive_count);
        if let Ack::Retry(Some(delay)) = ack {
            self.delay(delivery, delay).await;
        }
        (ack, None)
    }

    /// Works on one delivery, beside which nothing is in work in this process, and delays its message if that is to come
    /// back. Neither a panic nor a task that overruns the invocation gets past here: both leave the task leased, and the
    /// message comes back.
    pub async fn handle(self: &Arc<Self>, delivery: &Delivery, deadline: Timestamp) -> Ack {
        match self.handle_with(delivery, deadline, Member::alone(), Company::Nobody).await {
            Processed::Done(ack, first) => {
                let mut shadows = Shadows::default();
                shadows.add(first, delivery);
                self.finish(shadows, deadline, Capacity::Own).await;
                ack
            }
            Processed::SetAside { .. } => Ack::Retry(None),
        }
    }

    /// All lines of the log are about the message's task, the first as well as those after its end.
    async fn handle_with(
        self: &Arc<Self>,
        delivery: &Delivery,
        deadline: Timestamp,
        member: Member,
        company: Company<'_>,
    ) -> Processed {
        let task_id = delivery.task_id().ok().map(tracing::field::display);
        let span = error_span!("message", message_id = delivery.message_id, task_id);
        let now = self.clock().now();
        let tiers = self.resources.settings.models.service_tier;
        let deadline = lease::deadline(tiers, delivery.receipt.lane, now, deadline);
        let handled = async {
            let left = between(self.clock().now(), deadline).saturating_sub(ANSWER_MARGIN);
            let work = AssertUnwindSafe(pipeline::process(self, delivery, deadline, member, company).boxed())
                .catch_unwind();
            let processed = match tokio::time::timeout(left, work).await {
                Ok(Ok(processed)) => processed,
                Ok(Err(_)) => {
                    error!("the processor panicked; the message comes back");
                    Processed::Done(Ack::Retry(None), None)
                }
                Err(_) => {
                    warn!("the invocation ended first; the message comes back");
                    Processed::Done(Ack::Retry(None), None)
                }
            };
            if let Processed::Done(Ack::Retry(Some(delay)), _) = processed {
                self.delay(delivery, delay).await;
            }
            processed
        };
        handled.instrument(span).await
    }

    async fn delay(&self, delivery: &Delivery, delay: Duration) {
        if let Err(problem) = self.stores().queue.set_visibility(&delivery.receipt, delay).await {
            warn!(message_id = delivery.message_id, %problem, "the message comes back later than it should");
        }
    }
}
