//! Prints what the embedded adapters cost: microseconds per operation, in memory and on a file.
//!
//! `cargo run -p embedded --example figures`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use domain::contract::{incompressible, plain_task};
use domain::{
    Blob, Claim, ClaimRequest, Clock, Envelope, Lane, Lease, ListQuery, PartKey, Save, Stores, Task,
    Visibility,
};
use embedded::Embedded;

const TASKS: usize = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    println!("{TASKS} tasks, payloads of 3 KB; microseconds per operation");
    println!("{:<28} {:>10} {:>10}", "", "in memory", "on file");
    let in_memory = measure(&Embedded::in_memory(Clock::system()).unwrap().stores()).await;
    let on_file = measure(&Embedded::open(dir.path(), Clock::system()).unwrap().stores()).await;
    for ((name, memory), (_, file)) in in_memory.iter().zip(&on_file) {
        println!("{name:<28} {memory:>10.1} {file:>10.1}");
    }
    let start = Instant::now();
    let reopened = Embedded::open(dir.path(), Clock::system()).unwrap();
    println!("{:<28} {:>10} {:>10.1}", "open (whole file checked)", "", micros(start.elapsed(), 1));
    drop(reopened);
}

async fn measure(stores: &Stores) -> Vec<(&'static str, f64)> {
    let tasks: Vec<Task> = (0..TASKS).map(|_| plain_task("github", Clock::system().now())).collect();
    let blob = Blob::from_packed(incompressible(3_000, 1));
    let (mut insert, mut put, mut send) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for task in &tasks {
        let start = Instant::now();
        stores.tasks.insert(task).await.unwrap();
        let inserted = Instant::now();
        stores.payloads.put_new(&task.id, &PartKey::payload(), &blob, task.forgotten_at()).await.unwrap();
        let stored = Instant::now();
        stores.queue.send(&envelope(task)).await.unwrap();
        insert += inserted - start;
        put += stored - inserted;
        send += stored.elapsed();
    }
    let mut rows = vec![
        ("insert + payload + send", micros(insert + put + send, TASKS)),
        ("  insert", micros(insert, TASKS)),
        ("  payload", micros(put, TASKS)),
        ("  send", micros(send, TASKS)),
    ];
    rows.push(("list 50 of 10,000", list(stores).await));
    rows.extend(work(stores, &tasks).await);
    rows
}

async fn list(stores: &Stores) -> f64 {
    let query = ListQuery { limit: 50, ..ListQuery::default() };
    let start = Instant::now();
    for _ in 0..100 {
        stores.tasks.list(&query).await.unwrap();
    }
    micros(start.elapsed(), 100)
}

async fn work(stores: &Stores, tasks: &[Task]) -> [(&'static str, f64); 4] {
    let from = Visibility { lane: Some(Lane::Standard), timeout: Duration::from_secs(900) };
    let now = Clock::system().now();
    let start = Instant::now();
    let mut deliveries = Vec::new();
    while deliveries.len() < tasks.len() {
        deliveries.extend(stores.queue.receive(from, 1, Duration::ZERO).await.unwrap());
    }
    let receive = micros(start.elapsed(), TASKS);
    let start = Instant::now();
    let mut claimed = Vec::new();
    for task in tasks {
        let lease = Lease { owner: "bench".to_owned(), until: domain::after(now, Duration::from_secs(900)) };
        if let Claim::Claimed(task) =
            stores.tasks.claim(&task.id, &ClaimRequest { now, lease }).await.unwrap()
        {
            claimed.push(task);
        }
    }
    let claim = micros(start.elapsed(), TASKS);
    let start = Instant::now();
    for task in &mut claimed {
        assert_eq!(stores.tasks.save(task).await.unwrap(), Save::Done);
    }
    let save = micros(start.elapsed(), TASKS);
    let start = Instant::now();
    for delivery in &deliveries {
        stores.queue.delete(&delivery.receipt).await.unwrap();
    }
    [("receive 1", receive), ("claim", claim), ("save", save), ("delete", micros(start.elapsed(), TASKS))]
}

/// 300 tenants, so that the tenants' turns are part of the figure.
fn envelope(task: &Task) -> Envelope {
    let tenant = format!("tenant {}", task.id.shard(300));
    Envelope { task_id: task.id.clone(), lane: Lane::Standard, tenant }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand operations")]
fn micros(time: Duration, operations: usize) -> f64 {
    time.as_secs_f64() * 1e6 / operations as f64
}
