//! The JSON Schema of agent.toml, held against the reader and against every agent.toml there is.

mod committed;
mod mistakes;
mod samples;

use jsonschema::Validator;
use serde_json::Value;

/// The schema.
fn schema() -> Value {
    serde_json::from_str(&settings::schema()).unwrap()
}

/// What editors make of it.
fn validator() -> Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

/// `text`, a TOML file, as editors hand it to their validator.
fn as_json(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}:\n{text}"));
    serde_json::to_value(table).unwrap()
}

/// What the schema finds wrong with `text`.
fn refusals(validator: &Validator, text: &str) -> Vec<String> {
    let json = as_json(text);
    let errors = validator.iter_errors(&json);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}
