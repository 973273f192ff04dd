//! [`ModelCall`] → request, and the ways in which a request is changed for a second try.

use domain::{Document, Generation, ModelCall, OutputFormat, Speaker, Turn, clip};
use serde_json::json;

use super::{media, schema};
use crate::wire::{Content, GenerateContentRequest, Part, Role};

const SCHEMA: &str = "responseJsonSchema";
/// Longest description of a problem that is sent back, bytes.
const MAX_PROBLEM: usize = 2_000;

pub(crate) fn request(call: &ModelCall, generation: &Generation) -> GenerateContentRequest {
    let mut config = generation.others.clone();
    if let OutputFormat::Json { schema, .. } = &call.output {
        config.insert("responseMimeType".to_owned(), json!("application/json"));
        config.insert(SCHEMA.to_owned(), schema::for_service(schema));
    }
    let mut request = GenerateContentRequest {
        system_instruction: system_instruction(&call.system, &call.documents),
        contents: contents(&call.turns),
        generation_config: config,
        ..GenerateContentRequest::default()
    };
    request.set_max_output_tokens(u64::from(generation.max_output_tokens));
    request
}

/// Persona first, then the documents in their order: the same bytes for every call of an agent.
fn system_instruction(persona: &str, documents: &[Document]) -> Option<Content> {
    let persona = Some(persona).filter(|text| !text.trim().is_empty()).map(Part::text);
    let documents = documents
        .iter()
        .map(|document| Part::text(format!("Reference document `{}`:\n\n{}", document.name, document.text)));
    let parts: Vec<Part> = persona.into_iter().chain(documents).collect();
    (!parts.is_empty()).then_some(Content { role: None, parts })
}

/// Roles must take turns and people begin, so turns of one speaker in a row become parts of one
/// content, and a conversation whose window begins with the model gets a word before it.
fn contents(turns: &[Turn]) -> Vec<Content> {
    let mut contents: Vec<Content> = Vec::new();
    for turn in turns {
        // What a question is about comes before the question.
        let text = Some(&turn.text).filter(|text| !text.is_empty()).map(Part::text);
        for part in turn.media.iter().map(media::part).chain(text) {
            say(&mut contents, role(turn.speaker), part);
        }
    }
    if contents.first().is_some_and(|first| first.role == Some(Role::Model)) {
        contents.insert(0, Content::text(Role::User, "(The conversation began earlier.)"));
    }
    contents
}

fn role(speaker: Speaker) -> Role {
    match speaker {
        Speaker::User => Role::User,
        Speaker::Model => Role::Model,
    }
}

fn say(contents: &mut Vec<Content>, role: Role, part: Part) {
    match contents.last_mut() {
        Some(last) if last.role.as_ref() == Some(&role) => last.parts.push(part),
        _ => contents.push(Content { role: Some(role), parts: vec![part] }),
    }
}

/// Doubles the bound of the answer, up to what any model writes. `false` if it is there already.
pub(crate) fn raise_output_bound(request: &mut GenerateContentRequest) -> bool {
    let bound = request.max_output_tokens().unwrap_or_default();
    let raised = bound.saturating_mul(2).min(u64::from(Generation::MAX_OUTPUT_TOKENS));
    if raised <= bound {
        return false;
    }
    request.set_max_output_tokens(raised);
    true
}

/// Asks in words for what a schema that the service refused asks for. `false` if there is none.
pub(crate) fn put_schema_in_words(request: &mut GenerateContentRequest) -> bool {
    let Some(schema) = request.generation_config.remove(SCHEMA) else { return false };
    let wish = format!("Answer with nothing but JSON that fits this schema: {schema}");
    say(&mut request.contents, Role::User, Part::text(wish));
    true
}

/// Asks again for an answer that fits, saying what is wrong with the one that came.
pub(crate) fn ask_for_repair(request: &mut GenerateContentRequest, problem: &str, said: Option<Content>) {
    let problem = clip(problem, MAX_PROBLEM);
    let again = format!(
        "Your answer cannot be used: {problem}\nAnswer again, with nothing but JSON that fits the schema."
    );
    if let Some(mut said) = said {
        said.role = Some(Role::Model);
        request.contents.push(said);
    }
    say(&mut request.contents, Role::User, Part::text(again));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use domain::contract::plain_call;

    fn call(turns: &[(Speaker, &str)], output: OutputFormat) -> ModelCall {
        let turns = turns.iter().map(|&(speaker, text)| Turn::text(speaker, text)).collect();
        let documents = vec![Document { name: "faq.md".to_owned(), text: "Q&A".to_owned() }];
        ModelCall { documents, turns, output, ..plain_call("") }
    }

    fn sent(call: &ModelCall, generation: &Generation) -> serde_json::Value {
        serde_json::to_value(request(call, generation)).unwrap()
    }

    #[test]
    fn persona_and_documents_are_the_system_instruction() {
        let sent = sent(&call(&[(Speaker::User, "Hi")], OutputFormat::Text), &Generation::default());
        let parts = json!([{"text": "Be kind."}, {"text": "Reference document `faq.md`:\n\nQ&A"}]);
        assert_eq!(sent["systemInstruction"], json!({"parts": parts}));
        assert_eq!(sent["generationConfig"], json!({"maxOutputTokens": 16_384}));
    }

    #[test]
    fn nothing_to_instruct_sends_no_instruction() {
        let call = ModelCall { system: " ".to_owned(), documents: vec![], ..call(&[], OutputFormat::Text) };
        assert_eq!(sent(&call, &Generation::default()).get("systemInstruction"), None);
    }

    #[test]
    fn speakers_take_turns_and_people_begin() {
        use Speaker::{Model, User};
        let turns = [
            (Model, "Welcome."),
            (User, "a"),
            (User, "b"),
            (Model, ""),
            (User, "c"),
            (Model, "d"),
            (User, "e"),
        ];
        let sent = sent(&call(&turns, OutputFormat::Text), &Generation::default());
        assert_eq!(
            sent["contents"],
            json!([
                {"role": "user", "parts": [{"text": "(The conversation began earlier.)"}]},
                {"role": "model", "parts": [{"text": "Welcome."}]},
                {"role": "user", "parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}]},
                {"role": "model", "parts": [{"text": "d"}]},
                {"role": "user", "parts": [{"text": "e"}]}
            ])
        );
    }

    #[test]
    fn configured_generation_fields_are_sent_as_they_are() {
        let others =
            json!({"temperature": 0.2, "thinkingConfig": {"thinkingLevel": "LOW"}, "maxOutputTokens": 1});
        let generation =
            Generation { max_output_tokens: 100, others: others.as_object().cloned().unwrap_or_default() };
        let sent = sent(&call(&[(Speaker::User, "Hi")], OutputFormat::Text), &generation);
        let thinking = json!({"thinkingLevel": "LOW"});
        let config = json!({"temperature": 0.2, "thinkingConfig": thinking, "maxOutputTokens": 100});
        assert_eq!(sent["generationConfig"], config);
    }

    #[test]
    fn json_is_asked_for_with_its_schema() {
        let output = OutputFormat::Json { schema: json!({"type": "object"}), check: Arc::new(|_| Ok(())) };
        let generation = Generation { max_output_tokens: 8, ..Generation::default() };
        let sent = sent(&call(&[(Speaker::User, "Hi")], output), &generation);
        assert_eq!(
            sent["generationConfig"],
            json!({"maxOutputTokens": 8, "responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}})
        );
    }

    #[test]
    fn the_bound_doubles_up_to_the_most() {
        let call = call(&[(Speaker::User, "Hi")], OutputFormat::Text);
        let generation = Generation { max_output_tokens: 40_000, ..Generation::default() };
        let mut request = request(&call, &generation);
        assert!(raise_output_bound(&mut request));
        assert_eq!(request.max_output_tokens(), Some(65_536));
        assert!(!raise_output_bound(&mut request));
    }

    #[test]
    fn a_repair_without_an_answer_keeps_the_roles_in_turn() {
        let mut request =
            request(&call(&[(Speaker::User, "Hi")], OutputFormat::Text), &Generation::default());
        ask_for_repair(&mut request, &"x".repeat(5_000), None);
        assert_eq!(request.contents.len(), 1);
        assert_eq!(request.contents[0].parts.len(), 2);
        assert!(request.contents[0].spoken().len() < 2_200);
    }
}
