//! [`Shape`]: what may stand at a place of agent.toml, written down by the readers themselves.
//!
//! The JSON Schema is no second description of agent.toml. The readers are run on a probe instead of a
//! file: a [`Section`](crate::section::Section) that has every key, whose [`Entry`](crate::entry::Entry)
//! notes what it is asked for and then says that there is nothing. So whatever is read is in the schema,
//! and nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::form::Form;
use crate::key::Key;

/// One place. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape(Rc<RefCell<Node>>);

#[derive(Debug, Default)]
struct Node {
    about: Vec<String>,
    keywords: Map<String, Value>,
    properties: BTreeMap<&'static str, Shape>,
    required: Vec<&'static str>,
    /// Keys of the user's choice.
    others: Option<(&'static str, Shape)>,
    /// Whether every other key is refused.
    closed: bool,
    items: Option<Shape>,
    alternatives: Vec<Shape>,
}

impl Shape {
    /// It is read as something with these keywords of JSON Schema; a `description` is put behind what is
    /// said of the key.
    pub(crate) fn takes(&self, keywords: Value) {
        let Value::Object(keywords) = keywords else { return };
        let mut node = self.0.borrow_mut();
        for (name, value) in keywords {
            match value {
                Value::String(about) if name == "description" => node.about.push(about),
                value => {
                    node.keywords.insert(name, value);
                }
            }
        }
    }

    /// The place of `key` in this table.
    pub(crate) fn property(&self, key: &Key) -> Self {
        let mut node = self.0.borrow_mut();
        let place = node.properties.entry(key.name).or_default().clone();
        drop(node);
        key.describe(&place);
        place
    }

    /// `key` must be there.
    pub(crate) fn requires(&self, key: &'static str) {
        let mut node = self.0.borrow_mut();
        if !node.required.contains(&key) {
            node.required.push(key);
        }
    }

    /// The place of every key of the form `names`.
    pub(crate) fn others(&self, names: &Form, about: &str) -> Self {
        let mut node = self.0.borrow_mut();
        let (_, place) = node.others.get_or_insert_with(|| (names.pattern, Self::default()));
        let place = place.clone();
        drop(node);
        place.0.borrow_mut().about = vec![about.to_owned()];
        place
    }

    /// It has no keys but those that were asked for.
    pub(crate) fn close(&self) {
        self.0.borrow_mut().closed = true;
    }

    /// The place of every element of this list.
    pub(crate) fn items(&self) -> Self {
        self.takes(json!({"type": "array"}));
        self.0.borrow_mut().items.get_or_insert_default().clone()
    }

    /// One of the ways in which it can be written.
    pub(crate) fn alternative(&self) -> Self {
        let place = Self::default();
        self.0.borrow_mut().alternatives.push(place.clone());
        place
    }

    /// The JSON Schema. A place that was looked at, but not read in any way, takes nothing.
    pub(crate) fn schema(&self) -> Value {
        let node = self.0.borrow();
        if !node.keywords.contains_key("type") && node.alternatives.is_empty() {
            return json!(false);
        }
        let mut schema = node.keywords.clone();
        if schema.contains_key("enum") {
            schema.remove("pattern");
        }
        if !node.about.is_empty() {
            schema.insert("description".to_owned(), node.about.join(" ").into());
        }
        if !node.properties.is_empty() {
            let properties = node.properties.iter();
            let properties: Map<_, _> =
                properties.map(|(name, place)| ((*name).to_owned(), place.schema())).collect();
            schema.insert("properties".to_owned(), properties.into());
        }
        if !node.required.is_empty() {
            schema.insert("required".to_owned(), json!(node.required));
        }
        if let Some((pattern, place)) = &node.others {
            schema.insert("patternProperties".to_owned(), json!({ *pattern: place.schema() }));
        }
        if node.closed || node.others.is_some() {
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
        if let Some(items) = &node.items {
            schema.insert("items".to_owned(), items.schema());
        }
        if !node.alternatives.is_empty() {
            let ways: Vec<Value> = node.alternatives.iter().map(Self::schema).collect();
            schema.insert("anyOf".to_owned(), ways.into());
        }
        schema.into()
    }
}
