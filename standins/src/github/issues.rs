//! Repositories, issues and labels; and what else there is to read: one change and one failed run, the same for all.

use serde_json::{Value, json};

use super::state::user;
use super::store::{Change, Github, IssueState, Place};
use super::words::{not_found, refusal};
use crate::kit::{Call, Kept, Reply};

/// The number under which pages of a repository's lists are linked.
pub(super) fn repository_id(owner: &str, repo: &str) -> u64 {
    let name = format!("{owner}/{repo}").to_lowercase();
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        % 1_000_000_000
}

/// An issue of a repository that is named by its number, if something happened to one of its issues.
pub(super) fn by_id(github: &Github, id: &str, number: &str) -> Result<Place, Reply> {
    let known = |at: &Place| repository_id(&at.owner, &at.repo).to_string() == id;
    let at = github.threads().map(|(at, _)| at).find(|at| known(at)).ok_or_else(not_found)?;
    Place::parse(&at.owner, &at.repo, number)
}

pub(super) fn api_url(call: &Call, at: &Place) -> String {
    format!("{}{}/repos/{}/{}/issues/{}", call.origin, call.prefix, at.owner, at.repo, at.number)
}

pub(super) fn html_url(call: &Call, at: &Place) -> String {
    format!("{}/{}/{}/issues/{}", call.origin, at.owner, at.repo, at.number)
}

/// `GET /repos/{owner}/{repo}/issues/{number}`.
pub(super) fn get(github: &Github, call: &Call, at: &Place) -> Result<Reply, Reply> {
    let thread = github.visible(at)?;
    Ok(Reply::ok(json!({
        "number": at.number, "title": "Issue", "body": "",
        "state": if thread.state == IssueState::Closed { "closed" } else { "open" },
        "locked": thread.state == IssueState::Locked, "active_lock_reason": null,
        "user": user(&at.owner, &call.origin), "labels": describe_labels(call, at, &thread.labels),
        "comments": thread.comments.len(), "url": api_url(call, at), "html_url": html_url(call, at),
        "comments_url": format!("{}/comments", api_url(call, at)),
    })))
}

/// `GET …/labels`.
pub(super) fn labels(github: &Github, call: &Call, at: &Place) -> Result<Reply, Reply> {
    let thread = github.visible(at)?;
    Ok(Reply::ok(describe_labels(call, at, &thread.labels)))
}

/// `POST …/labels`, with `{"labels":[…]}` or a bare list of names.
pub(super) fn add_labels(kept: &mut Kept<Github>, call: &Call, at: &Place) -> Result<Reply, Reply> {
    let names = call.body.get("labels").unwrap_or(&call.body);
    let names = names.as_array().ok_or_else(|| invalid_labels(&call.body))?;
    let mut labels = kept.visible(at)?.labels;
    for name in names {
        let name = name.as_str().or_else(|| name["name"].as_str());
        let name = name.filter(|name| !name.is_empty() && name.chars().count() <= 50);
        let name = name.ok_or_else(|| invalid_labels(&call.body))?;
        if !labels.iter().any(|label| label.eq_ignore_ascii_case(name)) {
            labels.push(name.to_owned());
        }
    }
    let shown = describe_labels(call, at, &labels);
    kept.record(Change::Labels { at: at.clone(), labels })?;
    Ok(Reply::ok(shown))
}

fn invalid_labels(body: &Value) -> Reply {
    let given: String = body.to_string().chars().take(80).collect();
    refusal(422, &format!("Invalid request.\n\nFor 'links/1/schema', {given} is not a list of label names."))
}

fn describe_labels(call: &Call, at: &Place, labels: &[String]) -> Value {
    let base = format!("{}{}/repos/{}/{}", call.origin, call.prefix, at.owner, at.repo);
    let describe = |name: &String| {
        json!({
            "id": repository_id(&at.owner, name), "name": name, "color": "ededed", "default": false,
            "description": null, "url": format!("{base}/labels/{name}"),
        })
    };
    labels.iter().map(describe).collect()
}

/// `GET …/pulls/{number}/files`.
pub(super) fn files() -> Reply {
    let patch = "@@ -88,6 +88,7 @@ impl Exporter {\n     fn finish(&mut self) -> io::Result<()> {\n+        self.out.flush()\n     }";
    Reply::ok(json!([
        {"filename": "src/export/csv.rs", "status": "modified", "additions": 1, "deletions": 0, "changes": 1, "patch": patch},
        {"filename": "docs/export.png", "status": "added", "additions": 0, "deletions": 0, "changes": 0},
    ]))
}

/// `GET …/actions/runs/{id}/jobs`.
pub(super) fn jobs(run: &str) -> Reply {
    let steps = json!([
        {"name": "Checkout", "status": "completed", "conclusion": "success", "number": 1},
        {"name": "Run tests", "status": "completed", "conclusion": "failure", "number": 2},
    ]);
    let job = json!({"id": 31_000_001_u64, "run_id": run.parse::<u64>().unwrap_or(0), "name": "test",
        "status": "completed", "conclusion": "failure", "steps": steps});
    Reply::ok(json!({"total_count": 1, "jobs": [job]}))
}

pub(super) fn log() -> Reply {
    Reply::ok(Value::String("2026-11-19T10:31:07.0000000Z test export::keeps_last_row ... FAILED".to_owned()))
}
