//! Instances of schemas: JSON Schema and the OpenAPI subset alike.
//!
//! Required properties and useful optional ones are filled, in the schema's order, from what the prompt
//! is about. Where a schema offers several words or variants, the one that fits the text is taken.

use std::cell::Cell;

use super::facts::Facts;
use super::guess;
use super::intent::{Choice, choose};
use super::ordered::Node;
use super::shapes::{count, distinct, kind, label, merged};
use super::{strings, values};

/// The most values in one instance: a schema must not make the answer explode.
const FUEL: u32 = 20_000;

/// The deepest nesting in which optional things are still filled in.
const DEEP: usize = 8;

/// The deepest nesting at all.
const BOTTOM: usize = 48;

/// The most elements that `minItems` gets.
const MAX_ITEMS: usize = 1_000;

/// An instance of `schema` that fits what the prompt is about.
pub(super) fn instance(schema: &Node, facts: &Facts) -> Node {
    let mut maker =
        Maker { root: schema, facts, fuel: Cell::new(FUEL), sure: 0.9, words: Vec::new(), chosen: 0 };
    if let Some(main) = maker.main_choice(schema, "", 0) {
        (maker.sure, maker.chosen, maker.words) = (main.choice.confidence, main.choice.index, main.words);
    }
    maker.make(schema, "", 0, 0)
}

struct Maker<'a> {
    root: &'a Node,
    facts: &'a Facts,
    fuel: Cell<u32>,
    /// The confidence in the choice that the answer is about.
    sure: f64,
    /// The words of that choice, and which of them it is.
    words: Vec<String>,
    chosen: usize,
}

/// A choice of words somewhere in a schema.
struct MainChoice {
    /// Whether its field is named like what the answer is about.
    named: bool,
    words: Vec<String>,
    choice: Choice,
}

impl Maker<'_> {
    fn make(&self, schema: &Node, name: &str, position: usize, depth: usize) -> Node {
        let Some(left) = self.fuel.get().checked_sub(1).filter(|_| depth <= BOTTOM) else {
            return Node::NULL;
        };
        self.fuel.set(left);
        let schema = self.flat(schema, 0);
        if let Some(fixed) = schema.get("const") {
            return fixed.clone();
        }
        if let Some(options) = schema.get("enum").and_then(Node::as_list) {
            return self.pick(options, position);
        }
        for key in ["anyOf", "any_of", "oneOf", "one_of"] {
            if let Some(options) = schema.get(key).and_then(Node::as_list) {
                return self.variant(&schema, key, options, name, position, depth);
            }
        }
        let (kind, nullable) = kind(&schema);
        if nullable && !self.useful(&schema, kind, name, depth) {
            return Node::NULL;
        }
        match kind {
            "object" => self.object(&schema, position, depth),
            "array" => self.array(&schema, name, depth),
            "string" => Node::text(strings::make(&schema, name, self.facts, position)),
            "integer" => values::integer(&schema, name, self.facts, position, self.sure),
            "number" => values::number(&schema, name, self.facts, position, self.sure),
            "boolean" => Node::Leaf(guess::boolean(name, self.facts).into()),
            "null" => Node::NULL,
            _ => Node::EMPTY,
        }
    }

    /// A schema with its `$ref` followed and its `allOf` merged in.
    fn flat(&self, schema: &Node, depth: usize) -> Node {
        let mut members = schema.as_map().unwrap_or_default().to_vec();
        if depth > BOTTOM {
            return Node::Map(members);
        }
        let reference = ["$ref", "ref"].iter().find_map(|key| schema.get(key)?.as_str());
        if let Some(target) = reference.and_then(|reference| self.resolve(reference)) {
            members.retain(|(key, _)| key != "$ref" && key != "ref");
            members = merged(self.flat(&target, depth + 1), &Node::Map(members));
        }
        let Some(parts) = schema.get("allOf").and_then(Node::as_list) else { return Node::Map(members) };
        members.retain(|(key, _)| key != "allOf");
        parts
            .iter()
            .fold(Node::Map(members), |whole, part| Node::Map(merged(whole, &self.flat(part, depth + 1))))
    }

    fn resolve(&self, reference: &str) -> Option<Node> {
        let pointer = reference.strip_prefix('#')?;
        let mut node = self.root;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            node = match node {
                Node::List(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => node.get(&step)?,
            };
        }
        Some(node.clone())
    }

    /// One of the words of an `enum`; the `position`-th best distinct one inside of a list.
    fn pick(&self, options: &[Node], position: usize) -> Node {
        let words: Vec<&str> = options.iter().filter_map(Node::as_str).collect();
        let first = choose(&words, &[], self.facts)
            .and_then(|choice| options.iter().position(|o| o.as_str() == Some(words[choice.index])));
        let Some(first) = first else {
            let plain = options.get(position).or_else(|| options.iter().find(|o| !o.is_null()));
            return plain.or(options.first()).cloned().unwrap_or(Node::NULL);
        };
        if position == 0 {
            return options[first].clone();
        }
        let others: Vec<&Node> =
            options.iter().enumerate().filter(|(i, _)| *i != first).map(|(_, o)| o).collect();
        others.get((position - 1) % others.len().max(1)).copied().unwrap_or(&options[first]).clone()
    }

    /// One of the variants of `anyOf` or `oneOf`, together with what surrounds them.
    fn variant(
        &self,
        schema: &Node,
        key: &str,
        options: &[Node],
        name: &str,
        position: usize,
        depth: usize,
    ) -> Node {
        let base: Vec<(String, Node)> =
            schema.as_map().unwrap_or_default().iter().filter(|(k, _)| k != key).cloned().collect();
        let flat: Vec<Node> = options.iter().map(|option| self.flat(option, 0)).collect();
        let (nulls, others): (Vec<&Node>, Vec<&Node>) =
            flat.iter().partition(|option| kind(option).0 == "null");
        let Some(mut taken) = others.first().copied() else { return Node::NULL };
        if !nulls.is_empty() && !self.useful(taken, kind(taken).0, name, depth) {
            return Node::NULL;
        }
        let labels: Vec<String> = others.iter().filter_map(|option| label(option)).collect();
        if labels.len() == others.len() {
            let words: Vec<&str> = labels.iter().map(String::as_str).collect();
            let said: Vec<Option<&str>> = others.iter().map(|option| option.string("description")).collect();
            if let Some(choice) = choose(&words, &said, self.facts) {
                taken = others[choice.index];
                if position > 0 {
                    taken = others[(choice.index + position) % others.len()];
                }
            }
        }
        self.make(&Node::Map(merged(Node::Map(base), taken)), name, position, depth + 1)
    }

    fn object(&self, schema: &Node, position: usize, depth: usize) -> Node {
        let properties = schema.get("properties").and_then(Node::as_map).unwrap_or_default();
        let required: Vec<&str> = schema.items("required").iter().filter_map(Node::as_str).collect();
        let order = schema.items("propertyOrdering").iter().filter_map(Node::as_str);
        let mut names: Vec<&str> = Vec::new();
        for name in
            order.chain(properties.iter().map(|(name, _)| name.as_str())).chain(required.iter().copied())
        {
            let known = properties.iter().any(|(n, _)| n == name) || required.contains(&name);
            if known && !names.contains(&name) {
                names.push(name);
            }
        }
        let least = count(schema, "minProperties").unwrap_or(0);
        let most = count(schema, "maxProperties").unwrap_or(usize::MAX).max(required.len());
        let mut optional = most - required.len().min(most);
        let mut spare = least.saturating_sub(required.len());
        let empty = Node::EMPTY;
        let mut members = Vec::new();
        for name in names {
            let property = properties.iter().rev().find(|(n, _)| n == name).map_or(&empty, |(_, p)| p);
            if !required.contains(&name) {
                let wanted = spare > 0 || self.wanted(property, name, depth);
                if !wanted || optional == 0 {
                    continue;
                }
                optional -= 1;
                spare = spare.saturating_sub(1);
            }
            members.push((name.to_owned(), self.make(property, name, position, depth + 1)));
        }
        self.fill(schema, &mut members, least, depth);
        Node::Map(members)
    }

    /// Adds further members where a schema wants more than it names.
    fn fill(&self, schema: &Node, members: &mut Vec<(String, Node)>, least: usize, depth: usize) {
        let empty = Node::EMPTY;
        let more = schema.field("additionalProperties").unwrap_or(&empty);
        for number in 1..=least.min(MAX_ITEMS) {
            if members.len() >= least || more.as_bool() == Some(false) {
                return;
            }
            let key = format!("key{number}");
            if !members.iter().any(|(k, _)| *k == key) {
                members.push((key, self.make(more, "value", number - 1, depth + 1)));
            }
        }
    }

    /// Whether an optional property is worth filling in.
    ///
    /// Where properties are named after the words of the choice, only the chosen one's is.
    fn wanted(&self, property: &Node, name: &str, depth: usize) -> bool {
        if self.words.iter().position(|word| word == name).is_some_and(|index| index != self.chosen) {
            return false;
        }
        let flat = self.flat(property, 0);
        if property.as_bool().is_some() || flat.as_map().is_none_or(<[_]>::is_empty) {
            return false;
        }
        let options = ["anyOf", "any_of", "oneOf"].iter().find_map(|key| flat.get(key)?.as_list());
        match options {
            Some(options) => options.iter().map(|option| self.flat(option, 0)).any(|option| {
                kind(&option).0 != "null" && self.useful(&option, kind(&option).0, name, depth)
            }),
            None => self.useful(&flat, kind(&flat).0, name, depth),
        }
    }

    /// Whether there is something to say in a value that may as well be left out.
    fn useful(&self, schema: &Node, kind: &str, name: &str, depth: usize) -> bool {
        if schema.get("enum").is_some() || schema.get("const").is_some() {
            return true;
        }
        match kind {
            "string" => strings::has_guess(schema, name, self.facts),
            "integer" | "number" => values::has_guess(name, self.facts),
            "boolean" => true,
            "object" => depth < DEEP && schema.get("properties").is_some(),
            "array" => depth < DEEP && (schema.get("items").is_some() || schema.get("prefixItems").is_some()),
            _ => false,
        }
    }

    fn array(&self, schema: &Node, name: &str, depth: usize) -> Node {
        let fixed = schema.items("prefixItems");
        let empty = Node::EMPTY;
        let rest = schema.field("items").unwrap_or(&empty);
        let open = rest.as_bool() != Some(false);
        let least = count(schema, "minItems").unwrap_or(0).min(MAX_ITEMS);
        let most = count(schema, "maxItems").unwrap_or(usize::MAX);
        let usual = if depth < DEEP { self.usual_length(rest, name) } else { 0 };
        let length = if fixed.is_empty() { usual } else { fixed.len() }.max(least).min(most);
        let length = if open { length } else { length.min(fixed.len()) };
        let singular = name.strip_suffix('s').unwrap_or(name);
        let unique = schema.field("uniqueItems").and_then(Node::as_bool) == Some(true);
        let mut items: Vec<Node> = Vec::new();
        for position in 0..length {
            let item = match (fixed.get(position), position, schema.get("contains")) {
                (Some(own), ..) => own,
                (None, 0, Some(contained)) if schema.field("items").is_none() => contained,
                _ => rest,
            };
            let made = self.make(item, singular, position, depth + 1);
            items.push(if unique { distinct(made, &items) } else { made });
        }
        Node::List(items)
    }

    /// How many elements a list has where the schema leaves it open.
    fn usual_length(&self, items: &Node, name: &str) -> usize {
        let flat = self.flat(items, 0);
        if flat.get("enum").is_some() || flat.get("const").is_some() {
            return 1;
        }
        let named = |word: &str| flat.get("properties").is_some_and(|p| p.get(word).is_some());
        match kind(&flat).0 {
            "object" if named("count") || named("quantity") => self.facts.counted.len().clamp(1, 8),
            "string" if strings::has_guess(&flat, name, self.facts) => {
                self.facts.keywords().len().clamp(1, 3)
            }
            "any" => 0,
            _ => 1,
        }
    }

    /// The choice of words that the answer is about: an `intent` if there is one, else the first.
    fn main_choice(&self, schema: &Node, name: &str, depth: usize) -> Option<MainChoice> {
        if depth > 5 {
            return None;
        }
        let flat = self.flat(schema, 0);
        let named = ["intent", "category", "classification", "kind"].iter().any(|word| name.contains(word));
        let options =
            ["anyOf", "any_of", "oneOf"].iter().find_map(|key| flat.get(key)?.as_list()).unwrap_or_default();
        let variants: Vec<Node> = options.iter().map(|option| self.flat(option, 0)).collect();
        let mut labels: Vec<String> =
            flat.items("enum").iter().filter_map(Node::as_str).map(str::to_owned).collect();
        let mut said: Vec<Option<&str>> = vec![None; labels.len()];
        for variant in &variants {
            labels.extend(label(variant));
            said.resize(labels.len(), variant.string("description"));
        }
        let words: Vec<&str> = labels.iter().map(String::as_str).collect();
        if words.len() > 1 {
            let choice = choose(&words, &said, self.facts)?;
            return Some(MainChoice { named, words: labels, choice });
        }
        let properties = flat.get("properties").and_then(Node::as_map).unwrap_or_default();
        let inner = properties.iter().map(|(name, property)| (name.as_str(), property));
        let mut found: Vec<MainChoice> = inner
            .chain(variants.iter().map(|variant| (name, variant)))
            .filter_map(|(name, node)| self.main_choice(node, name, depth + 1))
            .collect();
        let best = found.iter().position(|main| main.named).unwrap_or(0);
        (best < found.len()).then(|| found.swap_remove(best))
    }
}
