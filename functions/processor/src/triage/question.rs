//! The question to the triage model: its instructions, its text, the shape of its answer.

use std::sync::Arc;

use domain::{Comment, Event, OutputFormat, Turn, WORDS_BYTES};
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Intent;

use super::answer::TriageAnswer;
use crate::Registry;
use crate::automation::untrusted::{Fence, fenced};

/// What the texts of a question are called in it: the one to sort, and older ones that are answered with it.
const SORTED: &str = "text to sort";
const BEFORE: &str = "said just before by the same person, and answered with it";

/// The instructions: the same for every event, so that they can be cached.
#[must_use]
pub(crate) fn instructions(intents: &[Intent]) -> String {
    let mut text = String::from(
        "You sort incoming events. Choose the one intent that fits best, say how sure you are from 0 \
         (guessing) to 1 (certain), and whether the event is spam: advertising, scams, or text without \
         any meaning. Fill in parameters only from what the event says.\n\nIntents:\n",
    );
    for intent in intents {
        text.push_str(&format!("- {}: {}\n", intent.name, intent.when));
    }
    text
}

/// The question about one event, and what its author said just `before` it that is answered with it. Nothing in it
/// tells one task from another, so that equal events are sorted by one call.
#[must_use]
pub(crate) fn question(event: &Event, before: &[Comment]) -> Turn {
    let texts = [&event.name, event.title.as_deref().unwrap_or_default(), &event.text];
    let said: Vec<&str> = before.iter().map(|comment| comment.text.as_str()).collect();
    let fence = Fence::of_texts(&[&texts[..], event.opening.as_deref().as_slice(), &said].concat());
    let mut text = format!("{}\n\nAn event of the kind {}:\n\n", fence.rule(), event.name);
    if let Some(title) = &event.title {
        text.push_str(&fence.around("title", title));
        text.push_str("\n\n");
    }
    if let Some(opening) = &event.opening {
        text.push_str(&fence.around("what the thread was opened with", opening));
        text.push_str("\n\n");
    }
    for said in said {
        text.push_str(&fence.around(BEFORE, said));
        text.push_str("\n\n");
    }
    text.push_str(&fence.around(SORTED, &event.text));
    Turn::text(domain::Speaker::User, text)
}

/// What was said just before `text` and answered with it, as a stored `question` has it, the oldest first: the question
/// about the event with this text, or one about several events of which it is one.
#[must_use]
pub fn said_before(question: &str, text: &str) -> Vec<String> {
    let parts = fenced(question);
    let own = Fence::of_texts(&[text]).around(SORTED, text);
    let own = fenced(&own).pop();
    let sorted: Vec<_> = parts.iter().filter(|part| part.label == SORTED).collect();
    let asked = match sorted.as_slice() {
        [only] => Some(*only),
        several => several.iter().copied().find(|part| own.as_ref().is_some_and(|own| own.text == part.text)),
    };
    let Some(asked) = asked else { return Vec::new() };
    let before = parts.iter().filter(|part| part.fence == asked.fence && part.label == BEFORE);
    before.map(|part| part.text.to_owned()).collect()
}

/// The shape of the answer, and the check behind it.
#[must_use]
pub(crate) fn output(intents: Vec<Intent>, registry: &Arc<Registry>) -> OutputFormat {
    let automations = Arc::clone(registry);
    OutputFormat::Json {
        schema: schema(&intents, registry),
        check: Arc::new(move |value| check(value, &intents, &automations)),
    }
}

pub(super) fn schema(intents: &[Intent], registry: &Registry) -> Value {
    let names: Vec<&str> = intents.iter().map(|intent| intent.name.as_str()).collect();
    let mut fields = json!({
        "intent": {"type": "string", "enum": names},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "spam": {"type": "boolean"},
    });
    let parameters: serde_json::Map<String, Value> = intents
        .iter()
        .filter_map(|intent| {
            Some((intent.name.clone(), registry.get(&intent.automation)?.parameters()?.clone()))
        })
        .collect();
    if !parameters.is_empty() {
        // An object without fields is refused by the service, so it is only there when it has some.
        fields["parameters"] = json!({
            "type": "object",
            "description": "Only the entry of the chosen intent, if it has one.",
            "properties": parameters,
        });
    }
    json!({"type": "object", "properties": fields, "required": ["intent", "confidence", "spam"]})
}

/// What is wrong with an answer, in words that help the model to repair it.
fn check(value: &Value, intents: &[Intent], registry: &Registry) -> Result<(), String> {
    let answer = TriageAnswer::deserialize(value).map_err(|error| error.to_string())?;
    let intent = intents.iter().find(|intent| intent.name == answer.intent).ok_or_else(|| {
        let names: Vec<&str> = intents.iter().map(|intent| intent.name.as_str()).collect();
        format!("`intent` must be one of {}", names.join(", "))
    })?;
    if !(0.0..=1.0).contains(&answer.confidence) {
        return Err("`confidence` must be a number from 0 to 1".to_owned());
    }
    if answer.spam {
        return Ok(());
    }
    // The task keeps them, whoever takes them.
    let parameters = answer.classification().parameters;
    if domain::nests_too_deep(&parameters) {
        return Err(format!("`parameters.{}` nests deeper than {} levels", intent.name, domain::MAX_NESTING));
    }
    if parameters.to_string().len() > WORDS_BYTES {
        return Err(format!("`parameters.{}` is longer than {WORDS_BYTES} bytes", intent.name));
    }
    let Some(automation) = registry.get(&intent.automation) else { return Ok(()) };
    if automation.parameters().is_none() {
        return Ok(());
    }
    automation.check(&parameters).map_err(|error| format!("`parameters.{}`: {error}", intent.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Finished, Interrupt};

    #[derive(Deserialize, schemars::JsonSchema)]
    struct Refund {
        #[allow(dead_code)]
        amount: f64,
    }

    #[derive(Deserialize, schemars::JsonSchema)]
    struct Nothing {}

    async fn refund(context: Context, _: Refund) -> Result<Finished, Interrupt> {
        context.reply(String::new()).await
    }

    async fn nothing(context: Context, _: Nothing) -> Result<Finished, Interrupt> {
        context.reply(String::new()).await
    }

    fn intent(name: &str, automation: &str) -> Intent {
        Intent {
            name: name.to_owned(),
            when: format!("when {name}"),
            automation: automation.to_owned(),
            priority: None,
            fallback: None,
            prompt: None,
        }
    }

    fn parts() -> (Arc<[Intent]>, Arc<Registry>) {
        let intents = [intent("bug", "nothing"), intent("refund", "refund")];
        (intents.into(), Arc::new(Registry::new().on("nothing", nothing).on("refund", refund)))
    }

    fn checked(value: &Value) -> Result<(), String> {
        let (intents, registry) = parts();
        check(value, &intents, &registry)
    }

    #[test]
    fn schema_has_parameters_of_the_automations_that_take_some() {
        let (intents, registry) = parts();
        let schema = schema(&intents, &registry);
        assert_eq!(schema["properties"]["intent"]["enum"], json!(["bug", "refund"]));
        let parameters = schema["properties"]["parameters"]["properties"].as_object().unwrap();
        assert_eq!(parameters.keys().collect::<Vec<_>>(), ["refund"]);
    }

    #[test]
    fn schema_without_parameters_has_no_empty_object() {
        let registry = Registry::new().on("nothing", nothing);
        assert!(schema(&[intent("bug", "nothing")], &registry)["properties"].get("parameters").is_none());
    }

    #[test]
    fn what_was_said_before_is_read_from_the_question_and_from_one_about_several_events() {
        let asked = |text: &str, before: &[&str]| {
            let event = Event {
                text: text.to_owned(),
                ..Event::new("issue_comment.created", "o/r", "o/r#1", "mona")
            };
            let said = |(at, text): (i64, &&str)| Comment {
                id: at.to_string(),
                author: "mona".to_owned(),
                ours: false,
                text: (*text).to_owned(),
                at: domain::Timestamp::from_second(at).unwrap(),
            };
            question(&event, &(0..).zip(before).map(said).collect::<Vec<_>>()).text
        };
        let (both, alone) = (asked("And fast?", &["Is it free?", "For all?"]), asked("It crashes.", &[]));
        assert_eq!(said_before(&both, "And fast?"), ["Is it free?", "For all?"]);
        assert!(said_before(&alone, "It crashes.").is_empty());
        let several = format!("# Event 1\n\n{alone}\n\n# Event 2\n\n{both}");
        assert_eq!(said_before(&several, "And fast?").len(), 2);
        assert!(said_before(&several, "It crashes.").is_empty());
        let forged = asked(&both, &[]);
        assert!(said_before(&forged, &both).is_empty(), "a text has no parts of its own");
    }

    #[test]
    fn wrong_answers_are_told_what_is_wrong() {
        assert!(checked(&json!({"intent": "bug", "confidence": 0.5, "spam": false})).is_ok());
        assert!(checked(&json!({"intent": "x", "confidence": 0.5})).unwrap_err().contains("bug, refund"));
        assert!(checked(&json!({"intent": "bug", "confidence": 2})).unwrap_err().contains("0 to 1"));
        assert!(checked(&json!({"confidence": 1})).unwrap_err().contains("intent"));
        let nested = (0..17).fold(json!(1), |inner, _| json!([inner]));
        let deep = json!({"intent": "bug", "confidence": 0.5, "parameters": {"bug": nested}});
        assert!(checked(&deep).unwrap_err().contains("deeper than 16 levels"));
        let missing = checked(&json!({"intent": "refund", "confidence": 1, "parameters": {"refund": {}}}));
        assert!(missing.unwrap_err().contains("parameters.refund"));
    }
}
