//! Tasks by the beginning of their id, or by what they have in common.

use domain::{TaskId, Timestamp};
use serde_json::Value;

use super::super::api::Api;
use super::super::task_text::warn_of_unreadable;
use crate::Failure;

/// Tasks that are looked through for the beginning of an id, of those in any state.
const MAX_LISTED: usize = 10_000;
/// Tasks of a page.
const PAGE: usize = 100;
/// Which tasks these are where there are more.
const OF_THE_LATEST: &str = " among the latest 10,000: write the whole id of an older one";
/// Ids that a failure names.
const NAMED: usize = 5;

/// The tasks that the beginning of an id may mean. It has to be that of one of them alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Among {
    /// All that wait for a person: there is nothing else to decide about.
    Waiting,
    /// Whatever has become of them, the latest first.
    All,
}

/// The only task whose id begins with `given`.
pub(super) async fn id(api: &Api, given: &str) -> Result<String, Failure> {
    Ok(ids(api, &[given.to_owned()], Among::All).await?.remove(0))
}

/// The tasks whose ids begin with these, each once. Nothing is looked up for whole ids.
pub(crate) async fn ids(api: &Api, given: &[String], among: Among) -> Result<Vec<String>, Failure> {
    let mut found: Vec<String> = Vec::new();
    let mut known = None;
    for given in given {
        let id = if given.parse::<TaskId>().is_ok() {
            given.clone()
        } else {
            let (ids, place) = match &mut known {
                Some(known) => known,
                none => none.insert(known_ids(api, among).await?),
            };
            only(given, ids, place)?
        };
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// The ids of the tasks, and which ones these are, in words.
async fn known_ids(api: &Api, among: Among) -> Result<(Vec<String>, &'static str), Failure> {
    match among {
        Among::Waiting => Ok((parked(api).await?, " that waits for a person")),
        Among::All => {
            let (ids, is_all) = pages(api, &[], MAX_LISTED, |task| id_of(&task)).await?;
            Ok((ids, if is_all { "" } else { OF_THE_LATEST }))
        }
    }
}

fn only(given: &str, ids: &[String], place: &str) -> Result<String, Failure> {
    let wanted = given.trim_end_matches('…').trim_start_matches("tsk_").to_ascii_uppercase();
    if wanted.is_empty() {
        return Err(Failure::misspelt(format!("`{given}` is the beginning of every id: write more of it")));
    }
    let fitting = ids.iter().filter(|id| id.trim_start_matches("tsk_").starts_with(&wanted));
    let fitting: Vec<&str> = fitting.map(String::as_str).collect();
    match fitting.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Failure::new(format!("404: there is no task `{given}`{place}"))),
        many => {
            let named: Vec<&str> = many.iter().take(NAMED).copied().collect();
            let more = if many.len() > NAMED { ", …" } else { "" };
            Err(Failure::new(format!("`{given}` may be {}{more}: write more of it", named.join(", "))))
        }
    }
}

/// The tasks that have failed at or after `since`, the oldest first.
pub(super) async fn failed_since(api: &Api, since: Timestamp) -> Result<Vec<String>, Failure> {
    let recent = |task: Value| {
        let at: Timestamp = task.get("updated_at")?.as_str()?.parse().ok()?;
        id_of(&task).filter(|_| at >= since)
    };
    let (mut failed, _) = pages(api, &[("status", "failed")], usize::MAX, recent).await?;
    failed.reverse();
    Ok(failed)
}

/// The tasks that wait for a person, the latest first.
pub(super) async fn parked(api: &Api) -> Result<Vec<String>, Failure> {
    let status = [("status", "awaiting_approval")];
    Ok(pages(api, &status, usize::MAX, |task| id_of(&task)).await?.0)
}

fn id_of(task: &Value) -> Option<String> {
    Some(task.get("task_id")?.as_str()?.to_owned())
}

/// What `keep` keeps of a list, `most` or a page more, and whether the list has no more.
async fn pages(
    api: &Api,
    query: &[(&str, &str)],
    most: usize,
    keep: impl Fn(Value) -> Option<String>,
) -> Result<(Vec<String>, bool), Failure> {
    let (mut kept, mut cursor) = (Vec::new(), String::new());
    while kept.len() < most {
        let given = query.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let page = [("limit", PAGE.to_string()), ("cursor", cursor)];
        let mut page = api.list("/tasks", "tasks", &given.chain(page).collect::<Vec<_>>()).await?;
        warn_of_unreadable(&page);
        if let Some(tasks) = page.get_mut("tasks").and_then(Value::as_array_mut) {
            kept.extend(tasks.drain(..).filter_map(&keep));
        }
        match page.get("cursor").and_then(Value::as_str) {
            Some(next) => cursor = next.to_owned(),
            None => return Ok((kept, true)),
        }
    }
    Ok((kept, false))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::extract::Query;
    use axum::routing::get;
    use axum::{Json, Router};
    use serde_json::json;
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_enough_while_it_is_that_of_one() {
        let ids = ["tsk_01ABC", "tsk_01ABD", "tsk_02"].map(str::to_owned);
        assert_eq!(only("tsk_02", &ids, "").unwrap(), "tsk_02");
        assert_eq!(only("01abc", &ids, "").unwrap(), "tsk_01ABC");
        let said = only("tsk_01AB", &ids, "").unwrap_err().to_string();
        assert!(said.contains("tsk_01ABC, tsk_01ABD: write more"), "{said}");
        for (given, why) in
            [("tsk_03", "no task"), ("1AB", "no task"), ("", "every id"), ("tsk_", "every id")]
        {
            let said = only(given, &ids, "").unwrap_err().to_string();
            assert!(said.contains(why), "{given}: {said}");
        }
    }

    /// A console whose lists have `pages` pages, each with a task of its number: the parked ones end in A, others in B.
    async fn console(pages: usize) -> (Api, JoinSet<()>) {
        let list = move |Query(query): Query<HashMap<String, String>>| async move {
            let page = query["cursor"].parse().unwrap_or(0_usize);
            let kind = if query.contains_key("status") { "A" } else { "B" };
            let others = (1..PAGE).map(|_| "tsk_Z".to_owned());
            let ids = others.chain([format!("tsk_{page:04}{kind}")]);
            let tasks: Vec<Value> = ids.map(|id| json!({ "task_id": id })).collect();
            let cursor = (page + 1 < pages).then(|| (page + 1).to_string());
            Json(json!({"tasks": tasks, "cursor": cursor}))
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut served = JoinSet::new();
        served.spawn(async move {
            axum::serve(listener, Router::new().route("/tasks", get(list))).await.unwrap();
        });
        (Api::with_token(&url, "token".to_owned().into()).unwrap(), served)
    }

    #[tokio::test]
    async fn a_task_is_found_however_old_it_is_and_a_decision_is_about_one_that_waits() {
        let (api, _served) = console(90).await;
        let found = async |given: &str, among| {
            ids(&api, &[given.to_owned()], among).await.map_err(|failure| failure.to_string())
        };
        assert_eq!(found("tsk_0089", Among::All).await.unwrap(), ["tsk_0089B"]);
        assert_eq!(found("tsk_0089", Among::Waiting).await.unwrap(), ["tsk_0089A"]);
        let said = found("tsk_0089B", Among::Waiting).await.unwrap_err();
        assert_eq!(said, "404: there is no task `tsk_0089B` that waits for a person");
        assert_eq!(found("tsk_0099", Among::All).await.unwrap_err(), "404: there is no task `tsk_0099`");
        let said = found("tsk_008", Among::Waiting).await.unwrap_err();
        assert!(said.starts_with("`tsk_008` may be tsk_0080A, tsk_0081A"), "{said}");
    }

    #[tokio::test]
    async fn a_search_that_ends_before_the_list_does_says_so() {
        let (api, _served) = console(MAX_LISTED / PAGE + 1).await;
        let oldest = format!("tsk_{:04}", MAX_LISTED / PAGE);
        let said = ids(&api, std::slice::from_ref(&oldest), Among::All).await.unwrap_err().to_string();
        assert_eq!(said, format!("404: there is no task `{oldest}`{OF_THE_LATEST}"));
        assert_eq!(ids(&api, std::slice::from_ref(&oldest), Among::Waiting).await.unwrap(), [oldest + "A"]);
    }
}
