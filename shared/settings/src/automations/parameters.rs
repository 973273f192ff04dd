//! [`Parameters`]: what the triage model fills in for a configured call, by a JSON Schema of flat objects.

use serde_json::{Map, Value, json};

use super::PLACES;
use crate::entry::Entry;
use crate::names::{IDENTIFIER, is_identifier};
use crate::suggest::list;

/// Longest text where the schema names no bound, in characters.
const MAX_TEXT: u64 = 1_000;
/// Keywords of the whole object.
const OBJECT: [&str; 4] = ["type", "description", "properties", "required"];
/// Keywords of one parameter.
const FIELD: [&str; 7] = ["type", "description", "enum", "minLength", "maxLength", "minimum", "maximum"];
/// The types of a parameter: its value ends up in an address or a text.
const TYPES: [&str; 4] = ["string", "integer", "number", "boolean"];

/// A JSON Schema of an object whose fields are texts, numbers and booleans.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    schema: Value,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { schema: json!({"type": "object", "properties": {}, "required": []}) }
    }
}

impl Parameters {
    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// The names of the fields.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.fields().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    fn fields(&self) -> Option<&Map<String, Value>> {
        self.schema.get("properties")?.as_object()
    }

    /// What is wrong with `value`, in words that help a model to repair it.
    ///
    /// # Errors
    /// The problem, in words.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let given = value.as_object().ok_or("must be an object")?;
        let required = self.schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in required {
            if given.get(name).is_none_or(Value::is_null) {
                return Err(format!("`{name}` is missing"));
            }
        }
        for (name, value) in given {
            let field = self.fields().and_then(|fields| fields.get(name));
            let field = field.ok_or_else(|| format!("there is no parameter `{name}`"))?;
            if !value.is_null() {
                check_field(field, value).map_err(|problem| format!("`{name}` {problem}"))?;
            }
        }
        Ok(())
    }
}

fn check_field(field: &Value, value: &Value) -> Result<(), String> {
    let wanted = field["type"].as_str().unwrap_or_default();
    let fits = match wanted {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => value.is_boolean(),
    };
    if !fits {
        return Err(format!("must be of the type {wanted}"));
    }
    if let Some(choices) = field["enum"].as_array().filter(|choices| !choices.contains(value)) {
        return Err(format!("must be one of {}", Value::from(choices.clone())));
    }
    if let Some(text) = value.as_str() {
        let (least, most) = lengths(field);
        let length = text.chars().count() as u64;
        if !(least..=most).contains(&length) {
            return Err(format!("must have {least} to {most} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("must be one line without control characters".to_owned());
        }
    }
    let bound = |name: &str| field[name].as_f64();
    let number = value.as_f64().unwrap_or_default();
    if value.is_number() && bound("minimum").is_some_and(|least| number < least) {
        return Err(format!("must be at least {}", field["minimum"]));
    }
    if value.is_number() && bound("maximum").is_some_and(|most| number > most) {
        return Err(format!("must be at most {}", field["maximum"]));
    }
    Ok(())
}

fn lengths(field: &Value) -> (u64, u64) {
    (field["minLength"].as_u64().unwrap_or(0), field["maxLength"].as_u64().unwrap_or(MAX_TEXT))
}

/// Reads a schema. A keyword that would have no effect is refused, not ignored.
pub(super) fn read(entry: &Entry<'_>) -> Option<Parameters> {
    let schema = entry.json();
    entry.also(described);
    let mut schema = schema?;
    if let Err(problem) = check_schema(&mut schema) {
        return entry.refuse(problem, "write it like { properties = { user = { type = \"string\" } } }");
    }
    Some(Parameters { schema })
}

/// What [`check_schema`] lets pass, in keywords of JSON Schema.
fn described() -> Value {
    let of_keyword = |keyword: &str| match keyword {
        "type" => json!({"enum": TYPES}),
        "description" => json!({"description": "What it is, in words for the model."}),
        "enum" => json!({"type": "array", "minItems": 1}),
        "minLength" | "maxLength" => json!({"type": "integer", "minimum": 0}),
        _ => json!({"type": "number"}),
    };
    let field: Map<String, Value> =
        FIELD.iter().map(|keyword| ((*keyword).to_owned(), of_keyword(keyword))).collect();
    let field =
        json!({"type": "object", "properties": field, "required": ["type"], "additionalProperties": false});
    let of_keyword = |keyword: &str| match keyword {
        "type" => json!({"enum": ["object"]}),
        "properties" => json!({
            "type": "object",
            "propertyNames": {"not": {"enum": PLACES}},
            "patternProperties": {IDENTIFIER.pattern: field},
            "additionalProperties": false,
            "minProperties": 1,
        }),
        "required" => json!({"type": "array", "items": {"type": "string"}}),
        _ => json!({"description": "What they are for, in words for the model."}),
    };
    let object: Map<String, Value> =
        OBJECT.iter().map(|keyword| ((*keyword).to_owned(), of_keyword(keyword))).collect();
    json!({"type": "object", "properties": object, "required": ["properties"], "additionalProperties": false})
}

fn check_schema(schema: &mut Value) -> Result<(), String> {
    let object = schema.as_object_mut().ok_or("is not a table")?;
    keywords(object, &OBJECT, "the schema")?;
    object.entry("type").or_insert_with(|| json!("object"));
    object.entry("required").or_insert_with(|| json!([]));
    if object["type"] != "object" {
        return Err("must be a schema of the type object".to_owned());
    }
    let fields = object.get("properties").and_then(Value::as_object);
    let fields = fields.filter(|fields| !fields.is_empty()).ok_or("names no properties")?;
    for (name, field) in fields {
        if !is_identifier(name) || PLACES.contains(&name.as_str()) {
            let places = list(&PLACES);
            return Err(format!("`{name}`: use lower-case letters, digits and `_`, and none of {places}"));
        }
        check_keywords(field).map_err(|problem| format!("`{name}`: {problem}"))?;
    }
    let required = object["required"].as_array().ok_or("`required` is not a list")?;
    let unknown = required.iter().find(|name| name.as_str().is_none_or(|name| !fields.contains_key(name)));
    unknown.map_or(Ok(()), |name| Err(format!("`required` names {name}, which is none of the properties")))
}

fn check_keywords(field: &Value) -> Result<(), String> {
    let object = field.as_object().ok_or("is not a table")?;
    keywords(object, &FIELD, "a parameter")?;
    let kind = field["type"].as_str().unwrap_or_default();
    if !TYPES.contains(&kind) {
        return Err(format!("its `type` must be one of {}", list(&TYPES)));
    }
    let is_length = |value: &Value| value.is_null() || value.is_u64();
    let is_bound = |value: &Value| value.is_null() || value.is_number();
    if !is_length(&field["minLength"]) || !is_length(&field["maxLength"]) {
        return Err("minLength and maxLength are whole numbers".to_owned());
    }
    if !is_bound(&field["minimum"]) || !is_bound(&field["maximum"]) {
        return Err("minimum and maximum are numbers".to_owned());
    }
    let choices = &field["enum"];
    if !choices.is_null() && choices.as_array().is_none_or(Vec::is_empty) {
        return Err("`enum` is a list of at least one value".to_owned());
    }
    let mut choices = choices.as_array().into_iter().flatten();
    let plain = json!({"type": kind});
    choices.try_for_each(|choice| check_field(&plain, choice).map_err(|why| format!("{choice} {why}")))
}

fn keywords(object: &Map<String, Value>, known: &[&str], what: &str) -> Result<(), String> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{what} cannot have `{key}`; known are {}", list(known))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(mut schema: Value) -> Result<Parameters, String> {
        check_schema(&mut schema).map(|()| Parameters { schema })
    }

    #[test]
    fn values_are_held_to_the_schema() {
        let known = parameters(json!({
            "properties": {
                "user": {"type": "string", "minLength": 1, "maxLength": 5},
                "plan": {"type": "string", "enum": ["free", "paid"]},
                "seats": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            "required": ["user"],
        }))
        .unwrap();
        assert_eq!(known.check(&json!({"user": "ada", "plan": "free", "seats": 9})), Ok(()));
        assert_eq!(known.check(&json!({"user": "ada", "plan": null})), Ok(()));
        for (wrong, word) in [
            (json!(["user"]), "object"),
            (json!({}), "`user` is missing"),
            (json!({"user": ""}), "1 to 5"),
            (json!({"user": "a\nb"}), "one line"),
            (json!({"user": "ada", "plan": "gold"}), "one of"),
            (json!({"user": "ada", "seats": 10}), "at most 9"),
            (json!({"user": "ada", "seats": 1.5}), "integer"),
            (json!({"user": "ada", "admin": true}), "no parameter `admin`"),
        ] {
            let problem = known.check(&wrong).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
    }

    #[test]
    fn schemas_that_would_not_be_heeded_are_refused() {
        for (schema, word) in [
            (json!({}), "no properties"),
            (json!({"properties": {"a": {"type": "array"}}}), "`type` must be"),
            (json!({"properties": {"a": {"type": "string", "pattern": "x"}}}), "`pattern`"),
            (json!({"properties": {"task_id": {"type": "string"}}}), "`task_id`"),
            (json!({"properties": {"a": {"type": "string"}}, "required": ["b"]}), "required"),
            (json!({"properties": {"a": {"type": "string", "enum": [1]}}}), "must be of the type"),
            (json!({"properties": {"a": {"type": "string", "maxLength": "x"}}}), "whole numbers"),
            (json!({"additionalProperties": true}), "additionalProperties"),
        ] {
            let problem = parameters(schema).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
    }
}
