//! How quick the console is, page and API, with ten thousand tasks stored: on `dev`, over HTTP. And a
//! hundred who decide about one draft at once.

use std::path::Path;
use std::time::{Duration, Instant};

use domain::{Task, TaskStatus};
use futures::future::join_all;
use reqwest::{Client, RequestBuilder, redirect};
use serde_json::{Value, json};

use crate::child::{self, Dev};
use crate::console::TOKEN;
use crate::page_tasks::{RARE, Stored, TASKS, fill};
use crate::report::Table;
use crate::statistics::{median, millis, percentile};
use crate::{Outcome, cpu};

/// Requests of each kind. Too few for a 99th percentile that one hiccup of the machine cannot move would
/// tell about the machine.
const ASKED: u32 = 400;
const MAX_P99: Duration = Duration::from_millis(50);
const DECIDERS: usize = 100;
/// Pages of a hundred that lie before the one that is deep in the list.
const DEEP: usize = 90;

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let binaries = child::binaries()?;
    binaries.into_iter().map(|(profile, binary)| runtime.block_on(measure(profile, &binary))).collect()
}

/// A console under measurement, and somebody who is logged in.
struct Console {
    dev: Dev,
    client: Client,
    url: String,
    cookie: String,
}

async fn measure(profile: &str, binary: &Path) -> Outcome<Table> {
    let mut table =
        Table::new(format!("console ({profile}): {TASKS} tasks stored, {ASKED} requests of each kind"));
    let data = tempfile::tempdir()?;
    let stored = fill(data.path()).await?;
    let token = format!("bench:{TOKEN}");
    let dev = Dev::start_in(data, binary, &["--no-sample"], &[("CONSOLE_TOKEN", &token)])?;
    let (url, _) = dev.ready()?;
    let client = Client::builder().redirect(redirect::Policy::none()).build()?;
    let cookie = log_in(&client, &url).await?;
    let console = Console { dev, client, url, cookie };
    for path in paths(&console, &stored).await? {
        let request = console.get(&path);
        let (times, used) = console.ask(&request).await?;
        let slow = percentile(&times, 0.99);
        let measured = match used {
            Some(used) => {
                format!("{} (median {}, CPU {})", millis(slow), millis(median(&times)), millis(used))
            }
            None => format!("{} (median {})", millis(slow), millis(median(&times))),
        };
        table.target(&shown(&path), measured, "≤ 50 ms at p99", slow <= MAX_P99);
    }
    let (won, lost) = console.decide_at_once(&stored.parked).await?;
    let what = format!("{DECIDERS} decide at once: successes, conflicts");
    let sound = (won, lost) == (1, DECIDERS - 1);
    table.target(&what, format!("{won}, {lost}"), "1, all others", sound);
    Ok(table)
}

/// What is asked for: everything that a person or a program looks at. Paths of the page begin with `/ui`,
/// or are the list.
async fn paths(console: &Console, stored: &Stored) -> Outcome<Vec<String>> {
    let deep = console.cursor_of_page(DEEP).await?;
    let (id, parked) = (&stored.completed, &stored.parked.id);
    Ok(vec![
        "/tasks".to_owned(),
        "/tasks?limit=100".to_owned(),
        "/tasks?status=awaiting_approval&limit=100".to_owned(),
        "/tasks?source=zendesk&limit=100".to_owned(),
        format!("/tasks?status=completed&source={RARE}&limit=100"),
        // Both are there, and never together.
        format!("/tasks?status=failed&source={RARE}"),
        "/tasks?status=received&source=github".to_owned(),
        format!("/tasks?limit=100&cursor={deep}"),
        format!("/tasks/{id}"),
        format!("/tasks/{id}/transcript"),
        format!("/tasks/{id}/payload"),
        "/".to_owned(),
        "/?status=awaiting_approval".to_owned(),
        "/?status=completed".to_owned(),
        format!("/?status=failed&source={RARE}"),
        "/?q=repo%2342".to_owned(),
        "/?q=nowhere-to-be-found".to_owned(),
        format!("/?cursor={deep}"),
        "/ui/live/tasks".to_owned(),
        format!("/ui/tasks/{id}"),
        format!("/ui/tasks/{parked}"),
        format!("/ui/live/tasks/{id}"),
        format!("/ui/tasks/{id}/transcript"),
        format!("/ui/tasks/{id}/payload"),
        "/ui/overview".to_owned(),
        "/ui/live/overview".to_owned(),
    ])
}

/// A path without what is long and says nothing.
fn shown(path: &str) -> String {
    let path = path.split_once("cursor=").map_or(path.to_owned(), |(before, _)| format!("{before}cursor=…"));
    match path.split_once("tsk_") {
        Some((before, rest)) => format!("{before}{{id}}{}", rest.trim_start_matches(|c| c != '/')),
        None => path,
    }
}

impl Console {
    fn get(&self, path: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.url));
        if path.starts_with("/tasks") {
            request.bearer_auth(TOKEN)
        } else {
            request.header("cookie", &self.cookie)
        }
    }

    /// How long each request took, and what the server worked for one.
    async fn ask(&self, request: &RequestBuilder) -> Outcome<(Vec<Duration>, Option<Duration>)> {
        let before = cpu::of_process(self.dev.id());
        let mut times = Vec::new();
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
        let used = before.zip(cpu::of_process(self.dev.id())).map(|(before, now)| (now - before) / ASKED);
        Ok((times, used))
    }

    /// Where the page after `pages` others begins.
    async fn cursor_of_page(&self, pages: usize) -> Outcome<String> {
        let mut cursor = String::new();
        for _ in 0..pages {
            let answer = self.get(&format!("/tasks?limit=100&cursor={cursor}")).send().await?;
            let page: Value = answer.error_for_status()?.json().await?;
            page["cursor"].as_str().ok_or("the list is shorter than it should be")?.clone_into(&mut cursor);
        }
        Ok(cursor)
    }

    /// How many were told that they decided, and how many that somebody else did.
    async fn decide_at_once(&self, task: &Task) -> Outcome<(usize, usize)> {
        let hash = task.doc.draft.as_ref().map(|draft| draft.hash.as_str());
        let decide = |number: usize| {
            let verdict = ["approve", "reject"][number % 2];
            let request = self.client.post(format!("{}/tasks/{}/{verdict}", self.url, task.id));
            request.bearer_auth(TOKEN).json(&json!({ "draft_hash": hash })).send()
        };
        let answers = join_all((0..DECIDERS).map(decide)).await;
        let answers = answers.into_iter().map(|answer| answer.map(|answer| answer.status().as_u16()));
        let answers: Vec<u16> = answers.collect::<Result<_, _>>()?;
        let count = |status: u16| answers.iter().filter(|known| **known == status).count();
        let standing: Value = self.get(&format!("/tasks/{}", task.id)).send().await?.json().await?;
        if standing["status"] == json!(TaskStatus::AwaitingApproval) {
            return Err("nobody has decided".into());
        }
        Ok((count(200), count(409)))
    }
}

async fn log_in(client: &Client, url: &str) -> Outcome<String> {
    let form = client.post(format!("{url}/ui/login")).header("origin", url);
    let form =
        form.header("content-type", "application/x-www-form-urlencoded").body(format!("token={TOKEN}"));
    let answer = form.send().await?;
    let cookie = answer.headers().get("set-cookie").ok_or("the login was refused")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}
