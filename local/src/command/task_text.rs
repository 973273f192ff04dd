//! Tasks in the terminal, for people and as JSON.

use std::collections::BTreeSet;

use console::{plain_notes, usd};
use domain::{Clock, TimelineEntry, Timestamp, thread_name};
use serde_json::{Value, json};

use super::table::{Table, WHOLE, plain, plain_lines, style};
use crate::terminal::{self, say};

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
    ("cost", "/cost_usd"),
];

/// Those of [`LINES`] that are times.
const TIMES: [&str; 3] = ["/received_at", "/not_before", "/decision/at"];

/// The columns of a list; how narrow each may become, and which are left out where there is no room, the first of them first.
const COLUMNS: [&str; 8] = ["TASK", "STATUS", "RECEIVED", "TITLE", "EVENT", "THREAD", "COST", "WHY"];
const NARROWEST: [usize; 8] = [WHOLE, WHOLE, WHOLE, 24, 12, 16, WHOLE, 20];
const LEFT_OUT: &[usize] = &[5, 4, 6, 7, 2];

/// Prints a page of tasks; as JSON a task a line, and where the next page begins in a last one.
pub(crate) fn print_list(page: &Value, json: bool) {
    let tasks = page.get("tasks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let cursor = page.get("cursor").and_then(Value::as_str);
    warn_of_unreadable(page);
    if json {
        tasks.iter().for_each(|task| say!("{task}"));
        cursor.into_iter().for_each(|cursor| say!("{}", json!({ "cursor": cursor })));
        return;
    }
    if tasks.is_empty() {
        say!("{}", if cursor.is_some() { "no tasks on this page" } else { "no tasks" });
    } else {
        let mut table = Table::new(COLUMNS).narrowed(NARROWEST, LEFT_OUT);
        let ids: Vec<&str> = tasks.iter().filter_map(|task| task.get("task_id")?.as_str()).collect();
        let length = if terminal::width().is_some() { shortest(&ids) } else { usize::MAX };
        for task in tasks {
            let (mut row, style) = row(task);
            row[0] = row[0].chars().take(length).collect();
            table.push(row, style);
        }
        table.print();
    }
    if let Some(cursor) = cursor {
        say!("more: --cursor {cursor}");
    }
}

/// Says how many tasks a page of a list leaves out because they cannot be read.
pub(crate) fn warn_of_unreadable(page: &Value) {
    if let Some(count) = page.get("unreadable").and_then(Value::as_u64) {
        eprintln!(
            "afterhook: tasks that cannot be read and are left out: {count}; the console's log names them"
        );
    }
}

/// Whether a stand-in has played the model: its name says so.
fn is_simulated(task: &Value) -> bool {
    let usage = task.get("usage").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    usage.iter().any(|step| text(step, "/model").is_some_and(|model| model.ends_with("(stand-in)")))
}

/// How much of an id tells it from the others: no less than what tells it from nearly all that there will ever be.
fn shortest(ids: &[&str]) -> usize {
    const AT_LEAST: usize = "tsk_".len() + 6;
    let is_enough = |length: &usize| {
        let cut: BTreeSet<&str> = ids.iter().filter_map(|id| id.get(..*length)).collect();
        cut.len() == ids.len()
    };
    (AT_LEAST..usize::from(u8::MAX)).find(is_enough).unwrap_or(usize::MAX)
}

fn row(task: &Value) -> ([String; 8], anstyle::Style) {
    let known = |pointer: &str| text(task, pointer);
    let text = |pointer: &str| known(pointer).unwrap_or_else(|| "-".to_owned());
    let status = text("/status");
    let style = style(&status);
    let received = ago(&text("/received_at"), Clock::system().now());
    let thread = thread(task).unwrap_or_else(|| "-".to_owned());
    let title = known("/title").unwrap_or_else(|| thread.clone());
    let cells = [
        text("/task_id"),
        status,
        received,
        title,
        text("/event"),
        thread,
        cost(task, "").unwrap_or_else(|| "-".to_owned()),
        why(task),
    ];
    (cells, style)
}

/// What a task has cost, as money, and at which prices; a stand-in's is said to be none.
fn cost(task: &Value, prices: &str) -> Option<String> {
    let note = if is_simulated(task) { " simulated" } else { "" };
    task.get("cost_usd")?.as_f64().map(|cost| format!("{}{prices}{note}", usd(cost)))
}

pub(crate) fn print_task(task: &Value, json: bool) {
    if json {
        say!("{task}");
        return;
    }
    let status = text(task, "/status").unwrap_or_default();
    let style = style(&status);
    say!("{}  {style}{status}{style:#}", text(task, "/task_id").unwrap_or_default());
    let now = Clock::system().now();
    for (name, pointer) in LINES {
        if let Some(value) = line(task, pointer, now) {
            say!("  {name:<11} {}", plain(&value));
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
    timeline(task, now).iter().for_each(|line| say!("  {line}"));
    for (label, said) in asked(task) {
        say!("\n{label}:\n{}", quoted(&plain_lines(&said)));
    }
    if let Some(draft) = text(task, "/draft/text") {
        say!("\n{}", plain_lines(&draft));
    }
}

/// What the draft answers, as the page of the task shows it: how the thread began, what was asked before by whom this
/// answer is for, and what is asked now.
fn asked(task: &Value) -> Vec<(&'static str, String)> {
    let now = text(task, "/asked/text");
    let opening = text(task, "/asked/opening").filter(|opening| Some(opening) != now.as_ref());
    let before = task.pointer("/asked/before").and_then(Value::as_array).into_iter().flatten();
    let before = before.filter_map(Value::as_str).map(|before| ("asked before", before.to_owned()));
    let opening = opening.map(|opening| ("how the thread began", opening));
    opening.into_iter().chain(before).chain(now.map(|now| ("asked", now))).collect()
}

/// What is at `pointer`, as a person reads it.
fn line(task: &Value, pointer: &str, now: Timestamp) -> Option<String> {
    let value = text(task, pointer)?;
    match pointer {
        "/cost_usd" => cost(task, &format!(" at list prices of {}", prices::PRICES_AS_OF)),
        // What people call it, and what programs do.
        "/thread" => thread(task).map(|name| if name == value { name } else { format!("{name} ({value})") }),
        "/classification/confidence" => {
            Some(value.parse::<f64>().map_or(value, |share| format!("{share:.2}")))
        }
        _ if TIMES.contains(&pointer) => Some(ago(&value, now)),
        _ => Some(value),
    }
}

/// What people call the thread, as the console does.
fn thread(task: &Value) -> Option<String> {
    let thread = text(task, "/thread")?;
    let source = task.get("source").and_then(Value::as_str).unwrap_or_default();
    let metadata = task.get("metadata").and_then(Value::as_object);
    Some(metadata.map_or_else(|| thread.clone(), |known| thread_name(source, known, &thread).into_owned()))
}

/// What happened, in the words of the console.
fn timeline(task: &Value, now: Timestamp) -> Vec<String> {
    let entries: Vec<TimelineEntry> = task
        .get("timeline")
        .and_then(|entries| serde_json::from_value(entries.clone()).ok())
        .unwrap_or_default();
    plain_notes(&entries)
        .map(|(entry, note)| format!("{:<8}  {}", since(entry.at, now), plain(&note)))
        .collect()
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

/// How long ago that was, or how far ahead it is, as a person says it.
pub(crate) fn ago(at: &str, now: Timestamp) -> String {
    at.parse().map_or_else(|_| at.to_owned(), |at| since(at, now))
}

fn since(at: Timestamp, now: Timestamp) -> String {
    let distance = |from, to| match domain::between(from, to).as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    };
    if at > now { format!("in {}", distance(now, at)) } else { format!("{} ago", distance(at, now)) }
}

/// Why a task has its status, in a few words.
fn why(task: &Value) -> String {
    let text = |pointer: &str| text(task, pointer);
    let last = || text(&format!("/timeline/{}/note", task["timeline"].as_array()?.len().checked_sub(1)?));
    let why = match task.get("status").and_then(Value::as_str) {
        Some("awaiting_approval") => text("/draft/parked_because"),
        Some("failed") => text("/error/message").map(|message| short(&message)),
        Some("waiting") => Some(waits(text("/not_before"), last(), Clock::system().now())),
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

fn waits(until: Option<String>, reason: Option<String>, now: Timestamp) -> String {
    let is_ahead = |at: &String| at.parse::<Timestamp>().is_ok_and(|at| at > now);
    let starts = until.filter(is_ahead).map(|at| format!("starts {}", ago(&at, now)));
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
    use super::*;

    #[test]
    fn a_waiting_task_says_when_it_starts_and_why_it_waits() {
        let now = "2026-11-20T18:02:48Z".parse().unwrap();
        let until = |at: &str| waits(Some(at.to_owned()), Some("quota".to_owned()), now);
        assert_eq!(until("2026-11-20T18:06:48.915Z"), "starts in 4m, quota");
        assert_eq!(until("2026-11-20T18:02:47Z"), "quota", "it starts any moment");
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
            ("2026-11-20T13:00:00Z", "in 1h"),
            ("-", "-"),
        ] {
            assert_eq!(ago(at, now), told, "{at}");
        }
    }

    #[test]
    fn costs_are_money_and_the_timeline_speaks_plainly() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        let entry = |at: &str, status: &str, note: &str| json!({"at": at, "status": status, "note": note});
        let task = json!({"cost_usd": 0.002_728_600_000_000_000_3, "received_at": "2026-11-20T11:59:00Z", "timeline": [
            entry("2026-11-20T11:59:00Z", "received", "stored"),
            entry("2026-11-20T11:59:30Z", "processing", "claimed"),
            entry("2026-11-20T11:59:59Z", "awaiting_approval", "confidence 0.40 is below 0.80"),
        ]});
        let cost = line(&task, "/cost_usd", now).unwrap();
        assert_eq!(cost, format!("$0.0027 at list prices of {}", prices::PRICES_AS_OF));
        assert_eq!(line(&task, "/received_at", now).unwrap(), "1m ago");
        let told = timeline(&task, now);
        assert_eq!(told[..2], ["1m ago    received", "30s ago   picked up"]);
        assert!(told[2].starts_with("1s ago    answer written, waiting for a person: "), "{told:?}");
    }

    #[test]
    fn a_thread_has_the_name_that_people_know_and_keeps_its_id() {
        let id = "tenant/9d3f7c1e-2b60-4f9e-8c1d-0a5b6c7d8e9f";
        let task = json!({"source": "linear", "thread": id, "metadata": {"issue": "ENG-123"}});
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        assert_eq!(line(&task, "/thread", now).unwrap(), format!("ENG-123 ({id})"));
        assert_eq!(row(&task).0[3..6], ["ENG-123", "-", "ENG-123"]);
        let task = json!({"source": "github", "thread": id, "metadata": {}});
        assert_eq!(line(&task, "/thread", now).unwrap(), id);
        assert_eq!(row(&task).0[5], id);
    }

    #[test]
    fn all_that_a_draft_answers_is_shown_in_the_order_of_time() {
        let asked_in = |said: Value| asked(&json!({ "asked": said }));
        let said = |label, text: &str| (label, text.to_owned());
        let all = asked_in(
            json!({"title": "T", "text": "And now?", "opening": "It crashes.", "before": ["Why?", "When?"]}),
        );
        let began = said("how the thread began", "It crashes.");
        let before = ["Why?", "When?"].map(|text| said("asked before", text));
        assert_eq!(all, [began, before[0].clone(), before[1].clone(), said("asked", "And now?")]);
        assert_eq!(asked_in(json!({"text": "One.", "opening": "One."})), [said("asked", "One.")]);
        assert!(asked(&json!({})).is_empty());
    }

    #[test]
    fn an_id_is_cut_as_short_as_the_others_allow() {
        let ids = ["tsk_01ABCDEFGH", "tsk_01ABCDEFXY", "tsk_09AAAAAAAA"];
        assert_eq!(shortest(&ids), "tsk_01ABCDEFG".len());
        assert_eq!(shortest(&["tsk_01ABCDEFGH", "tsk_09AAAAAAAA"]), "tsk_01ABCD".len());
        assert_eq!(shortest(&["short", "other"]), usize::MAX);
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
