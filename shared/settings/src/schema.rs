//! The JSON Schema of agent.toml, for editors. The readers themselves write it, so it cannot contradict them.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::load::{Outside, read_root};
use crate::report::Report;
use crate::section::Section;
use crate::shape::Shape;

/// The schema (draft 7, which editors know best), as it lies beside agent.toml.
///
/// It refuses nothing that the reader takes, except white space around a text. It cannot check what depends on
/// files, on other keys or on the registered automations.
#[must_use]
pub fn schema() -> String {
    let report = Report::new("", "", &[]);
    let shape = Shape::default();
    shape.takes(json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "agent.toml",
        "description": "What the agent listens to, how it thinks, and what it may do without asking.",
    }));
    // No file is read, since no key has a value.
    let _ =
        read_root(Section::probe(String::new(), shape.clone(), &report), Path::new(""), Outside::default());
    format!("{:#}\n", sorted(shape.schema()))
}

/// With its keys in order, whichever order the JSON library keeps them in.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields.into_iter().map(|(name, value)| (name, sorted(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
