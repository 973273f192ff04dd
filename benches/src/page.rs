//! How quick the console is, page and API, with ten thousand tasks stored: on `dev`, over HTTP.

use std::path::Path;
use std::time::{Duration, Instant};

use domain::{
    Blob, Classification, Clock, DraftOrigin, DraftRef, NewTask, Part, Priority, StepUsage, Stores, Task,
    TaskId, TaskStatus, Timestamp, after, draft_hash,
};
use embedded::Embedded;
use reqwest::{Client, RequestBuilder, redirect};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::Outcome;
use crate::child::{self, Dev};
use crate::console::TOKEN;
use crate::report::Table;
use crate::statistics::{median, millis, percentile};

const TASKS: u32 = 10_000;
/// Every so many of them waits for a person.
const PARKED_EVERY: u32 = 100;
const ASKED: usize = 300;
const MOST: Duration = Duration::from_millis(50);

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let binaries = child::binaries()?;
    binaries.into_iter().map(|(profile, binary)| runtime.block_on(measure(profile, &binary))).collect()
}

async fn measure(profile: &str, binary: &Path) -> Outcome<Table> {
    let mut table =
        Table::new(format!("console ({profile}): {TASKS} tasks stored, {ASKED} requests of each kind"));
    let data = tempfile::tempdir()?;
    let id = fill(&data).await?;
    let token = format!("bench:{TOKEN}");
    let dev = Dev::start_in(data, binary, &["--no-sample"], &[("CONSOLE_TOKEN", &token)])?;
    let (url, _) = dev.ready()?;
    let client = Client::builder().redirect(redirect::Policy::none()).build()?;
    let cookie = log_in(&client, &url).await?;
    let api = |path: &str| client.get(format!("{url}{path}")).bearer_auth(TOKEN);
    let page = |path: &str| client.get(format!("{url}{path}")).header("cookie", &cookie);
    for (figure, request) in [
        ("GET /tasks", api("/tasks")),
        ("GET /tasks?status=awaiting_approval&limit=100", api("/tasks?status=awaiting_approval&limit=100")),
        ("GET /tasks/{id}", api(&format!("/tasks/{id}"))),
        ("GET /tasks/{id}/transcript", api(&format!("/tasks/{id}/transcript"))),
        ("page: tasks", page("/")),
        ("page: tasks, searched", page("/?q=repo%2342")),
        ("page: tasks, refreshed", page("/ui/live/tasks")),
        ("page: one task", page(&format!("/ui/tasks/{id}"))),
        ("page: overview", page("/ui/overview")),
    ] {
        let times = ask(&request).await?;
        let slow = percentile(&times, 0.99);
        table.target(&format!("{figure}, 99th percentile"), millis(slow), "≤ 50 ms", slow <= MOST);
        table.figure(&format!("{figure}, median"), millis(median(&times)));
    }
    Ok(table)
}

async fn ask(request: &RequestBuilder) -> Outcome<Vec<Duration>> {
    let mut times = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let request = request.try_clone().ok_or("the request cannot be sent again")?;
        let began = Instant::now();
        let answer = request.send().await?;
        if answer.status() != 200 {
            return Err(format!("{} for {}", answer.status(), answer.url()).into());
        }
        answer.bytes().await?;
        times.push(began.elapsed());
    }
    Ok(times)
}

async fn log_in(client: &Client, url: &str) -> Outcome<String> {
    let form = client.post(format!("{url}/ui/login")).header("origin", url);
    let form =
        form.header("content-type", "application/x-www-form-urlencoded").body(format!("token={TOKEN}"));
    let answer = form.send().await?;
    let cookie = answer.headers().get("set-cookie").ok_or("the login was refused")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

/// Stores the tasks; the id of one that waits for a person.
async fn fill(data: &TempDir) -> Outcome<TaskId> {
    let stores = Embedded::open(data.path(), Clock::system())?.stores();
    let now = Clock::system().now();
    let mut parked = TaskId::derive("none", b"");
    for number in 0..TASKS {
        // A task every minute: a week's worth.
        let at = now.checked_sub(Duration::from_secs(u64::from(TASKS - number) * 60))?;
        let mut task = task(number, at)?;
        let text = format!("Thank you for report {number}.\n\n{}", "That **should** not happen. ".repeat(20));
        let hash = draft_hash(&text);
        let forget_at = task.parts_forgotten_at();
        let draft = Blob::pack(text.as_bytes())?;
        if number % PARKED_EVERY == 0 {
            task.doc.expires_at = Some(after(now, Duration::from_secs(86_400)));
            task.transition(TaskStatus::AwaitingApproval, at, "confidence 0.40 is below 0.80")?;
            task.control.due_at = task.doc.expires_at;
            parked = task.id.clone();
        } else {
            task.transition(TaskStatus::Completed, at, "published")?;
        }
        task.doc.draft =
            Some(DraftRef { hash: hash.clone(), from: DraftOrigin::Model, parked_because: None });
        stores.payloads.put_new(&task.id, &Part::draft(&hash), &draft, forget_at).await?;
        transcript(&stores, &task).await?;
        stores.tasks.insert(&task).await?;
    }
    Ok(parked)
}

fn task(number: u32, at: Timestamp) -> Outcome<Task> {
    let new = NewTask {
        source: "github".to_owned(),
        event: "issues.opened".to_owned(),
        tenant: "octo/repo".to_owned(),
        thread: format!("octo/repo#{number}"),
        actor: "mona".to_owned(),
        priority: Priority::DEFAULT,
        metadata: Map::new(),
        content_type: "application/json".to_owned(),
        event_hint: Some("issues".to_owned()),
    };
    let mut task = Task::received(TaskId::derive("github", &number.to_le_bytes()), new, at, at);
    task.transition(TaskStatus::Processing, at, "claimed")?;
    let parameters = Value::Null;
    task.doc.classification =
        Some(Classification { intent: "bug_report".to_owned(), confidence: 0.9, parameters });
    for step in ["triage", "answer"] {
        task.add_usage(StepUsage {
            step: step.to_owned(),
            model: "gemini-3.1-pro-preview".to_owned(),
            prompt_tokens: 1_200,
            cached_tokens: 0,
            output_tokens: 230,
            thought_tokens: 0,
            cost_usd: Some(0.005),
            saved_usd: None,
            attempts: 1,
            ms: 900,
        });
    }
    Ok(task)
}

async fn transcript(stores: &Stores, task: &Task) -> Outcome<()> {
    let prompt = "Somebody writes: it does not work. ".repeat(100);
    let call = serde_json::json!({
        "step": "answer", "model": "gemini-pro-latest", "at": task.doc.received_at,
        "request": {"contents": [{"role": "user", "parts": [{"text": prompt}]}]},
        "response": {"candidates": [{"content": {"parts": [{"text": "Thank you."}]}}]},
    });
    let blob = Blob::pack(call.to_string().as_bytes())?;
    stores.payloads.put_new(&task.id, &Part::call(1, 0), &blob, task.parts_forgotten_at()).await?;
    Ok(())
}
