//! The schema of `[sources]`. The keys of a source depend on its provider, which `provider` or else the source's
//! name says. So the reader is run once for each provider, and the schema says where they differ.

use serde_json::{Map, Value, json};
use webhook::Provider;

use super::{ONE, senders, source};
use crate::events;
use crate::known::Known;
use crate::names::SOURCE;
use crate::report::Report;
use crate::section::Section;
use crate::shape::Shape;

/// The place of those parts of the schema that several places refer to.
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
        // A name that is no provider's says nothing about the sender: it is a sender of the user's own.
        "additionalProperties": unless_said(&json!({"$ref": format!("{PARTS}/{}", Provider::Custom.name())})),
        "definitions": parts,
    })
}

/// A source that is also `own`, unless its key `provider` names the provider.
fn unless_said(own: &Value) -> Value {
    let unsaid = json!({"not": {"required": ["provider"]}});
    json!({"allOf": [{"$ref": format!("{PARTS}/source")}, {"if": unsaid, "then": own}]})
}

fn of_source(provider: Option<Provider>, report: &Report<'_>) -> Value {
    let shape = Shape::default();
    let section = Section::probe(String::new(), shape.clone(), report);
    source(SOURCE.example, section, provider, &Known::new(None, Vec::new()));
    shape.schema()
}

/// A source whose provider is not known: it may have the keys of every provider.
fn of_any(mut any: Value, providers: &[(Provider, Value)]) -> Value {
    for (key, its) in providers.iter().filter_map(|(_, its)| its["properties"].as_object()).flatten() {
        if any["properties"].get(key).is_none() {
            any["properties"][key] = its.clone();
        }
    }
    any
}

/// The keywords that a source of `provider` has besides those of `any`.
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
    if provider.row().takes_map && !provider.is_mapped() {
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

/// The keywords of `its` that differ from those of `any`, at every depth. Both schemas together say what `its`
/// says, since each keyword of `its` is at least as strict as the one of `any`.
fn difference(its: &Value, any: &Value) -> Value {
    let (Value::Object(own), Value::Object(general)) = (its, any) else { return its.clone() };
    let differs = own.iter().filter(|(name, value)| general.get(*name) != Some(*value));
    let differs = differs.map(|(name, value)| {
        let value = general.get(name).map_or_else(|| value.clone(), |general| difference(value, general));
        (name.clone(), value)
    });
    differs.collect::<Map<_, _>>().into()
}
