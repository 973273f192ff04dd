//! The second agent's turn: once the live work of a batch has ended, and for as long as no other waits.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{Delivery, Lane, Queue, Timestamp};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join_all, pending};
use tracing::{Instrument, error, error_span, warn};

use crate::Processor;
use crate::task::first::First;

/// How often it is looked whether live work waits.
const LOOK: Duration = Duration::from_secs(1);
/// So many looks in a row find some where the lane has no capacity left: what is taken up at once is seen once.
const LOOKS: u32 = 3;

/// What a batch has left for the second agent.
#[derive(Default)]
pub struct Shadows(Vec<(First, Option<Lane>)>);

/// Whose capacity the second agent works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Its own: no live work is kept from its turn.
    Own,
    /// That of the lane, of which it holds an invocation: it ends when live work waits.
    OfTheLane,
}

/// Ends when the capacity is needed.
pub(crate) type Needed = Shared<BoxFuture<'static, ()>>;

impl Shadows {
    pub(crate) fn add(&mut self, first: Option<First>, delivery: &Delivery) {
        self.0.extend(first.map(|first| (first, delivery.receipt.lane)));
    }
}

impl Processor {
    /// Lets the second agent draft what `shadows` has of its share. Whatever goes wrong costs no more than a draft.
    pub async fn draft_beside(&self, shadows: Shadows, deadline: Timestamp, on: Capacity) {
        let (Some(second), Some(lane)) = (&self.second, shadows.0.first().map(|(_, lane)| *lane)) else {
            return;
        };
        let needed = self.needed(lane.filter(|_| on == Capacity::OfTheLane));
        let drafts = shadows.0.into_iter().map(|(first, _)| {
            let task_id = first.claimed.id.clone();
            let span = error_span!("shadow", %task_id);
            let draft =
                AssertUnwindSafe(second.beside(first, deadline, needed.clone()).boxed()).catch_unwind();
            async move {
                if draft.await.is_err() {
                    error!("the second agent panicked; there is no draft of it");
                }
            }
            .instrument(span)
        });
        join_all(drafts).await;
    }

    /// Ends once live work waits on `lane`; never without one.
    fn needed(&self, lane: Option<Lane>) -> Needed {
        let Some(lane) = lane else { return pending().boxed().shared() };
        let queue = Arc::clone(&self.stores().queue);
        async move {
            let mut in_a_row = 0;
            while in_a_row < LOOKS {
                in_a_row = if has_work(&*queue, lane).await { in_a_row + 1 } else { 0 };
                tokio::time::sleep(LOOK).await;
            }
        }
        .boxed()
        .shared()
    }
}

async fn has_work(queue: &dyn Queue, lane: Lane) -> bool {
    match queue.depth(Some(lane)).await {
        Ok(depth) => depth.ready > 0,
        Err(problem) => {
            warn!(%lane, %problem, "nobody can tell whether live work waits; the second agent makes room for it");
            true
        }
    }
}
