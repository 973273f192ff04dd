//! Instances of schemas: JSON Schema and the OpenAPI subset alike, as far as callers of ours go: types,
//! words to choose from, references, variants, lengths and bounds.
//!
//! Where a schema offers several words, the one that fits the question is taken; of what may be left out,
//! only what is named after that word is filled in.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::intent::{answer, choose, is_spam};
use super::question::Question;
use super::spelling::Fields;

/// The most values in one instance: a schema must not make the answer explode.
const FUEL: u32 = 20_000;

const MAX_DEPTH: usize = 48;

/// The most elements that `minItems` gets, and the most characters that `minLength` gets.
const MAX_ITEMS: usize = 1_000;

/// A schema that says nothing.
static ANYTHING: Value = Value::Null;

/// An instance of `schema` that fits the question.
pub(super) fn instance(schema: &Value, question: &Question) -> Value {
    let mut maker =
        Maker { root: schema, question, fuel: Cell::new(FUEL), confidence: 0.42, chosen: String::new() };
    if !maker.decide(schema, 0) && maker.has_no_choice(schema, 0) {
        maker.confidence = 0.93;
    }
    maker.make(schema, "", 0, 0)
}

struct Maker<'a> {
    root: &'a Value,
    question: &'a Question,
    fuel: Cell<u32>,
    /// How sure the choice is that the answer is about.
    confidence: f64,
    /// The word that was chosen; empty when there is no choice.
    chosen: String,
}

impl Maker<'_> {
    /// Chooses among the words of the first `enum` with several of them.
    fn decide(&mut self, schema: &Value, depth: usize) -> bool {
        if depth > 4 {
            return false;
        }
        let schema = self.resolved(schema);
        let words = words(&schema);
        if words.len() > 1
            && let Some((index, confidence)) = choose(&words, self.question)
        {
            (self.confidence, self.chosen) = (confidence, words[index].to_owned());
            return true;
        }
        let inner = properties(&schema).map(|(_, property)| property);
        inner
            .chain(schema.field("items"))
            .chain(schema.items("anyOf"))
            .any(|node| self.decide(node, depth + 1))
    }

    /// Whether there is one word to say, of which anybody is sure.
    fn has_no_choice(&self, schema: &Value, depth: usize) -> bool {
        let schema = self.resolved(schema);
        words(&schema).len() == 1
            || (depth <= 4
                && properties(&schema).any(|(_, property)| self.has_no_choice(property, depth + 1)))
    }

    /// The value for a member called `name`, or for the `position`-th element of a list.
    fn make(&self, schema: &Value, name: &str, position: usize, depth: usize) -> Value {
        let Some(left) = self.fuel.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
            return Value::Null;
        };
        self.fuel.set(left);
        let schema = self.resolved(schema);
        if let Some(fixed) = schema.get("const") {
            return fixed.clone();
        }
        if let Some(options) = schema.field("enum").and_then(Value::as_array) {
            let words = words(&schema);
            let choice = choose(&words, self.question).map(|(index, _)| Value::from(words[index]));
            return choice.or_else(|| options.first().cloned()).unwrap_or_default();
        }
        if let Some(options) = variants(&schema) {
            let option = options.iter().find(|option| kind(&self.resolved(option)) != "null");
            return option.map_or(Value::Null, |option| self.make(option, name, position, depth + 1));
        }
        match kind(&schema) {
            "object" => self.object(&schema, position, depth),
            "array" => self.array(&schema, name, depth),
            "string" => self.string(&schema, name).into(),
            "integer" => (self.number(&schema, name, position).round() as i64).into(),
            "number" => self.number(&schema, name, position).into(),
            "boolean" => (name.contains("spam") && is_spam(self.question)).into(),
            "null" => Value::Null,
            _ => json!({}),
        }
    }

    /// A schema with its `$ref` followed; one that leads nowhere says nothing.
    fn resolved(&self, schema: &Value) -> Value {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let Some(reference) = schema.string("$ref").or_else(|| schema.string("ref")) else {
                return schema.clone();
            };
            let mut path = reference.trim_start_matches('#').split('/').filter(|step| !step.is_empty());
            match path.try_fold(self.root, |node, step| node.get(step)) {
                Some(target) => schema = target,
                None => return Value::Null,
            }
        }
        Value::Null
    }

    fn object(&self, schema: &Value, position: usize, depth: usize) -> Value {
        let required: Vec<&str> = schema.items("required").iter().filter_map(Value::as_str).collect();
        let chosen = properties(schema).filter(|(name, property)| self.is_chosen(property, name));
        let names = chosen.map(|(name, _)| name.as_str()).chain(required);
        let property =
            |name: &str| schema.field("properties").and_then(|it| it.get(name)).unwrap_or(&ANYTHING);
        let member = |name: &str| (name.to_owned(), self.make(property(name), name, position, depth + 1));
        Value::Object(names.map(member).collect::<Map<_, _>>())
    }

    /// Whether an optional member is named after the chosen word, or has a member that is.
    fn is_chosen(&self, property: &Value, name: &str) -> bool {
        name == self.chosen || properties(property).any(|(name, _)| *name == self.chosen)
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let (min, max) = limits(schema, "minItems", "maxItems");
        let items = schema.field("items").unwrap_or(&ANYTHING);
        let length = min.max(1).min(max);
        Value::Array((0..length).map(|position| self.make(items, name, position, depth + 1)).collect())
    }

    /// What the field's name asks for, else the title; cut or filled up to the schema's length.
    fn string(&self, schema: &Value, name: &str) -> String {
        let is = |words: &[&str]| words.iter().any(|word| name.to_lowercase().contains(word));
        let text = if is(&["reply", "answer", "draft", "body"]) {
            answer(self.question)
        } else if is(&["id", "payment", "order", "number", "user"]) {
            let has_digit = |word: &str| word.contains(|c: char| c.is_ascii_digit());
            self.question.word(has_digit).unwrap_or(&self.question.title).to_owned()
        } else {
            self.question.title.clone()
        };
        let (min, max) = limits(schema, "minLength", "maxLength");
        let text = if text.is_empty() { "not given" } else { &text };
        let filling = " and so on".chars().cycle().take(min.saturating_sub(text.chars().count()));
        text.chars().chain(filling).take(max).collect()
    }

    /// The confidence, an amount that the text names, or the place in the list, within the bounds.
    fn number(&self, schema: &Value, name: &str, position: usize) -> f64 {
        let (min, max) = (schema.number("minimum"), schema.number("maximum"));
        let wanted = if name.contains("confidence") {
            self.confidence * max.unwrap_or(1.0)
        } else if name.contains("amount") {
            let number = |word: &str| word.parse::<f64>().is_ok_and(f64::is_finite);
            self.question.word(number).and_then(|word| word.parse().ok()).unwrap_or(1.0)
        } else {
            1.0 + position as f64
        };
        wanted.max(min.unwrap_or(f64::MIN)).min(max.unwrap_or(f64::MAX))
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.field("properties").and_then(Value::as_object).into_iter().flatten()
}

fn words(schema: &Value) -> Vec<&str> {
    schema.items("enum").iter().filter_map(Value::as_str).collect()
}

fn variants(schema: &Value) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|key| schema.field(key)?.as_array())
}

fn limits(schema: &Value, min: &str, max: &str) -> (usize, usize) {
    let limit = |name| schema.whole(name).and_then(|number| usize::try_from(number).ok());
    (limit(min).unwrap_or(0).min(MAX_ITEMS), limit(max).unwrap_or(usize::MAX))
}

/// The type of a schema; what may be `null` is.
fn kind(schema: &Value) -> &'static str {
    let named = match schema.get("type") {
        Some(Value::Array(types)) if types.iter().any(|kind| kind.as_str() == Some("null")) => Some("null"),
        Some(Value::Array(types)) => types.iter().find_map(Value::as_str),
        _ if schema.is_set("nullable") => Some("null"),
        named => named.and_then(Value::as_str),
    };
    let kinds = ["object", "array", "string", "integer", "number", "boolean", "null"];
    let kind = kinds.into_iter().find(|kind| named.is_some_and(|named| named.eq_ignore_ascii_case(kind)));
    kind.unwrap_or(if schema.field("properties").is_some() { "object" } else { "any" })
}
