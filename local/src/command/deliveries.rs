//! `afterhook deliveries`: why did the agent not react?

use std::process::ExitCode;

use serde_json::Value;

use super::api::Api;
use super::table::{Table, plain, style};
use super::task_text::ago;
use crate::Failure;
use crate::cli::DeliveriesArgs;
use crate::terminal::say;

/// Prints the last webhooks, newest first; as JSON, one a line.
pub(crate) async fn deliveries(args: DeliveriesArgs) -> Result<ExitCode, Failure> {
    let api = Api::open(&args.console)?;
    let query = [("source", args.source), ("outcome", args.outcome)];
    let query: Vec<(&str, String)> =
        query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = api.list("/deliveries", "deliveries", &query).await?;
    let deliveries =
        answer.get("deliveries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let unread = answer.get("unread").and_then(Value::as_array).into_iter().flatten();
    unread.for_each(|hook| eprintln!("{}", plain(&warning(hook))));
    if args.json {
        deliveries.iter().for_each(|delivery| say!("{delivery}"));
    } else if deliveries.is_empty() {
        say!("no webhooks");
    } else {
        print(deliveries);
    }
    Ok(ExitCode::SUCCESS)
}

/// Why; of one that its sender could not deliver, how often it has agreed to send it again as well.
fn reason(delivery: &Value) -> String {
    let reason = delivery.get("reason").and_then(Value::as_str).unwrap_or("-");
    let detail = delivery.get("detail").and_then(Value::as_str);
    match (delivery.get("tries").and_then(Value::as_u64), detail) {
        (Some(tries), _) => format!("{reason}, sent again {tries}x"),
        (None, Some(detail)) => format!("{reason}: {detail}"),
        (None, None) => reason.to_owned(),
    }
}

/// What is said of a hook whose record cannot be read.
fn warning(hook: &Value) -> String {
    let text = |name: &str| hook.get(name).and_then(Value::as_str).unwrap_or("-");
    let (source, hook, problem) = (text("source"), text("hook"), text("problem"));
    format!("[sources.{source}]: what the hook of {hook} could not deliver is not sent again: {problem}")
}

fn print(deliveries: &[Value]) {
    let now = domain::Clock::system().now();
    let mut table = Table::new(["WHEN", "OUTCOME", "REASON", "SOURCE", "EVENT", "TASK"]);
    for delivery in deliveries {
        let text = |name: &str| delivery.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let outcome = text("outcome");
        let style = style(&outcome);
        let cells = [
            ago(&text("at"), now),
            outcome,
            reason(delivery),
            text("source"),
            text("event"),
            text("task_id"),
        ];
        table.push(cells, style);
    }
    table.print();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missed_delivery_says_how_often_it_was_sent_again() {
        assert_eq!(reason(&json!({"reason": "answered_503", "tries": 2})), "answered_503, sent again 2x");
        assert_eq!(reason(&json!({"reason": "bot", "tries": null})), "bot");
        assert_eq!(
            reason(&json!({"reason": "unsubscribed", "detail": "not known"})),
            "unsubscribed: not known"
        );
        assert_eq!(reason(&json!({"reason": null})), "-");
    }

    #[test]
    fn a_hook_whose_record_cannot_be_read_is_named_with_the_reason() {
        let said = warning(&json!({"source": "github", "hook": "octo/repo", "problem": "HTTP 403: no"}));
        assert!(said.contains("octo/repo") && said.ends_with("HTTP 403: no"), "{said}");
    }
}
