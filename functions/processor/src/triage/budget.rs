//! How large the schema of triage may become: the model's service refuses schemas that are too complex.
//!
//! Google publishes no bounds. It names what makes a schema too complex (ai.google.dev/gemini-api/docs/structured-output):
//! long names and words, deep nesting, many properties. The bounds here are ours, where experience says that it
//! begins; a schema that is refused all the same is said in words, at the price of a call.

use serde_json::Value;
use settings::Settings;

use super::question::schema;
use crate::{Registry, automations};

const MAX_DEPTH: usize = 8;
const MAX_PROPERTIES: usize = 100;
/// Characters of all names of properties and all words to choose from.
const MAX_TEXT: usize = 8_000;

/// What a schema adds up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Size {
    depth: usize,
    properties: usize,
    text: usize,
}

/// What of the schema of triage the model's service may refuse as too complex, and how to mend it.
#[must_use]
pub fn schema_warnings(settings: &Settings, registry: Registry) -> Vec<String> {
    let registry = automations::configured(registry, settings);
    let mut size = Size::default();
    size.add(&schema(&settings.intents, &registry), 1);
    let bounds = [
        (size.depth, MAX_DEPTH, "levels deep", "nest the parameters of automations less"),
        (
            size.properties,
            MAX_PROPERTIES,
            "properties large",
            "use fewer intents with parameters, or fewer parameters",
        ),
        (
            size.text,
            MAX_TEXT,
            "characters of names and words long",
            "shorten the words that parameters choose from",
        ),
    ];
    let over = bounds.into_iter().filter(|(is, most, ..)| is > most);
    over.map(|(is, most, what, mend)| {
        format!("intents: the schema of triage is {is} {what}, and the model's service may refuse more than {most}: {mend}")
    })
    .collect()
}

impl Size {
    fn add(&mut self, schema: &Value, depth: usize) {
        self.depth = self.depth.max(depth);
        if let Some(words) = schema["enum"].as_array() {
            self.text += words.iter().filter_map(Value::as_str).map(str::len).sum::<usize>();
        }
        for maps in ["properties", "$defs"] {
            for (name, inner) in schema[maps].as_object().into_iter().flatten() {
                self.properties += usize::from(maps == "properties");
                self.text += name.len();
                self.add(inner, depth + 1);
            }
        }
        for lists in ["anyOf", "oneOf", "prefixItems"] {
            schema[lists].as_array().into_iter().flatten().for_each(|inner| self.add(inner, depth));
        }
        for single in ["items", "additionalProperties"] {
            if schema[single].is_object() {
                self.add(&schema[single], depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn depth_properties_and_words_are_counted() {
        let mut size = Size::default();
        let inner = json!({"type": "object", "properties": {"word": {"enum": ["one", "three"]}}});
        size.add(&json!({"properties": {"list": {"items": {"oneOf": [inner]}}}}), 1);
        assert_eq!(size, Size { depth: 4, properties: 2, text: 4 + 4 + 8 });
    }

    #[test]
    fn the_shipped_agent_is_far_below_and_many_words_are_not() {
        let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent/agent.toml");
        let shipped = Settings::load(&agent).unwrap();
        assert_eq!(schema_warnings(&shipped, crate::registry()), [""; 0]);
        let words: Vec<String> = (0..500).map(|n| format!("\"a label with the number {n}\"")).collect();
        let text = std::fs::read_to_string(&agent).unwrap();
        let labels = format!(
            "[automations.label]\nallowed = [{}]\n[[intents]]\nname = \"tagged\"\nwhen = \"x\"\nautomation = \"label\"\n",
            words.join(", ")
        );
        let settings = Settings::parse(&(text + &labels), agent.parent().unwrap()).unwrap();
        let warnings = schema_warnings(&settings, crate::registry());
        assert!(warnings.len() == 1 && warnings[0].contains("shorten the words"), "{warnings:?}");
    }
}
