//! The schema of `[sources]`. What a source can have depends on who sends, by its `provider` or else by its
//! name; so the reader is asked once for each provider, and the schema says where they differ.

use serde_json::{Map, Value, json};
use webhook::Provider;

use super::{ONE, senders, source};
use crate::events;
use crate::names::SOURCE;
use crate::report::Report;
use crate::section::Section;
use crate::shape::Shape;

/// Where the parts of the schema are that several places refer to, below the table's own place.
const PARTS: &str = "#/properties/sources/definitions";

/// The `[sources]` table, in keywords of JSON Schema.
pub(super) fn of_sources(report: &Report<'_>) -> Value {
    let providers: Vec<(Provider, Value)> = senders()
        .into_iter()
        .filter_map(Provider::from_name)
        .map(|provider| (provider, of_source(Some(provider), report)))
        .collect();
    let mut any = of_any(of_source(None, report), &providers);
    let (mut parts, mut by_name, mut by_provider) = (Map::new(), Map::new(), Vec::new());
    for (provider, its) in &providers {
        let name = provider.name();
        let own = json!({"$ref": format!("{PARTS}/{name}")});
        parts.insert(name.to_owned(), narrowed(*provider, its, &any));
        let is_named = json!({"properties": {"provider": {"const": name}}, "required": ["provider"]});
        by_provider.push(json!({"if": is_named, "then": own}));
        by_name.insert(name.to_owned(), unless_said(&own));
    }
    any["description"] = ONE.into();
    any["allOf"] = by_provider.into();
    parts.insert("source".to_owned(), any);
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": SOURCE.pattern},
        "properties": by_name,
        // Whose a source of any other name is, nobody knows by its name: it is one's own.
        "additionalProperties": unless_said(&json!({"$ref": format!("{PARTS}/{}", Provider::Custom.name())})),
        "definitions": parts,
    })
}

/// A source that is also `own` unless its `provider` says whose it is.
fn unless_said(own: &Value) -> Value {
    let unsaid = json!({"not": {"required": ["provider"]}});
    json!({"allOf": [{"$ref": format!("{PARTS}/source")}, {"if": unsaid, "then": own}]})
}

/// A source of `provider`.
fn of_source(provider: Option<Provider>, report: &Report<'_>) -> Value {
    let shape = Shape::default();
    source(SOURCE.example, Section::probe(String::new(), shape.clone(), report), provider);
    shape.schema()
}

/// A source of nobody knows whom: with the keys of all.
fn of_any(mut any: Value, providers: &[(Provider, Value)]) -> Value {
    for (key, its) in providers.iter().filter_map(|(_, its)| its["properties"].as_object()).flatten() {
        if any["properties"].get(key).is_none() {
            any["properties"][key] = its.clone();
        }
    }
    any
}

/// What holds of a source of `provider` besides what holds of `any`.
fn narrowed(provider: Provider, its: &Value, any: &Value) -> Value {
    let mut narrowed = difference(its, any);
    for key in any["properties"].as_object().into_iter().flat_map(Map::keys) {
        if its["properties"].get(key).is_none() {
            narrowed["properties"][key] = json!(false);
        }
    }
    if provider == Provider::Custom {
        narrowed["required"] = json!(["scheme"]);
    }
    if provider.takes_map() && !provider.is_mapped() {
        // Events of other kinds are those that a map describes.
        let event = events::unmapped_keywords(provider, true);
        let rule = json!({"properties": {"when": {"properties": {"event": event}}}});
        narrowed["if"] = json!({"not": {"required": ["map"]}});
        narrowed["then"] = json!({"properties": {
            "events": {"items": events::unmapped_keywords(provider, false)},
            "priority": {"items": rule},
        }});
    }
    narrowed
}

/// The keywords of `its` that are not those of `any`, at every depth. Both together say what `its` says, since
/// each of its keywords is as strict as the one that it stands for.
fn difference(its: &Value, any: &Value) -> Value {
    let (Value::Object(own), Value::Object(general)) = (its, any) else { return its.clone() };
    let differs = own.iter().filter(|(name, value)| general.get(*name) != Some(*value));
    let differs = differs.map(|(name, value)| {
        let value = general.get(name).map_or_else(|| value.clone(), |general| difference(value, general));
        (name.clone(), value)
    });
    differs.collect::<Map<_, _>>().into()
}
