//! What GitHub knows of an event besides its thread: the files that a pull request changes, and where a run of a
//! workflow failed. Everything is bounded, and says so where it is cut.

use domain::{Document, Event, ServiceError, ServiceFailure, clip};
use outbound::{Call, Request, StatusCode, Url};
use serde::Deserialize;

use crate::api::Api;
use crate::thread::Thread;

/// Files on a page: the most that GitHub gives.
const PER_PAGE: &str = "100";
/// Bytes of one file's changes.
const MAX_PATCH: usize = 4_000;
/// Bytes of a whole document.
const MAX_TEXT: usize = 24_000;
/// Jobs whose logs are read.
const MAX_JOBS: usize = 3;
/// Bytes of the end of one log.
const MAX_LOG: usize = 6_000;

#[derive(Debug, Deserialize)]
struct WireFile {
    filename: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
    /// Not there for binary and for large files.
    patch: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Jobs {
    #[serde(default)]
    jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
struct Job {
    id: u64,
    #[serde(default)]
    name: String,
    conclusion: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    #[serde(default)]
    name: String,
    conclusion: Option<String>,
}

fn has_failed(conclusion: Option<&str>) -> bool {
    matches!(conclusion, Some("failure" | "timed_out" | "startup_failure"))
}

/// The reference texts for `event`.
pub(crate) async fn about(api: &Api, call: Call, event: &Event) -> Result<Vec<Document>, ServiceError> {
    let fact = |name: &str| event.metadata.get(name);
    if let Some(target) = event.target.as_ref().filter(|_| fact("is_pull_request") == Some(&true.into())) {
        return files(api, call, Thread::of(&api.client, call, target)?).await.map(|file| vec![file]);
    }
    match fact("run_id").and_then(serde_json::Value::as_u64) {
        Some(run) => {
            let thread = Thread::in_repository(&api.client, call, &event.tenant)?;
            failures(api, call, thread, run).await
        }
        None => Ok(Vec::new()),
    }
}

/// The changes of a pull request.
async fn files(api: &Api, call: Call, thread: Thread<'_>) -> Result<Document, ServiceError> {
    let request = Request::get(thread.files(api.client.base()), &[("per_page", PER_PAGE)]);
    let (files, pages): (Vec<WireFile>, _) = api.call(call, thread, &request).await?;
    let mut text = String::new();
    for (done, file) in files.iter().enumerate() {
        let change = describe(file);
        if text.len() + change.len() > MAX_TEXT {
            text.push_str(&format!("[cut here: {} more files]\n", files.len() - done));
            break;
        }
        text.push_str(&change);
    }
    if pages.next.is_some() {
        text.push_str("[the pull request changes more files than these]\n");
    }
    Ok(Document { name: "files that the pull request changes".to_owned(), text })
}

fn describe(file: &WireFile) -> String {
    let WireFile { filename, status, additions, deletions, patch } = file;
    let head = format!("{filename} ({status}, +{additions} -{deletions})\n");
    match patch {
        None => head,
        Some(patch) if patch.len() <= MAX_PATCH => format!("{head}{patch}\n"),
        Some(patch) => {
            let shown = clip(patch, MAX_PATCH);
            let whole = shown.rfind('\n').map_or(shown, |end| &shown[..end]);
            format!("{head}{whole}\n[the rest of this file's changes is cut]\n")
        }
    }
}

/// Where a run has failed: its steps, and the ends of their jobs' logs.
async fn failures(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    run: u64,
) -> Result<Vec<Document>, ServiceError> {
    let url = thread.repository(api.client.base(), &["actions", "runs", &run.to_string(), "jobs"]);
    let request = Request::get(url, &[("filter", "latest"), ("per_page", PER_PAGE)]);
    let (Jobs { jobs }, _) = api.call(call, thread, &request).await?;
    let mut failed: Vec<Job> = jobs.into_iter().filter(|job| has_failed(job.conclusion.as_deref())).collect();
    let more = failed.len().saturating_sub(MAX_JOBS);
    failed.truncate(MAX_JOBS);
    let mut documents = Vec::new();
    for job in failed {
        let mut text = String::new();
        for step in job.steps.iter().filter(|step| has_failed(step.conclusion.as_deref())) {
            text.push_str(&format!("failed step: {}\n", step.name));
        }
        match log(api, call, thread, job.id).await {
            Ok(Some(log)) => text.push_str(&format!("the end of its log:\n{}\n", end_of(&log))),
            Ok(None) => text.push_str("its log is not kept\n"),
            Err(error) if error.failure == ServiceFailure::AccountRefused => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "a job's log cannot be read; the answer does without");
                text.push_str("its log cannot be read\n");
            }
        }
        documents.push(Document { name: format!("failed job {}", job.name), text });
    }
    if let Some(last) = documents.last_mut().filter(|_| more > 0) {
        last.text.push_str(&format!("[{more} more jobs failed]\n"));
    }
    Ok(documents)
}

/// The whole log of a job. GitHub answers with an address that is good for a minute and needs no credential: ours are
/// not sent there.
async fn log(api: &Api, call: Call, thread: Thread<'_>, job: u64) -> Result<Option<String>, ServiceError> {
    let url = thread.repository(api.client.base(), &["actions", "jobs", &job.to_string(), "logs"]);
    let answer = api.raw(call, thread, &Request::get(url, &[])).await?;
    let answer = match location(api, answer.headers.get("location").and_then(|to| to.to_str().ok())) {
        Some(address) if answer.status.is_redirection() => {
            api.client.send(call, &Request::get(address, &[])).await?
        }
        _ => answer,
    };
    match answer.status {
        StatusCode::OK => Ok(Some(String::from_utf8_lossy(&answer.body).into_owned())),
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
        _ => Err(api.client.failed(call, &answer, "", None)),
    }
}

/// An address that GitHub sends us to, if nobody can listen on the way there.
fn location(api: &Api, to: Option<&str>) -> Option<Url> {
    let base = api.client.base();
    let to = base.url().join(to?).ok()?;
    (to.scheme() == "https" || to.origin() == base.url().origin()).then_some(to)
}

/// The last lines of a log, each without the time that stands before it.
fn end_of(log: &str) -> String {
    let mut start = log.len().saturating_sub(2 * MAX_LOG);
    while !log.is_char_boundary(start) {
        start += 1;
    }
    // The first one of these may have lost its beginning.
    let partial = usize::from(start > 0);
    let lines: Vec<&str> = log[start..].lines().skip(partial).map(without_time).collect();
    let (mut kept, mut size) = (lines.len(), 0);
    while kept > 0 && size + lines[kept - 1].len() < MAX_LOG {
        kept -= 1;
        size += lines[kept].len() + 1;
    }
    lines[kept..].join("\n")
}

fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.ends_with('Z') && time.starts_with("20") && time.contains('T') => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_whole_lines_without_their_times() {
        let line = |n: usize| format!("2026-11-19T10:31:00.1234567Z error é {n}\n");
        let log: String = (0..5_000).map(line).collect();
        let end = end_of(&log);
        assert!(end.len() <= MAX_LOG && end.ends_with("error é 4999"), "{}", end.len());
        assert!(end.starts_with("error é ") && !end.contains("2026-11-19T"));
        assert_eq!(end_of("one\ntwo"), "one\ntwo");
        assert_eq!(end_of(""), "");
        assert_eq!(end_of(&"x".repeat(50_000)), "", "a line that is longer than all that is shown");
    }

    #[test]
    fn changes_are_cut_at_a_line_and_say_so() {
        let patch = "+é\n".repeat(4_000);
        let file = WireFile {
            filename: "a.rs".to_owned(),
            status: "modified".to_owned(),
            additions: 2,
            deletions: 1,
            patch: Some(patch),
        };
        let text = describe(&file);
        assert!(text.starts_with("a.rs (modified, +2 -1)\n+é\n") && text.len() < MAX_PATCH + 200);
        assert!(text.ends_with("+é\n[the rest of this file's changes is cut]\n"), "{text}");
        assert_eq!(describe(&WireFile { patch: None, ..file }), "a.rs (modified, +2 -1)\n");
    }
}
