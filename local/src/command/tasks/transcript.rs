//! `afterhook tasks transcript`: every prompt and answer of a task.

use serde_json::Value;

use super::super::api::Api;
use super::super::table::plain_lines;
use crate::Failure;
use crate::terminal::say;

/// Prints them in their order, page by page; as JSON, exactly as they were, a call a line.
pub(super) async fn print(api: &Api, id: &str, json: bool) -> Result<(), Failure> {
    let mut is_empty = true;
    let shown = |call: Value| {
        is_empty = false;
        if json { say!("{call}") } else { show(&call) }
    };
    each(api, id, shown).await?;
    if is_empty && !json {
        say!("no model was asked");
    }
    Ok(())
}

/// Hands every call of the task to `take`, in their order.
///
/// # Errors
/// When the API does not answer, or a call cannot be put together.
pub(crate) async fn each(api: &Api, id: &str, mut take: impl FnMut(Value)) -> Result<(), Failure> {
    let (mut cursor, mut pieces) = (String::new(), String::new());
    loop {
        let query: &[(&str, String)] = if cursor.is_empty() { &[] } else { &[("cursor", cursor)] };
        let page = api.list(&format!("/tasks/{id}/transcript"), "calls", query).await?;
        for call in list(page.get("calls")) {
            if let Some(call) = whole(call, &mut pieces)? {
                take(call);
            }
        }
        match page.get("cursor").and_then(Value::as_str) {
            Some(next) => cursor = next.to_owned(),
            None => return Ok(()),
        }
    }
}

/// The call, once all of its `pieces` have come if it is too large for one page.
fn whole(call: &Value, pieces: &mut String) -> Result<Option<Value>, Failure> {
    let Some(piece) = call.get("piece") else { return Ok(Some(call.clone())) };
    pieces.push_str(piece.get("text").and_then(Value::as_str).unwrap_or_default());
    let of = piece.get("of").and_then(Value::as_u64).and_then(|of| usize::try_from(of).ok());
    if of.is_some_and(|of| pieces.len() < of) {
        return Ok(None);
    }
    let call = serde_json::from_str(&std::mem::take(pieces));
    call.map(Some).map_err(|error| Failure::new(format!("a call came in pieces that are no JSON: {error}")))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_in_pieces_is_whole_once_the_last_one_has_come() {
        let text = json!({"step": "answer", "request": {"text": "é \"quoted\""}}).to_string();
        let (one, other) = text.split_at(text.find("é").unwrap());
        let piece = |text: &str| json!({"piece": {"of": one.len() + other.len(), "text": text}});
        let mut pieces = String::new();
        assert_eq!(whole(&piece(one), &mut pieces).unwrap(), None);
        assert_eq!(whole(&piece(other), &mut pieces).unwrap().unwrap().to_string(), text);
        assert_eq!(whole(&json!({"step": "next"}), &mut pieces).unwrap(), Some(json!({"step": "next"})));
    }

    #[test]
    fn pieces_that_do_not_fit_together_are_an_error() {
        let broken = json!({"piece": {"of": 3, "text": "{\"a"}});
        assert!(whole(&broken, &mut String::new()).is_err());
    }
}
