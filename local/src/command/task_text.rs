//! Tasks in the terminal, for people and as JSON.

use domain::{Clock, Timestamp};
use serde_json::Value;

use super::table::{Table, plain, plain_lines, style};
use crate::terminal::say;

/// Characters of a reason that a list shows.
const REASON: usize = 90;

/// The fields of a task that are shown if it has them, and their labels.
const LINES: [(&str, &str); 22] = [
    ("title", "/title"),
    ("event", "/event"),
    ("thread", "/thread"),
    ("link", "/link"),
    ("actor", "/actor"),
    ("received", "/received_at"),
    ("starts", "/not_before"),
    ("attempts", "/attempts"),
    ("version", "/version"),
    ("intent", "/classification/intent"),
    ("confidence", "/classification/confidence"),
    ("parked", "/draft/parked_because"),
    ("draft hash", "/draft/hash"),
    ("decision", "/decision/outcome"),
    ("decided by", "/decision/by"),
    ("decided at", "/decision/at"),
    ("reason", "/decision/reason"),
    ("failed at", "/error/step"),
    ("error", "/error/message"),
    ("result", "/result/output_url"),
    ("tokens", "/result/tokens_used"),
    ("cost USD", "/cost_usd"),
];

/// Prints a page of tasks.
pub(crate) fn print_list(page: &Value, json: bool) {
    if json {
        say!("{page}");
        return;
    }
    let tasks = page.get("tasks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let cursor = page.get("cursor").and_then(Value::as_str);
    if tasks.is_empty() {
        say!("{}", if cursor.is_some() { "no tasks on this page" } else { "no tasks" });
    } else {
        let mut table = Table::new(["TASK", "STATUS", "RECEIVED", "EVENT", "THREAD", "COST", "WHY"]);
        for task in tasks {
            let (row, style) = row(task);
            table.push(row, style);
        }
        table.print();
    }
    if let Some(cursor) = cursor {
        say!("more: --cursor {cursor}");
    }
}

/// Whether a stand-in has played the model: its name says so.
fn is_simulated(task: &Value) -> bool {
    let usage = task.get("usage").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    usage.iter().any(|step| text(step, "/model").is_some_and(|model| model.ends_with("(stand-in)")))
}

fn row(task: &Value) -> ([String; 7], anstyle::Style) {
    let text = |pointer: &str| text(task, pointer).unwrap_or_else(|| "-".to_owned());
    let status = text("/status");
    let cost = task.pointer("/cost_usd").and_then(Value::as_f64);
    let note = if is_simulated(task) { " simulated" } else { "" };
    let cost = cost.map_or_else(|| "-".to_owned(), |cost| format!("${cost:.4}{note}"));
    let style = style(&status);
    let received = ago(&text("/received_at"), Clock::system().now());
    ([text("/task_id"), status, received, text("/event"), text("/thread"), cost, why(task)], style)
}

pub(crate) fn print_task(task: &Value, json: bool) {
    if json {
        say!("{task}");
        return;
    }
    let status = text(task, "/status").unwrap_or_default();
    let style = style(&status);
    say!("{}  {style}{status}{style:#}", text(task, "/task_id").unwrap_or_default());
    for (name, pointer) in LINES {
        if let Some(value) = text(task, pointer) {
            let note = if pointer == "/cost_usd" && is_simulated(task) { " (simulated)" } else { "" };
            say!("  {name:<11} {}{note}", plain(&value));
        }
    }
    if task.get("shadow").and_then(Value::as_bool) == Some(true) {
        say!("  {:<11} nothing of it was published", "shadow");
    }
    for it in task.get("corrections").and_then(Value::as_array).into_iter().flatten() {
        say!("  {:<11} {}", "corrected", plain(&correction(it)));
    }
    if let (Some(up), Some(down)) = (text(task, "/reactions/up"), text(task, "/reactions/down")) {
        say!("  {:<11} +{up} -{down}", "reactions");
    }
    for entry in task.get("timeline").and_then(Value::as_array).into_iter().flatten() {
        let field = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        say!("  {}  {:<17}  {}", field("at"), field("status"), plain(&field("note")));
    }
    if let Some(asked) = text(task, "/asked/text") {
        say!("\nasked:\n{}", quoted(&plain_lines(&asked)));
    }
    if let Some(draft) = text(task, "/draft/text") {
        say!("\n{}", plain_lines(&draft));
    }
}

/// `question by mona, the model said bug_report (0.93)`.
fn correction(it: &Value) -> String {
    let field = |name: &str| it.get(name).and_then(Value::as_str);
    let said = format!("{} by {}", field("said").unwrap_or_default(), field("by").unwrap_or_default());
    let Some(model_said) = field("model_said") else { return said };
    let confidence = it.get("confidence").and_then(Value::as_f64);
    let confidence = confidence.map_or_else(String::new, |confidence| format!(" ({confidence:.2})"));
    format!("{said}, the model said {model_said}{confidence}")
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

/// What is at `pointer`, if it is there.
fn text(task: &Value, pointer: &str) -> Option<String> {
    match task.pointer(pointer)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `2026-11-20T18:06:48.915Z` to the second.
pub(crate) fn short_time(at: &str) -> String {
    at.chars().take(19).collect::<String>().replace('T', " ")
}

/// How long ago that was, as a person says it; times to come are shown as they are.
pub(crate) fn ago(at: &str, now: Timestamp) -> String {
    let Ok(then) = at.parse::<Timestamp>() else { return at.to_owned() };
    if then > now {
        return short_time(at);
    }
    match domain::between(then, now).as_secs() {
        seconds @ 0..60 => format!("{seconds}s ago"),
        seconds @ 60..3_600 => format!("{}m ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h ago", seconds / 3_600),
        seconds => format!("{}d ago", seconds / 86_400),
    }
}

/// Why a task has its status, in a few words.
fn why(task: &Value) -> String {
    let text = |pointer: &str| text(task, pointer);
    let last = || text(&format!("/timeline/{}/note", task["timeline"].as_array()?.len().checked_sub(1)?));
    let why = match task.get("status").and_then(Value::as_str) {
        Some("awaiting_approval") => text("/draft/parked_because"),
        Some("failed") => text("/error/message").map(|message| short(&message)),
        Some("waiting") => Some(waits(text("/not_before"), last())),
        Some("completed") => text("/result/output_url"),
        Some("rejected") => text("/decision/by").map(|by| match text("/decision/reason") {
            Some(reason) => format!("by {by}: {}", short(&reason)),
            None => format!("by {by}"),
        }),
        Some("ignored") => last().map(|note| short(&note)),
        _ => None,
    };
    why.unwrap_or_default()
}

fn waits(until: Option<String>, reason: Option<String>) -> String {
    let starts = until.map(|at| format!("starts {}", short_time(&at)));
    let parts: Vec<String> = starts.into_iter().chain(reason.map(|reason| short(&reason))).collect();
    parts.join(", ")
}

/// The beginning of a long text: `tasks show` has all of it.
fn short(text: &str) -> String {
    if text.chars().count() <= REASON {
        return text.to_owned();
    }
    text.chars().take(REASON - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_waiting_task_says_when_it_starts_and_why_it_waits() {
        let task = json!({"status": "waiting", "not_before": "2026-11-20T18:06:48.915Z",
            "timeline": [{"note": "stored"}, {"note": "quota"}]});
        assert_eq!(why(&task), "starts 2026-11-20 18:06:48, quota");
        let due = json!({"status": "waiting", "not_before": null, "timeline": []});
        assert_eq!(why(&due), "");
    }

    #[test]
    fn times_are_told_by_their_distance() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for (at, told) in [
            ("2026-11-20T11:59:18.5Z", "41s ago"),
            ("2026-11-20T11:55:00Z", "5m ago"),
            ("2026-11-20T09:00:00Z", "3h ago"),
            ("2026-11-17T09:00:00Z", "3d ago"),
            ("2026-11-20T13:00:00Z", "2026-11-20 13:00:00"),
            ("-", "-"),
        ] {
            assert_eq!(ago(at, now), told, "{at}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_and_a_link_is_not() {
        let long = "x".repeat(200);
        let failed = json!({"status": "failed", "error": {"message": long}});
        assert_eq!(why(&failed).chars().count(), REASON);
        let completed = json!({"status": "completed", "result": {"output_url": long}});
        assert_eq!(why(&completed), long);
    }

    #[test]
    fn a_correction_says_who_said_what_beside_the_model() {
        let it = json!({"said": "question", "by": "ann", "model_said": "bug_report", "confidence": 0.934});
        assert_eq!(correction(&it), "question by ann, the model said bug_report (0.93)");
        let thumb = json!({"said": "up", "by": "ann", "model_said": null, "confidence": null});
        assert_eq!(correction(&thumb), "up by ann");
    }

    #[test]
    fn a_rejection_names_who_and_why() {
        let task = json!({"status": "rejected", "decision": {"by": "ann", "reason": "off topic"}});
        assert_eq!(why(&task), "by ann: off topic");
    }
}
