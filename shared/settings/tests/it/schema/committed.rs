//! The file beside agent.toml.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::schema;

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent/agent.schema.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed.replace("\r\n", "\n") != settings::schema() {
        std::fs::write(&path, settings::schema()).unwrap();
        panic!(
            "agent/agent.schema.json was not what the reader of agent.toml says; it was written anew: commit it"
        );
    }
}

/// Hovering over a key says what it is for.
#[test]
fn every_key_has_a_description() {
    let mut keys = BTreeMap::new();
    collect(&schema(), "", &mut keys);
    let silent: Vec<_> = keys.iter().filter(|(_, is_described)| !**is_described).collect();
    assert!(silent.is_empty(), "{silent:#?}");
    for key in
        [".agent.history", ".models.limits", ".intents.name", ".automations.http", ".source.scheme.signed"]
    {
        assert!(keys.keys().any(|known| known.ends_with(key)), "{key}: {keys:#?}");
    }
}

/// Every key by its path, and whether it has a description; those of `parameters`, which are JSON Schema and
/// known as such, apart.
fn collect(schema: &Value, path: &str, keys: &mut BTreeMap<String, bool>) {
    let Value::Object(schema) = schema else { return };
    for (word, value) in schema {
        match (word.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(own)) if !path.ends_with(".parameters") => {
                for (key, value) in own
                    .iter()
                    .filter(|(_, value)| value.get("$ref").is_none() && value.get("allOf").is_none())
                {
                    let path = format!("{path}.{key}");
                    let about = value.get("description").and_then(Value::as_str).unwrap_or_default();
                    keys.insert(path.clone(), !about.is_empty());
                    collect(value, &path, keys);
                }
            }
            // The others only narrow this one down.
            ("definitions", parts) => collect(&parts["source"], &format!("{path}.source"), keys),
            ("items", value) => collect(value, path, keys),
            ("anyOf", Value::Array(ways)) => ways.iter().for_each(|way| collect(way, path, keys)),
            _ => {}
        }
    }
}

#[test]
fn defaults_are_those_of_the_reader() {
    let schema = schema();
    let at = |pointer: &str| schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone();
    for (key, default) in [
        ("agent/properties/name", "afterhook"),
        ("agent/properties/approval", "low_confidence"),
        ("agent/properties/approval_expires", "2d"),
        ("agent/properties/persona", "prompts/persona.md"),
        ("models/properties/patience", "30s"),
        ("models/properties/fallback_after", "15m"),
    ] {
        assert_eq!(at(&format!("/properties/{key}/default")), default, "{key}");
    }
    assert_eq!(at("/properties/agent/properties/history/default"), 5);
    assert_eq!(at("/properties/automations/properties/calls_per_host/default"), 10);
    assert_eq!(at("/properties/models/properties/fallback/default/0"), "gemini-flash-latest");
}
