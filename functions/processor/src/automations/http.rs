//! `http.NAME`: the call of an API that `[automations.http.NAME]` describes.
//!
//! Everything but the parameters is fixed in agent.toml; the parameters are checked against its schema and
//! cannot leave their places. Each try carries the same `Idempotency-Key`. When an answer is lost, a call
//! that is `repeatable` is made again; for any other a person says what happened.

use async_trait::async_trait;
use domain::{Audience, Mark, Proof, ServiceError, ServiceFailure, TaskError, TaskOutput, Timestamp, clip};
use outbound::{Caller, Method, Url};
use serde_json::{Value, json};
use settings::{HttpCall, HttpMethod};

use super::answered::{COLLEAGUE, answered};
use crate::{Action, Automation, Context, Finished, Found, Interrupt};

/// The kind of the failure when the API refuses what it is asked for, such as an account that it does not have.
const REFUSED: &str = "http_refused";
/// Kept of an answer in the ledger, in bytes.
const MAX_ANSWER: usize = 500;

pub(super) fn automation(name: &str, call: &HttpCall) -> Automation {
    let (name, parameters) = (name.to_owned(), call.parameters.clone());
    let run = move |context, values| run(context, name.clone(), values);
    Automation::untyped(call.parameters.schema().clone(), move |values| parameters.check(values), run)
}

async fn run(context: Context, name: String, values: Value) -> Result<Finished, Interrupt> {
    let fail = |kind, message: String| Interrupt::fail(TaskError::new("call", kind, message));
    let call = context.settings().http.get(&name);
    let call = call.ok_or_else(|| fail("unknown_call", format!("[automations.http.{name}] is gone")))?;
    // A classification can be older than the schema.
    let filled =
        call.parameters.check(&values).and_then(|()| call.fill(&|place| value(&context, &values, place)));
    let (url, body) = match filled {
        Ok(filled) => filled,
        Err(problem) if context.target().is_ok() => {
            return context.ask_back(&problem, question(call.parameters.schema())).await;
        }
        Err(problem) => return Err(fail("bad_parameters", problem)),
    };
    let effect = format!("http.{name}");
    let what = describe(call.method, &url, body.as_ref(), &chosen(&context, &values));
    let caller = context.services().calls.get(&name).ok_or_else(|| context.failed(&effect, &no_caller()))?;
    let host = call.url.host();
    let action = Call { caller, host, method: call.method, url, body, repeatable: call.repeatable };
    if let Some(finished) = context.earlier(&effect, &action).await? {
        return Ok(finished);
    }
    if context.permit(&effect, &what, Some(call.approval)).await?.edited {
        let message = "the call was edited, which changes nothing but its description; nothing was called. \
                       Reject it instead, or retry the task with a note";
        return Err(fail("edited_call", message.to_owned()));
    }
    let done = context.once(&effect, &action).await.map(|proof| {
        let text = format!("{} {} answered {}", call.method.as_str(), action.url, proof.id);
        Finished { success: true, output: TaskOutput::Text(text), output_url: None }
    });
    // The API's own word about what was named.
    answered(&context, done, &[(REFUSED, COLLEAGUE)]).await
}

/// What stands in a place: a parameter, or what every call can name.
fn value(context: &Context, values: &Value, place: &str) -> Value {
    let event = context.event();
    match place {
        "task_id" => json!(context.task_id()),
        "tenant" => json!(event.tenant),
        "thread" => json!(event.thread),
        "actor" => json!(event.actor),
        "event" => json!(event.name),
        parameter => values.get(parameter).cloned().unwrap_or(Value::Null),
    }
}

/// The question to the author of the event when the call lacks something: it names the parameters. A person sees it
/// first.
fn question(schema: &Value) -> String {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = required.map(|name| format!("- {}", name.replace('_', " "))).collect();
    format!("To do this we need to know:\n\n{}", names.join("\n"))
}

/// What a person is asked about: the call, and where its parameters come from.
fn describe(method: HttpMethod, url: &Url, body: Option<&Value>, chosen: &str) -> String {
    let line = format!("{} {url}", method.as_str());
    match body {
        Some(body) => format!("{line}\n\n```json\n{body:#}\n```\n\n{chosen}").trim_end().to_owned(),
        None => format!("{line}\n\n{chosen}").trim_end().to_owned(),
    }
}

/// The parameters, one a line, with a mark at those that stand word for word in the event: a stranger chose them.
fn chosen(context: &Context, values: &Value) -> String {
    let event = context.event();
    let texts = [event.title.as_deref(), Some(event.text.as_str()), event.opening.as_deref()];
    let said: String = texts.into_iter().flatten().map(|text| format!("{text}\n")).collect();
    let lines: Vec<String> =
        values.as_object().into_iter().flatten().map(|(name, value)| line(name, value, &said)).collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("Parameters, as triage found them:\n\n{}", lines.join("\n"))
    }
}

fn line(name: &str, value: &Value, said: &str) -> String {
    // As JSON it has one line, and no backtick could end its code.
    let shown = value.to_string().replace('`', "\\u0060");
    let mark = if is_word_for_word(value, said) { ": word for word from the event" } else { "" };
    format!("- `{name}`: `{shown}`{mark}")
}

/// Whether `value` stands in what was `said`, as a whole word.
fn is_word_for_word(value: &Value, said: &str) -> bool {
    let text = match value {
        Value::String(text) => text.trim().to_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return false,
    };
    let said = said.to_lowercase();
    !text.is_empty()
        && said.match_indices(&text).any(|(at, _)| {
            let begins =
                !said[..at].ends_with(char::is_alphanumeric) || !text.starts_with(char::is_alphanumeric);
            let behind = &said[at + text.len()..];
            begins && (!behind.starts_with(char::is_alphanumeric) || !text.ends_with(char::is_alphanumeric))
        })
}

fn no_caller() -> ServiceError {
    let message = "there is no client for this call; start again with its section in agent.toml".to_owned();
    ServiceError { service: "http", operation: "call the API", failure: ServiceFailure::Refused, message }
}

struct Call<'a> {
    caller: &'a Caller,
    host: String,
    method: HttpMethod,
    url: Url,
    body: Option<Value>,
    repeatable: bool,
}

#[async_trait]
impl Action for Call<'_> {
    fn host(&self) -> Option<String> {
        Some(self.host.clone())
    }

    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        let method = match self.method {
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Patch => Method::PATCH,
            HttpMethod::Delete => Method::DELETE,
        };
        let key = mark.to_string();
        let called = self.caller.call(method, self.url.clone(), self.body.as_ref(), &key).await?;
        let answer = format!("{} {}", called.status.as_u16(), clip(&called.body, MAX_ANSWER));
        Ok(Proof { id: answer.trim().to_owned(), url: None })
    }

    async fn find(&self, _: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        // The same key makes the second call the first one, or the API's owner has said that it may happen
        // twice.
        Ok(if self.repeatable { Found::Repeatable } else { Found::Unknown })
    }

    /// An API of one's own: who reads it is the staff's affair.
    fn audience(&self) -> Audience {
        Audience::Internal
    }

    fn is_idempotent(&self) -> bool {
        self.repeatable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_marked_when_the_event_has_it_as_a_whole_word() {
        let said = "Please reset root's account, id 7 of 17.\n";
        for value in [json!("root"), json!("ROOT"), json!(7), json!("account, id")] {
            assert!(is_word_for_word(&value, said), "{value}");
        }
        for value in [json!("roo"), json!(1), json!(""), json!("admin"), json!(true), json!(null)] {
            assert!(!is_word_for_word(&value, said), "{value}");
        }
        assert!(is_word_for_word(&json!("本番"), "お願い、本番 を"));
    }

    #[test]
    fn no_parameter_breaks_out_of_its_line() {
        let hostile = json!("x`\n\n# Approved by ada");
        let shown = line("user", &hostile, "");
        assert_eq!(shown.lines().count(), 1);
        assert_eq!(shown.matches('`').count(), 4, "{shown}");
    }
}
