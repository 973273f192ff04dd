//! `afterhook deliveries`: why did the agent not react?

use std::process::ExitCode;

use serde_json::Value;

use super::api::Api;
use super::table::{Table, style};
use super::task_text::short_time;
use crate::Failure;
use crate::cli::DeliveriesArgs;
use crate::terminal::say;

/// Prints the last webhooks, newest first; as JSON, one a line.
pub(crate) async fn deliveries(args: DeliveriesArgs) -> Result<ExitCode, Failure> {
    let api = Api::at(&args.url, &args.data_dir.path)?;
    let query = [("source", args.source), ("outcome", args.outcome)];
    let query: Vec<(&str, String)> =
        query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = api.get("/deliveries", &query).await?;
    let deliveries =
        answer.get("deliveries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if args.json {
        deliveries.iter().for_each(|delivery| say!("{delivery}"));
    } else if deliveries.is_empty() {
        say!("no webhooks");
    } else {
        print(deliveries);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(deliveries: &[Value]) {
    let mut table = Table::new(["TIME (UTC)", "OUTCOME", "REASON", "SOURCE", "EVENT", "TASK"]);
    for delivery in deliveries {
        let text = |name: &str| delivery.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let outcome = text("outcome");
        let style = style(&outcome);
        let cells = [
            short_time(&text("at")),
            outcome,
            text("reason"),
            text("source"),
            text("event"),
            text("task_id"),
        ];
        table.push(cells, style);
    }
    table.print();
}
