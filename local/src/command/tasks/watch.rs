//! `afterhook tasks list --watch`: the list as it changes, until Ctrl-C.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::api::Api;
use crate::Failure;
use crate::command::task_text::{print_list, print_task};
use crate::shutdown::{Shutdown, goodbye};
use crate::terminal::{self, say};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Clears a terminal, and goes to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Shows the list on a terminal; elsewhere, and as JSON, each task whenever it has changed. Until Ctrl-C.
pub(super) async fn watch(api: &Api, query: &[(&str, String)], json: bool) -> Result<ExitCode, Failure> {
    let mut shutdown = Shutdown::heard()?;
    tokio::select! {
        failure = show_changes(api, query, json) => Err(failure),
        () = shutdown.requested() => {
            goodbye("tasks go on");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn show_changes(api: &Api, query: &[(&str, String)], json: bool) -> Failure {
    let is_screen = !json && !terminal::is_dumb() && std::io::stdout().is_terminal();
    let mut known = BTreeMap::new();
    loop {
        let page = match api.list("/tasks", "tasks", query).await {
            Ok(page) => page,
            Err(failure) => return failure,
        };
        let changed = changed(&mut known, &page);
        if is_screen && !changed.is_empty() {
            say!("{CLEAR}");
            print_list(&page, false);
        } else if !is_screen {
            for task in &changed {
                if json { print_task(task, true) } else { print_list(&json!({"tasks": [task]}), false) }
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The tasks of `page` that are new or have changed, the oldest first.
fn changed<'p>(known: &mut BTreeMap<String, String>, page: &'p Value) -> Vec<&'p Value> {
    let tasks = page.get("tasks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text =
        |task: &Value, name: &str| task.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_news = |task: &&Value| {
        let state = format!("{} {}", text(task, "status"), text(task, "updated_at"));
        known.insert(text(task, "task_id"), state.clone()).is_none_or(|before| before != state)
    };
    tasks.iter().rev().filter(is_news).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_news_once_for_each_change() {
        let task = |status: &str, at: &str| json!({"task_id": "tsk_1", "status": status, "updated_at": at});
        let mut known = BTreeMap::new();
        let page = json!({"tasks": [task("received", "1")]});
        assert_eq!(changed(&mut known, &page).len(), 1);
        assert_eq!(changed(&mut known, &page).len(), 0);
        let page = json!({"tasks": [task("completed", "2")]});
        assert_eq!(changed(&mut known, &page).len(), 1);
    }
}
