//! The deliveries that GitHub has recorded as failed, and their repetition.
//!
//! Source: "Handling failed webhook deliveries" in GitHub's documentation. GitHub sends nothing again by itself and
//! keeps its record for three days. An app has one hook of its own; those of repositories and organisations are read
//! with the token of an account that administers them, or of an installation that may.

use domain::{FailedDeliveries, FailedDelivery, ServiceError, ServiceFailure, Timestamp, UnreadHooks};
use futures::future::join_all;
use outbound::{Call, Request};
use serde::Deserialize;

use crate::api::Api;
use crate::link::next_cursor;
use crate::thread::is_name;

/// Deliveries on a page: the most that GitHub gives.
const PER_PAGE: &str = "100";
/// Pages that are read of one hook, the newest first.
const MAX_PAGES: usize = 5;
/// Whose the app's own hook is; no repository or organisation is called so.
const APP: &str = "the App";

#[derive(Debug, Deserialize)]
struct WireHook {
    id: u64,
    #[serde(default)]
    config: HookConfig,
}

/// Where a hook sends to.
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

/// The failed deliveries since then of the hooks that send to `source`, and the hooks that cannot be read. What one
/// of them meets keeps no other waiting.
pub(crate) async fn failed(
    api: &Api,
    call: Call,
    source: &str,
    hooks: &[String],
    since: Timestamp,
) -> FailedDeliveries {
    let mut all = FailedDeliveries::default();
    let records =
        owners(api, hooks).map(|owner| async move { (owner, read(api, call, owner, source, since).await) });
    for (owner, record) in join_all(records).await {
        match record {
            Ok(deliveries) => all.deliveries.extend(deliveries),
            Err(problem) => all.unread.extend(unread(hooks, owner, problem)),
        }
    }
    all
}

/// Has it made once more, by whoever has it on record.
pub(crate) async fn redeliver(api: &Api, call: Call, delivery: &FailedDelivery) -> Result<(), ServiceError> {
    let path: Vec<&str> = delivery.address.split('/').chain(["attempts"]).collect();
    api.at(call, &path, Request::post_nothing).await.map(drop)
}

/// Where the hooks of an app, and of these repositories and organisations, send to.
pub(crate) async fn addresses(api: &Api, call: Call, hooks: &[String]) -> (Vec<String>, UnreadHooks) {
    let (mut all, mut not_read) = (Vec::new(), UnreadHooks::new());
    let found = owners(api, hooks).map(|owner| async move { (owner, addresses_of(api, call, owner).await) });
    for (owner, found) in join_all(found).await {
        match found {
            Ok(addresses) => all.extend(addresses),
            Err(problem) => not_read.extend(unread(hooks, owner, problem)),
        }
    }
    (all, not_read)
}

/// What the hooks are called after, the app's own first.
fn owners<'a>(api: &Api, hooks: &'a [String]) -> impl Iterator<Item = &'a str> + use<'a> {
    api.is_app().then_some(APP).into_iter().chain(hooks.iter().map(String::as_str))
}

/// An app whose events come by hooks of others may have no hook of its own.
fn unread(hooks: &[String], owner: &str, problem: ServiceError) -> Option<(String, String)> {
    let has_none = owner == APP && !hooks.is_empty() && problem.failure == ServiceFailure::Refused;
    (!has_none).then(|| (owner.to_owned(), problem.message))
}

async fn addresses_of(api: &Api, call: Call, owner: &str) -> Result<Vec<String>, ServiceError> {
    if owner == APP {
        let answer = api.at(call, &["app", "hook", "config"], |url| Request::get(url, &[])).await?;
        let HookConfig { url } = api.client.decode(call, &answer)?;
        return Ok(vec![url]);
    }
    let (_, hooks) = hooks_of(api, call, owner).await?;
    Ok(hooks.into_iter().map(|hook| hook.config.url).collect())
}

/// The hooks of a repository or an organisation, and where they are listed.
async fn hooks_of(api: &Api, call: Call, owner: &str) -> Result<(String, Vec<WireHook>), ServiceError> {
    let path = match owner.split_once('/') {
        Some((owner, repo)) if is_name(owner) && is_name(repo) => vec!["repos", owner, repo, "hooks"],
        None if is_name(owner) => vec!["orgs", owner, "hooks"],
        _ => return Err(api.client.refused(call, "a hook belongs to a repository or an organisation")),
    };
    let answer = api.at(call, &path, |url| Request::get(url, &[("per_page", PER_PAGE)])).await?;
    Ok((path.join("/"), api.client.decode(call, &answer)?))
}

/// What the hooks of `owner` that send to `source` could not deliver since then.
async fn read(
    api: &Api,
    call: Call,
    owner: &str,
    source: &str,
    since: Timestamp,
) -> Result<Vec<FailedDelivery>, ServiceError> {
    let mut found = Vec::new();
    if owner == APP {
        read_list(api, call, "app/hook/deliveries", since, &mut found).await?;
        return Ok(found);
    }
    let ours = format!("/webhooks/{source}");
    let (at, hooks) = hooks_of(api, call, owner).await?;
    for hook in hooks.iter().filter(|hook| hook.config.url.trim_end_matches('/').ends_with(&ours)) {
        read_list(api, call, &format!("{at}/{}/deliveries", hook.id), since, &mut found).await?;
    }
    Ok(found)
}

async fn read_list(
    api: &Api,
    call: Call,
    list: &str,
    since: Timestamp,
    found: &mut Vec<FailedDelivery>,
) -> Result<(), ServiceError> {
    let path: Vec<&str> = list.split('/').collect();
    let mut cursor: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![("status", "failure"), ("per_page", PER_PAGE)];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = api.at(call, &path, |url| Request::get(url, &query)).await?;
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
