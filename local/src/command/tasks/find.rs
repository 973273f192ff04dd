//! Tasks by the beginning of their id, or by what they have in common.

use domain::{TaskId, Timestamp};
use serde_json::Value;

use super::super::api::Api;
use crate::Failure;

/// Pages that are looked through for the beginning of an id: the latest 1,000 tasks.
const MAX_PAGES: usize = 10;
/// Ids that a failure names.
const NAMED: usize = 5;

/// The only task whose id begins with `given`.
pub(super) async fn id(api: &Api, given: &str) -> Result<String, Failure> {
    Ok(ids(api, &[given.to_owned()]).await?.remove(0))
}

/// The tasks whose ids begin with these, each once. Nothing is looked up for whole ids.
pub(crate) async fn ids(api: &Api, given: &[String]) -> Result<Vec<String>, Failure> {
    let mut found: Vec<String> = Vec::new();
    let mut known = None;
    for given in given {
        let id = if given.parse::<TaskId>().is_ok() {
            given.clone()
        } else {
            if known.is_none() {
                known = Some(pages(api, &[], MAX_PAGES).await?);
            }
            only(given, known.as_deref().unwrap_or_default())?
        };
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

fn only(given: &str, tasks: &[Value]) -> Result<String, Failure> {
    let wanted = given.trim_end_matches('…').trim_start_matches("tsk_").to_ascii_uppercase();
    if wanted.is_empty() {
        return Err(Failure::new(format!("`{given}` is the beginning of every id: write more of it")));
    }
    let ids = tasks.iter().filter_map(|task| task.get("task_id")?.as_str());
    let fitting: Vec<&str> = ids.filter(|id| id.trim_start_matches("tsk_").starts_with(&wanted)).collect();
    match fitting.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Failure::new(format!("404: there is no task `{given}` among the latest ones"))),
        many => {
            let named: Vec<&str> = many.iter().take(NAMED).copied().collect();
            let more = if many.len() > NAMED { ", …" } else { "" };
            Err(Failure::new(format!("`{given}` may be {}{more}: write more of it", named.join(", "))))
        }
    }
}

/// The tasks that have failed at or after `since`, the oldest first.
pub(super) async fn failed_since(api: &Api, since: Timestamp) -> Result<Vec<String>, Failure> {
    let failed = pages(api, &[("status", "failed".to_owned())], usize::MAX).await?;
    let at = |task: &Value| task.get("updated_at")?.as_str()?.parse::<Timestamp>().ok();
    let recent = failed.iter().rev().filter(|task| at(task).is_some_and(|at| at >= since));
    Ok(recent.filter_map(|task| Some(task.get("task_id")?.as_str()?.to_owned())).collect())
}

/// The tasks of the first `most` pages of a list.
pub(super) async fn pages(api: &Api, query: &[(&str, String)], most: usize) -> Result<Vec<Value>, Failure> {
    let (mut tasks, mut cursor) = (Vec::new(), String::new());
    for _ in 0..most {
        let mut query = query.to_vec();
        query.extend([("limit", "100".to_owned()), ("cursor", cursor.clone())]);
        let mut page = api.get("/tasks", &query).await?;
        if let Some(found) = page.get_mut("tasks").and_then(Value::as_array_mut) {
            tasks.append(found);
        }
        match page.get("cursor").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_enough_while_it_is_that_of_one() {
        let tasks =
            [json!({"task_id": "tsk_01ABC"}), json!({"task_id": "tsk_01ABD"}), json!({"task_id": "tsk_02"})];
        assert_eq!(only("tsk_02", &tasks).unwrap(), "tsk_02");
        assert_eq!(only("01abc", &tasks).unwrap(), "tsk_01ABC");
        let said = only("tsk_01AB", &tasks).unwrap_err().to_string();
        assert!(said.contains("tsk_01ABC, tsk_01ABD: write more"), "{said}");
        for (given, why) in
            [("tsk_03", "no task"), ("1AB", "no task"), ("", "every id"), ("tsk_", "every id")]
        {
            let said = only(given, &tasks).unwrap_err().to_string();
            assert!(said.contains(why), "{given}: {said}");
        }
    }
}
