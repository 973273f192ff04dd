use std::sync::Arc;

use async_trait::async_trait;
use domain::contract::plain_task;
use domain::{
    Claim, ClaimRequest, Depth, Due, Insert, Lane, ListQuery, Page, Queue, Receipt, Save, Stage, Task,
    TaskId, TaskStore, Timestamp,
};

use super::*;

/// One letter, which is found by those alone who wait for it: SQS with a few messages.
struct Sampled(Delivery);

#[async_trait]
impl Queue for Sampled {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        Ok(())
    }

    async fn receive(&self, from: Visibility, _: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        assert_eq!(from.lane, None);
        Ok(if wait.is_zero() { Vec::new() } else { vec![self.0.clone()] })
    }

    async fn delete(&self, _: &Receipt) -> Result<(), QueueError> {
        Ok(())
    }

    async fn set_visibility(&self, _: &Receipt, _: Duration) -> Result<(), QueueError> {
        Ok(())
    }

    async fn depth(&self, _: Option<Lane>) -> Result<Depth, QueueError> {
        Ok(Depth::default())
    }
}

#[tokio::test]
async fn a_letter_that_only_some_of_the_servers_know_is_found() {
    let task = plain_task("github", Timestamp::UNIX_EPOCH);
    let body = Envelope { task_id: task.id, lane: Lane::Standard, tenant: "octo/repo".to_owned() }.body();
    let receipt = Receipt { lane: None, handle: "handle".to_owned() };
    let letter =
        Delivery { message_id: "m".to_owned(), receipt, body, receive_count: 20, age: Duration::ZERO };
    let embedded = Embedded::in_memory(Clock::system()).unwrap();
    let stores = Stores { queue: Arc::new(Sampled(letter)), ..embedded.stores() };
    assert_eq!(read(&stores, 1).await.unwrap().len(), 1);
}

/// A store that has this to say of one task.
struct Spoilt {
    inner: Arc<dyn TaskStore>,
    id: TaskId,
    error: fn() -> StoreError,
}

#[async_trait]
impl TaskStore for Spoilt {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.inner.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        if *id == self.id { Err((self.error)()) } else { self.inner.get(id).await }
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.inner.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        self.inner.save(task).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.inner.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.inner.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.inner.list(query).await
    }
}

/// A queue that does not take what is sent back to work.
struct Full(Arc<dyn Queue>);

#[async_trait]
impl Queue for Full {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        Err(QueueError::new("send", "no answer"))
    }

    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.0.receive(queue, max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.0.delete(receipt).await
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        self.0.set_visibility(receipt, after).await
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        self.0.depth(lane).await
    }
}

/// So many unfinished tasks whose messages are dead letters.
async fn with_letters(count: usize) -> (Stores, Vec<TaskId>) {
    let stores = Embedded::in_memory(Clock::system()).unwrap().stores();
    let (lane, mut ids) = (Lane::Standard, Vec::new());
    for _ in 0..count {
        let task = plain_task("github", Clock::system().now());
        stores.tasks.insert(&task).await.unwrap();
        let tenant = "octo/repo".to_owned();
        stores.queue.send(&Envelope { task_id: task.id.clone(), lane, tenant }).await.unwrap();
        ids.push(task.id);
    }
    // Until all have been received too often.
    let from = Visibility { lane: Some(lane), timeout: Duration::ZERO };
    while !stores.queue.receive(from, BATCH, Duration::ZERO).await.unwrap().is_empty() {}
    (stores, ids)
}

fn spoilt(stores: &Stores, id: &TaskId, error: fn() -> StoreError) -> Stores {
    let tasks = Spoilt { inner: Arc::clone(&stores.tasks), id: id.clone(), error };
    Stores { tasks: Arc::new(tasks), ..stores.clone() }
}

async fn ready(stores: &Stores) -> (u64, u64) {
    let depth = async |lane| stores.queue.depth(lane).await.unwrap().ready;
    (depth(None).await, depth(Some(Lane::Standard)).await)
}

#[tokio::test]
async fn a_task_that_cannot_be_read_keeps_its_own_letter_alone() {
    let (stores, ids) = with_letters(12).await;
    let broken = spoilt(&stores, &ids[4], || StoreError::broken("read a task", "no field `status`"));
    let letters = read(&broken, MAX_MESSAGES).await.unwrap();
    let kept: Vec<Value> = letters
        .iter()
        .filter(|(_, letter)| matches!(letter, Letter::Keep(_)))
        .map(|(delivery, letter)| described(delivery, letter))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0]["task_id"], ids[4].to_string());
    let why = format!("task {} cannot be read: read a task: no field `status`", ids[4]);
    assert_eq!(kept[0]["why"], why);
    assert_eq!(act(&broken, &letters).await.unwrap(), (11, 0));
    assert_eq!(ready(&stores).await, (1, 11), "the letter is there for others at once");
}

#[tokio::test]
async fn a_store_that_does_not_answer_leaves_every_letter_to_be_seen() {
    let (stores, ids) = with_letters(12).await;
    for error in [
        || StoreError::unavailable("read a task", "no answer"),
        || StoreError::refused("read a task", "AccessDeniedException"),
    ] {
        let away = spoilt(&stores, &ids[4], error);
        let said = read(&away, MAX_MESSAGES).await.unwrap_err().to_string();
        assert!(said.starts_with(&format!("task {}: read a task: ", ids[4])), "{said}");
        let back = "what is left is back in the dead-letter queue: run `redrive` again once that is mended";
        assert!(said.ends_with(back), "{said}");
        assert_eq!(ready(&stores).await, (12, 0), "{said}");
    }
}

#[tokio::test]
async fn a_queue_that_fails_leaves_what_is_left_to_be_seen() {
    let (stores, _) = with_letters(3).await;
    let full = Stores { queue: Arc::new(Full(Arc::clone(&stores.queue))), ..stores.clone() };
    let letters = read(&full, MAX_MESSAGES).await.unwrap();
    assert_eq!(ready(&stores).await, (0, 0), "a person reads them");
    let said = act(&full, &letters).await.unwrap_err().to_string();
    assert!(
        said.starts_with("0 sent back to work, 0 dropped, then: send: ") && said.contains("again"),
        "{said}"
    );
    assert_eq!(ready(&stores).await, (3, 0), "{said}");
}

#[tokio::test]
async fn what_somebody_else_looks_at_is_no_empty_queue() {
    let (stores, _) = with_letters(2).await;
    let theirs = read(&stores, MAX_MESSAGES).await.unwrap();
    let elsewhere_now = elsewhere(&stores).await.unwrap();
    assert_eq!((read(&stores, MAX_MESSAGES).await.unwrap().len(), elsewhere_now), (0, 2));
    for ours in [0, 3] {
        let said = headline(ours, elsewhere_now).unwrap();
        assert!(said.starts_with("dead letters that somebody else is looking at right now: 2;"), "{said}");
    }
    act(&stores, &theirs).await.unwrap();
    let elsewhere_now = elsewhere(&stores).await.unwrap();
    assert_eq!(headline(0, elsewhere_now).unwrap(), "the dead-letter queue is empty");
    assert_eq!(headline(3, elsewhere_now), None);
}
