//! A line for each webhook that became no task, so that one sees at once why nothing happens.

use std::convert::Infallible;
use std::time::Duration;

use domain::{Clock, DeliveryRecord, last_deliveries};
use serde_json::json;
use tokio::time::sleep;

use super::Running;
use crate::command::table::plain;
use crate::terminal::say;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Lines of a source that are looked at; more within [`LOOK_EVERY`] are no longer read by anybody.
const LINES: usize = 100;

/// Shows them as they come, until dropped.
pub(super) async fn show(running: &Running, json: bool) -> Infallible {
    let mut last = Clock::system().now();
    loop {
        sleep(LOOK_EVERY).await;
        let mut news = Vec::new();
        for source in running.settings.sources.keys() {
            // The hour before, too: a line may have been written as it ended.
            let now = Clock::system().now();
            match last_deliveries(&*running.stores.payloads, source, now, LINES, 2).await {
                Ok(lines) => news.extend(lines.into_iter().filter(|line| line.at > last)),
                Err(error) => tracing::warn!(source, %error, "deliveries cannot be shown"),
            }
        }
        news.sort_by_key(|line| line.at);
        news.iter().for_each(|line| print(line, json));
        last = news.last().map_or(last, |line| line.at);
    }
}

fn print(line: &DeliveryRecord, json: bool) {
    if json {
        say!("{}", json!({"event": "delivery", "delivery": line}));
        return;
    }
    let DeliveryRecord { source, event, outcome, reason, detail, .. } = line;
    let event = event.as_deref().unwrap_or("webhook");
    let reason = reason.as_ref().map(|reason| format!(": {}", reason.replace('_', " "))).unwrap_or_default();
    let detail = detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    say!("  {outcome:<18} {source} {}", plain(&format!("{event}{reason}{detail}")));
}
