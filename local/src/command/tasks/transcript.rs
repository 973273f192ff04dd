//! `afterhook tasks transcript`: every prompt and answer of a task.

use serde_json::Value;

use super::super::api::Api;
use super::super::table::plain_lines;
use crate::Failure;
use crate::terminal::say;

/// Prints them in their order; as JSON, exactly as they were, a call a line.
pub(super) async fn print(api: &Api, id: &str, json: bool) -> Result<(), Failure> {
    let transcript = api.get(&format!("/tasks/{id}/transcript"), &[]).await?;
    let calls = transcript.get("calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if json {
        calls.iter().for_each(|call| say!("{call}"));
        return Ok(());
    }
    if calls.is_empty() {
        say!("no model was asked");
    }
    calls.iter().for_each(show);
    Ok(())
}

fn show(call: &Value) {
    let text = |name: &str| plain_lines(call.get(name).and_then(Value::as_str).unwrap_or_default());
    say!("=== {}  {}  {}", text("step"), text("model"), text("at"));
    if let Some(system) = call.pointer("/request/systemInstruction") {
        said("system", system);
    }
    for content in list(call.pointer("/request/contents")) {
        said(content.get("role").and_then(Value::as_str).unwrap_or("user"), content);
    }
    for candidate in list(call.pointer("/response/candidates")) {
        if let Some(content) = candidate.get("content") {
            said("answer", content);
        }
    }
    if let Some(error) = call.pointer("/response/error/message").and_then(Value::as_str) {
        say!("--- error\n{}", plain_lines(error));
    }
}

fn said(who: &str, content: &Value) {
    say!("--- {}", plain_lines(who));
    for part in list(content.get("parts")) {
        match part.get("text").and_then(Value::as_str) {
            Some(text) => say!("{}", plain_lines(text)),
            None => say!("({})", list_of_names(part)),
        }
    }
}

/// What a part is that is no text.
fn list_of_names(part: &Value) -> String {
    part.as_object().map(|part| part.keys().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
