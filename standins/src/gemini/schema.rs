//! Instances of schemas: JSON Schema and the OpenAPI subset alike, as far as callers of ours go: types,
//! words to choose from, references, variants, lengths and bounds.
//!
//! The members come in the schema's order. Where a schema offers several words, the one that fits the
//! question is taken; of what may be left out, only what is named after that word is filled in.

use std::cell::Cell;

use serde_json::{Number, Value};

use super::canned;
use super::intent::{choose, is_spam};
use super::json::Node;
use super::question::Question;

/// The most values in one instance: a schema must not make the answer explode.
const FUEL: u32 = 20_000;

/// The deepest nesting.
const MAX_DEPTH: usize = 48;

/// The most elements that `minItems` gets, and the most characters that `minLength` gets.
const MAX_ITEMS: usize = 1_000;

/// A schema that says nothing.
static ANYTHING: Node = Node::EMPTY;

/// An instance of `schema` that fits the question.
pub(super) fn instance(schema: &Node, question: &Question) -> Node {
    let mut maker =
        Maker { root: schema, question, fuel: Cell::new(FUEL), confidence: 0.42, chosen: String::new() };
    maker.decide(schema, 0);
    maker.make(schema, "", 0, 0)
}

struct Maker<'a> {
    root: &'a Node,
    question: &'a Question,
    fuel: Cell<u32>,
    /// How sure the choice is that the answer is about.
    confidence: f64,
    /// The word that was chosen; empty when there is no choice.
    chosen: String,
}

impl Maker<'_> {
    /// Chooses among the words of the first `enum` with several of them.
    fn decide(&mut self, schema: &Node, depth: usize) -> bool {
        if depth > 4 {
            return false;
        }
        let schema = self.resolved(schema);
        let words = words(&schema);
        if words.len() > 1
            && let Some(choice) = choose(&words, self.question)
        {
            (self.confidence, self.chosen) = (choice.confidence, words[choice.index].to_owned());
            return true;
        }
        let properties = schema.field("properties").and_then(Node::as_map).unwrap_or_default();
        let inner = properties.iter().map(|(_, property)| property);
        inner
            .chain(schema.field("items"))
            .chain(schema.items("anyOf"))
            .any(|node| self.decide(node, depth + 1))
    }

    /// The value for a member called `name`, or for the `position`-th element of a list.
    fn make(&self, schema: &Node, name: &str, position: usize, depth: usize) -> Node {
        let Some(left) = self.fuel.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
            return Node::NULL;
        };
        self.fuel.set(left);
        let schema = self.resolved(schema);
        if let Some(fixed) = schema.get("const") {
            return fixed.clone();
        }
        if let Some(options) = schema.field("enum").and_then(Node::as_list) {
            let words = words(&schema);
            let choice = choose(&words, self.question).map(|choice| Node::text(words[choice.index]));
            return choice.or_else(|| options.first().cloned()).unwrap_or(Node::NULL);
        }
        if let Some(options) = variants(&schema) {
            let option = options.iter().find(|option| kind(&self.resolved(option)) != "null");
            return option.map_or(Node::NULL, |option| self.make(option, name, position, depth + 1));
        }
        match kind(&schema) {
            "object" => self.object(&schema, position, depth),
            "array" => self.array(&schema, name, depth),
            "string" => Node::text(self.string(&schema, name)),
            "integer" => {
                let number = self.number(&schema, name, position).round();
                Node::Leaf(Value::from(number as i64))
            }
            "number" => {
                let number = Number::from_f64(self.number(&schema, name, position));
                Node::Leaf(number.map_or(Value::from(0), Value::Number))
            }
            "boolean" => Node::Leaf((name.contains("spam") && is_spam(self.question)).into()),
            "null" => Node::NULL,
            _ => Node::EMPTY,
        }
    }

    /// A schema with its `$ref` followed; one that leads nowhere says nothing.
    fn resolved(&self, schema: &Node) -> Node {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let Some(reference) = schema.string("$ref").or_else(|| schema.string("ref")) else {
                return schema.clone();
            };
            let path = reference.trim_start_matches('#').split('/').filter(|step| !step.is_empty());
            match path.fold(Some(self.root), |node, step| node?.get(step)) {
                Some(target) => schema = target,
                None => return Node::EMPTY,
            }
        }
        Node::EMPTY
    }

    fn object(&self, schema: &Node, position: usize, depth: usize) -> Node {
        let properties = schema.field("properties").and_then(Node::as_map).unwrap_or_default();
        let required: Vec<&str> = schema.items("required").iter().filter_map(Node::as_str).collect();
        let order = schema.items("propertyOrdering").iter().filter_map(Node::as_str);
        let known = properties.iter().map(|(name, _)| name.as_str());
        let mut members: Vec<(String, Node)> = Vec::new();
        for name in order.chain(known).chain(required.iter().copied()) {
            let property = properties.iter().rev().find(|(known, _)| known == name);
            let property = property.map_or(&ANYTHING, |(_, property)| property);
            let wanted = required.contains(&name) || self.is_chosen(property, name);
            if wanted && !members.iter().any(|(known, _)| known == name) {
                members.push((name.to_owned(), self.make(property, name, position, depth + 1)));
            }
        }
        Node::Map(members)
    }

    /// Whether an optional member is named after the chosen word, or has a member that is.
    fn is_chosen(&self, property: &Node, name: &str) -> bool {
        let inner = property.field("properties").and_then(Node::as_map).unwrap_or_default();
        name == self.chosen || inner.iter().any(|(name, _)| *name == self.chosen)
    }

    fn array(&self, schema: &Node, name: &str, depth: usize) -> Node {
        let (min, max) = limits(schema, "minItems", "maxItems");
        let items = schema.field("items").unwrap_or(&ANYTHING);
        let length = min.max(1).min(max);
        Node::List((0..length).map(|position| self.make(items, name, position, depth + 1)).collect())
    }

    /// What the field's name asks for, else the title; cut or filled up to the schema's length.
    fn string(&self, schema: &Node, name: &str) -> String {
        let is = |words: &[&str]| words.iter().any(|word| name.to_lowercase().contains(word));
        let text = if is(&["reply", "answer", "draft", "body"]) {
            canned::answer(self.question)
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
    fn number(&self, schema: &Node, name: &str, position: usize) -> f64 {
        let bound = |name: &str| schema.field(name).and_then(Node::as_f64);
        let (min, max) = (bound("minimum"), bound("maximum"));
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

/// The words of an `enum`.
fn words(schema: &Node) -> Vec<&str> {
    schema.items("enum").iter().filter_map(Node::as_str).collect()
}

fn variants(schema: &Node) -> Option<&[Node]> {
    ["anyOf", "oneOf"].iter().find_map(|key| schema.field(key)?.as_list())
}

fn limits(schema: &Node, min: &str, max: &str) -> (usize, usize) {
    let limit = |name| schema.field(name).and_then(Node::as_u64).and_then(|n| usize::try_from(n).ok());
    (limit(min).unwrap_or(0).min(MAX_ITEMS), limit(max).unwrap_or(usize::MAX))
}

/// The type of a schema; what may be `null` is.
fn kind(schema: &Node) -> &'static str {
    let is_nullable = schema.field("nullable").and_then(Node::as_bool) == Some(true);
    let named = match schema.get("type") {
        Some(Node::List(types)) if types.iter().any(|kind| kind.as_str() == Some("null")) => Some("null"),
        Some(Node::List(types)) => types.iter().find_map(Node::as_str),
        _ if is_nullable => Some("null"),
        named => named.and_then(Node::as_str),
    };
    let kinds = ["object", "array", "string", "integer", "number", "boolean", "null"];
    let kind = kinds.into_iter().find(|kind| named.is_some_and(|named| named.eq_ignore_ascii_case(kind)));
    kind.unwrap_or(if schema.field("properties").is_some() { "object" } else { "any" })
}
