//! What outlives the process: everything that was committed, however the process ended.
//!
//! The other process is this test binary, started again with the name of an ignored test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use domain::contract::{full_task, incompressible, plain_task};
use domain::{
    Blob, Claim, ClaimRequest, Clock, Envelope, Expected, Lane, Lease, PartKey, Queue, Save, Stores, Swap,
    Task, TaskId, TaskStatus, after,
};
use embedded::{Embedded, OpenError};

use crate::support::{ManualClock, receive, seconds};

/// A process that works on a data directory until it is killed.
struct Writer {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Writer {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["restart::writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", dir.display()).unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next task that the process says to have committed; `None` at the end of its output.
    fn committed(&mut self) -> Option<TaskId> {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(id) = line.trim_end().strip_prefix("committed ") {
                // A line may be cut short by the death of its writer.
                return id.parse().ok();
            }
            line.clear();
        }
        None
    }

    /// `kill -9`, and what it had still said before.
    fn kill(mut self) -> Vec<TaskId> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.committed()).collect()
    }
}

impl Drop for Writer {
    /// Also when the test fails in between. Both calls fail only for a process that is gone.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test of its own: the other process of the tests below, which name the directory on its
/// standard input.
#[tokio::test]
#[ignore = "run by the other tests of this module"]
async fn writes_until_it_is_killed() {
    let mut dir = String::new();
    std::io::stdin().read_line(&mut dir).unwrap();
    let dir = PathBuf::from(dir.trim_end());
    if dir.as_os_str().is_empty() {
        return;
    }
    let stores = Embedded::open(&dir, Clock::system()).unwrap().stores();
    loop {
        let id = write_one(&stores).await;
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "committed {id}").unwrap();
        stdout.flush().unwrap();
    }
}

/// One task as the whole system would leave it behind: stored, sent, claimed, saved.
async fn write_one(stores: &Stores) -> TaskId {
    let now = Clock::system().now();
    let task = full_task(now);
    let id = task.id.clone();
    let blob = Blob::from_packed(incompressible(20_000, 1));
    stores.tasks.insert(&task).await.unwrap();
    stores.payloads.put_new(&id, &PartKey::payload(), &blob, task.forgotten_at()).await.unwrap();
    stores
        .queue
        .send(&Envelope { task_id: id.clone(), lane: Lane::Bulk, tenant: id.to_string() })
        .await
        .unwrap();
    let lease = Lease { owner: "child".to_owned(), until: after(now, seconds(900)) };
    let claim = stores.tasks.claim(&id, &ClaimRequest { now, lease }).await.unwrap();
    let Claim::Claimed(mut task) = claim else { panic!("not claimed") };
    task.transition(TaskStatus::Completed, now, "done").unwrap();
    assert_eq!(stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    id
}

#[tokio::test]
async fn kill_9_in_the_middle_of_writing_loses_nothing_that_was_committed() {
    let dir = tempfile::tempdir().unwrap();
    let mut committed = Vec::new();
    for lines in [1, 7, 60, 150] {
        let mut writer = Writer::start(dir.path());
        committed
            .extend((0..lines).map(|_| writer.committed().expect("the writer works until it is killed")));
        committed.extend(writer.kill());
        let stores = Embedded::open(dir.path(), Clock::system()).unwrap().stores();
        for id in &committed {
            let task = stores.tasks.get(id).await.unwrap().unwrap_or_else(|| panic!("{id} is lost"));
            assert_eq!(task.control.status, TaskStatus::Completed);
            let payload = stores.payloads.get(id, &PartKey::payload()).await.unwrap().unwrap();
            assert!(payload.packed() == incompressible(20_000, 1));
        }
        let ready = stores.queue.depth(Some(Lane::Bulk)).await.unwrap().ready;
        assert!(ready >= committed.len() as u64, "{ready} messages of {} tasks", committed.len());
    }
}

#[test]
fn a_second_process_is_refused_while_the_first_lives() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(dir.path());
    writer.committed().expect("the first process has opened the directory");
    let error = Embedded::open(dir.path(), Clock::system()).unwrap_err();
    let OpenError::InUse { holder, .. } = &error else { panic!("{error}") };
    assert_eq!(*holder, Some(writer.child.id()));
    writer.committed().expect("the first process goes on");
    writer.kill();
    Embedded::open(dir.path(), Clock::system()).unwrap();
}

async fn visible(queue: &dyn Queue) -> usize {
    receive(queue, 10).await.len()
}

#[tokio::test]
async fn reopening_finds_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let open = || Embedded::open(dir.path(), clock.clock()).unwrap().stores();
    let now = clock.now();
    let (task, part) = (full_task(now), PartKey::step(0, "x"));
    let blob = Blob::pack(b"saved").unwrap();
    let envelope = Envelope { task_id: task.id.clone(), lane: Lane::Standard, tenant: "a".to_owned() };
    let stores = open();
    stores.tasks.insert(&task).await.unwrap();
    stores.payloads.put_new(&task.id, &part, &blob, task.forgotten_at()).await.unwrap();
    stores.queue.send(&envelope).await.unwrap();
    stores.queue.send(&envelope).await.unwrap();
    let in_flight = receive(&*stores.queue, 1).await.remove(0);
    let forget_at = after(now, seconds(60));
    let swap = stores.state.swap("key", Expected::Absent, &"value".into(), now, forget_at).await.unwrap();
    let Swap::Done(version) = swap else { panic!("not written") };
    stores.state.add("counter", 3, forget_at).await.unwrap();
    drop(stores);

    let stores = open();
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), Some(task.clone()));
    assert_eq!(stores.payloads.list(&task.id, "").await.unwrap(), [(part, blob)]);
    assert_eq!(stores.state.get("key", now).await.unwrap().unwrap().version, version);
    assert_eq!(stores.state.add("counter", 1, forget_at).await.unwrap(), 4);
    assert_eq!(visible(&*stores.queue).await, 1, "the one in flight stays invisible");
    stores.queue.delete(&in_flight.receipt).await.unwrap();
    clock.advance(seconds(61));
    assert_eq!(visible(&*stores.queue).await, 1, "its receipt has outlived the restart");
}

#[tokio::test]
async fn a_dropped_future_has_written_all_or_nothing() {
    let stores = Embedded::in_memory(Clock::system()).unwrap().stores();
    let task: Task = plain_task("github", Clock::system().now());
    drop(stores.tasks.insert(&task));
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), None);
    // One poll is the whole write: there is no point in between at which to be dropped.
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(stores.tasks.insert(&task).as_mut().poll(&mut context).is_ready());
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), Some(task));
}
