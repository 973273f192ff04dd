//! A JSON Schema as the service takes it in `responseJsonSchema`.
//!
//! Keywords that Google does not list are said in words or left out: some models refuse the whole request for
//! one. The check behind the schema keeps them all, and every answer passes it.

use serde_json::{Map, Value, json};

/// What Google lists (ai.google.dev/api/generate-content, `responseJsonSchema`), but for those that hold schemas.
const PLAIN: &str = "$id $ref $anchor type format title description enum minItems maxItems minimum maximum \
                     required propertyOrdering";
/// Rules that are not listed, and go into the description.
const SAID: &str = "minLength maxLength pattern exclusiveMinimum exclusiveMaximum multipleOf uniqueItems";
const MAPS: &str = "$defs properties";
const LISTS: &str = "anyOf oneOf prefixItems";
const SINGLE: &str = "items additionalProperties";

/// `schema` in Google's keywords, with the order in which an object's properties are to be written.
pub(super) fn for_service(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut sent: Map<String, Value> =
        fields.iter().filter_map(|(key, value)| Some((key.clone(), field(key, value)?))).collect();
    if let Some(value) = fields.get("const") {
        sent.insert("enum".to_owned(), json!([value]));
    }
    if let Some(description) = description(fields) {
        sent.insert("description".to_owned(), Value::from(description));
    }
    if let Some(order) = ordering(fields) {
        sent.entry("propertyOrdering").or_insert(order);
    }
    // Beside a reference, the service takes nothing else.
    if sent.contains_key("$ref") {
        sent.retain(|key, _| key.starts_with('$'));
    }
    Value::Object(sent)
}

/// The value of one keyword; `None` if it is not listed.
fn field(key: &str, value: &Value) -> Option<Value> {
    let is_one_of = |words: &str| words.split(' ').any(|word| word == key);
    match value {
        value if is_one_of(PLAIN) => Some(value.clone()),
        Value::Object(named) if is_one_of(MAPS) => {
            Some(named.iter().map(|(name, schema)| (name.clone(), for_service(schema))).collect())
        }
        Value::Array(schemas) if is_one_of(LISTS) => Some(schemas.iter().map(for_service).collect()),
        schema if is_one_of(SINGLE) => Some(for_service(schema)),
        _ => None,
    }
}

/// The description, with the rules that have no keyword; `None` if there are no such rules.
fn description(fields: &Map<String, Value>) -> Option<String> {
    let rules = SAID.split(' ').filter_map(|key| Some(format!("{key}: {}", fields.get(key)?)));
    let rules = rules.collect::<Vec<_>>().join(", ");
    let about = fields.get("description").and_then(Value::as_str).unwrap_or_default();
    (!rules.is_empty()).then(|| format!("{about} ({rules})").trim_start().to_owned())
}

/// The required properties as they are declared, then the others: a model fills in what matters in the order
/// in which it was thought of.
fn ordering(fields: &Map<String, Value>) -> Option<Value> {
    let properties = fields.get("properties")?.as_object().filter(|properties| properties.len() > 1)?;
    let required = fields.get("required").and_then(Value::as_array).into_iter().flatten();
    let mut names: Vec<&str> = required.filter_map(Value::as_str).collect();
    names.retain(|name| properties.contains_key(*name));
    let others: Vec<&str> =
        properties.keys().map(String::as_str).filter(|name| !names.contains(name)).collect();
    names.extend(others);
    Some(json!(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_that_google_does_not_list_are_left_out_at_every_depth() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T", "type": "object",
            "properties": {"n": {"type": "integer", "format": "uint8", "minimum": 0, "default": 9}},
            "$defs": {"D": {"type": "string", "examples": ["a"]}},
            "additionalProperties": false
        });
        assert_eq!(
            for_service(&schema),
            json!({
                "title": "T", "type": "object", "additionalProperties": false,
                "properties": {"n": {"type": "integer", "format": "uint8", "minimum": 0}},
                "$defs": {"D": {"type": "string"}}
            })
        );
    }

    #[test]
    fn rules_without_a_keyword_are_said_in_the_description() {
        let schema = json!({"type": "string", "description": "the account", "maxLength": 8, "pattern": "^a"});
        let said = r#"the account (maxLength: 8, pattern: "^a")"#;
        assert_eq!(for_service(&schema), json!({"type": "string", "description": said}));
        assert_eq!(for_service(&json!({"multipleOf": 5})), json!({"description": "(multipleOf: 5)"}));
    }

    #[test]
    fn variants_with_docs_are_enums_of_one() {
        let variant =
            |keyword: &str, value: Value| json!({ "description": "d", "type": "string", keyword: value });
        let schema = json!({"oneOf": [variant("const", json!("a")), variant("const", json!("b"))]});
        let expected = json!({"oneOf": [variant("enum", json!(["a"])), variant("enum", json!(["b"]))]});
        assert_eq!(for_service(&schema), expected);
    }

    #[test]
    fn properties_are_written_in_the_order_in_which_they_are_required() {
        let text = json!({"type": "string"});
        let schema = json!({"properties": {"a": text, "b": text, "z": text}, "required": ["z", "a"]});
        assert_eq!(for_service(&schema)["propertyOrdering"], json!(["z", "a", "b"]));
        let chosen = json!({"properties": {"a": text, "b": text}, "propertyOrdering": ["b", "a"]});
        assert_eq!(for_service(&chosen), chosen);
    }

    #[test]
    fn a_property_may_be_named_like_a_keyword() {
        let schema = json!({"properties": {"const": {"type": "string"}}});
        assert_eq!(for_service(&schema), schema);
    }

    #[test]
    fn a_reference_stands_alone() {
        let schema = json!({"$ref": "#/$defs/D", "description": "which"});
        assert_eq!(for_service(&schema), json!({"$ref": "#/$defs/D"}));
    }
}
