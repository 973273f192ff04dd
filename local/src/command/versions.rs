//! `afterhook versions`: which agents have been at work, and what each has brought.

use std::process::ExitCode;

use anstyle::Style;
use serde_json::Value;

use super::api::Api;
use super::table::Table;
use crate::Failure;
use crate::cli::VersionsArgs;
use crate::terminal::say;

/// Prints the versions of the last days, the latest first; as JSON, one a line.
pub(crate) async fn versions(args: VersionsArgs) -> Result<ExitCode, Failure> {
    let api = Api::open(&args.console)?;
    let answer = api.list("/versions", "versions", &[]).await?;
    let versions = answer.get("versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if args.json {
        versions.iter().for_each(|version| say!("{version}"));
    } else if versions.is_empty() {
        say!("no version of the agent has been at work within two weeks");
    } else {
        print(versions, answer.get("simulated").and_then(Value::as_bool) == Some(true));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(versions: &[Value], is_simulated: bool) {
    let mut table = Table::new([
        "VERSION",
        "LAST DAY",
        "ENDED",
        "FAILED",
        "APPROVED",
        "EDITED",
        "REJECTED",
        "CORRECTED",
        "UP",
        "DOWN",
        "COST",
        "CODE",
        "ANSWERS",
    ]);
    for version in versions {
        table.push(cells(version, is_simulated), Style::new());
    }
    table.print();
    say!("costs are counted at list prices of {}.", prices::PRICES_AS_OF);
}

fn cells(version: &Value, is_simulated: bool) -> [String; 13] {
    let text = |pointer: &str| version.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    let count = |pointer: &str| version.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let cost = version.get("cost_usd").and_then(Value::as_f64).unwrap_or_default();
    let unpriced = if count("/unpriced_calls") > 0 { "+" } else { "" };
    let note = if is_simulated { " simulated" } else { "" };
    [
        text("/version"),
        text("/last_day"),
        count("/tasks").to_string(),
        count("/ended/failed").to_string(),
        count("/approved").to_string(),
        count("/edited").to_string(),
        count("/rejected").to_string(),
        count("/corrected").to_string(),
        count("/thumbs_up").to_string(),
        count("/thumbs_down").to_string(),
        format!("${cost:.4}{unpriced}{note}"),
        text("/made_of/code"),
        text("/made_of/answer_model"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cells;

    #[test]
    fn a_version_that_is_known_by_its_tasks_alone_is_shown_too() {
        let full = json!({
            "version": "ver_1", "last_day": "2026-11-28", "tasks": 7, "ended": {"failed": 2}, "approved": 1,
            "edited": 3, "rejected": 0, "corrected": 4, "thumbs_up": 5, "thumbs_down": 6, "cost_usd": 0.5, "unpriced_calls": 1,
            "made_of": {"code": "0.1.0+ab", "answer_model": "gemini-pro-latest"},
        });
        let shown = cells(&full, false).join(" ");
        assert_eq!(shown, "ver_1 2026-11-28 7 2 1 3 0 4 5 6 $0.5000+ 0.1.0+ab gemini-pro-latest");
        let bare = json!({"version": "ver_2", "last_day": "2026-11-28", "tasks": 1, "made_of": null});
        assert_eq!(cells(&bare, true).join(" "), "ver_2 2026-11-28 1 0 0 0 0 0 0 0 $0.0000 simulated - -");
    }
}
