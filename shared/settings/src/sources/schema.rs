//! The schema of `[sources]`. What a source can have depends on who sends, by its `provider` or else by its
//! name; so the reader is asked once for each provider, and the schema says where they differ.

use serde_json::{Map, Value, json};
use webhook::Provider;

use super::{ONE, senders, source};
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
        let unnamed = json!({"if": {"not": {"required": ["provider"]}}, "then": own});
        by_name.insert(name.to_owned(), json!({"allOf": [{"$ref": format!("{PARTS}/source")}, unnamed]}));
    }
    any["description"] = ONE.into();
    any["allOf"] = by_provider.into();
    parts.insert("source".to_owned(), any);
    // By its name alone, nobody knows whose a source of any other name is.
    let known = json!({"anyOf": [{"required": ["provider"]}, {"required": ["scheme"]}]});
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": SOURCE.pattern},
        "properties": by_name,
        "additionalProperties": {"allOf": [{"$ref": format!("{PARTS}/source")}, known]},
        "definitions": parts,
    })
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
