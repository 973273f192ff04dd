//! The deliveries that GitHub has recorded as failed, and their repetition.
//!
//! Source: "Handling failed webhook deliveries" in GitHub's documentation. GitHub sends nothing again by itself and
//! keeps its record for three days. An app has one hook; a token reads the hooks of the repositories and
//! organisations that its account administers.

use domain::{FailedDelivery, ServiceError, Timestamp};
use outbound::{Call, Request};
use serde::Deserialize;

use crate::api::Api;
use crate::link::next_cursor;
use crate::thread::is_name;

/// Deliveries on a page: the most that GitHub gives.
const PER_PAGE: &str = "100";
/// Pages that are read of one hook, the newest first.
const MAX_PAGES: usize = 5;

#[derive(Debug, Deserialize)]
struct WireHook {
    id: u64,
    #[serde(default)]
    config: HookConfig,
}

#[derive(Debug, Default, Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
}

#[derive(Debug, Deserialize)]
struct WireDelivery {
    id: u64,
    guid: String,
    delivered_at: Timestamp,
    #[serde(default)]
    status_code: u16,
    event: String,
    action: Option<String>,
}

/// The failed deliveries since then of the hooks that send to `source`.
pub(crate) async fn failed(
    api: &Api,
    call: Call,
    source: &str,
    hooks: &[String],
    since: Timestamp,
) -> Result<Vec<FailedDelivery>, ServiceError> {
    let mut found = Vec::new();
    for list in lists(api, call, source, hooks).await? {
        read(api, call, &list, since, &mut found).await?;
    }
    Ok(found)
}

/// Has it made once more.
pub(crate) async fn redeliver(api: &Api, call: Call, delivery: &FailedDelivery) -> Result<(), ServiceError> {
    let segments: Vec<&str> = delivery.address.split('/').chain(["attempts"]).collect();
    let request = Request::post_nothing(api.client.base().join(&segments));
    api.as_owner(call, &request).await.map(drop)
}

/// Where the deliveries of each hook are listed.
async fn lists(api: &Api, call: Call, source: &str, hooks: &[String]) -> Result<Vec<String>, ServiceError> {
    if api.is_app() {
        return Ok(vec!["app/hook/deliveries".to_owned()]);
    }
    let ours = format!("/webhooks/{source}");
    let is_ours = |hook: &WireHook| hook.config.url.trim_end_matches('/').ends_with(&ours);
    let mut lists = Vec::new();
    for (at, found) in of_owners(api, call, hooks).await? {
        lists.extend(
            found.iter().filter(|hook| is_ours(hook)).map(|hook| format!("{at}/{}/deliveries", hook.id)),
        );
    }
    Ok(lists)
}

/// Where the hooks of these repositories and organisations send to.
pub(crate) async fn addresses(api: &Api, call: Call, hooks: &[String]) -> Result<Vec<String>, ServiceError> {
    let found = of_owners(api, call, hooks).await?;
    Ok(found.into_iter().flat_map(|(_, hooks)| hooks).map(|hook| hook.config.url).collect())
}

/// The hooks of these repositories and organisations, each with where they are listed.
async fn of_owners(
    api: &Api,
    call: Call,
    hooks: &[String],
) -> Result<Vec<(String, Vec<WireHook>)>, ServiceError> {
    let mut found = Vec::new();
    for name in hooks {
        let at = match name.split_once('/') {
            Some((owner, repo)) if is_name(owner) && is_name(repo) => format!("repos/{owner}/{repo}/hooks"),
            None if is_name(name) => format!("orgs/{name}/hooks"),
            _ => return Err(api.client.refused(call, "a hook belongs to a repository or an organisation")),
        };
        let url = api.client.base().join(&at.split('/').collect::<Vec<_>>());
        let answer = api.as_owner(call, &Request::get(url, &[("per_page", PER_PAGE)])).await?;
        found.push((at, api.client.decode(call, &answer)?));
    }
    Ok(found)
}

async fn read(
    api: &Api,
    call: Call,
    list: &str,
    since: Timestamp,
    found: &mut Vec<FailedDelivery>,
) -> Result<(), ServiceError> {
    let mut cursor: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![("status", "failure"), ("per_page", PER_PAGE)];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let url = api.client.base().join(&list.split('/').collect::<Vec<_>>());
        let answer = api.as_owner(call, &Request::get(url, &query)).await?;
        let page: Vec<WireDelivery> = api.client.decode(call, &answer)?;
        let is_over = page.iter().any(|delivery| delivery.delivered_at < since);
        // Whether the filter was understood or not: what went well is not sent again.
        let failed =
            page.into_iter().filter(|it| it.delivered_at >= since && !(200..300).contains(&it.status_code));
        found.extend(failed.map(|delivery| delivery.at_address(list)));
        cursor = next_cursor(&answer);
        if is_over || cursor.is_none() {
            break;
        }
    }
    Ok(())
}

impl WireDelivery {
    fn at_address(self, list: &str) -> FailedDelivery {
        let event = match self.action {
            Some(action) => format!("{}.{action}", self.event),
            None => self.event,
        };
        FailedDelivery {
            address: format!("{list}/{}", self.id),
            guid: self.guid,
            event,
            at: self.delivered_at,
            status: self.status_code,
        }
    }
}
