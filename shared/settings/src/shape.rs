//! [`Shape`]: what may stand at a place of agent.toml, written down by the readers themselves.
//!
//! The JSON Schema is no second description of agent.toml. It comes from running the readers on a probe instead
//! of a file. The probe is a [`Section`](crate::section::Section) that seems to have every key. Each of its
//! [`Entry`](crate::entry::Entry)s notes what it is asked for, then says that it has no value. So the schema holds
//! what the readers read, and nothing else.

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
    /// Notes that a value here has these keywords of JSON Schema. A `description` is put behind that of the key.
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

    /// Notes that `key` must be there.
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

    /// Notes that every key that nobody asked for is refused.
    pub(crate) fn close(&self) {
        self.0.borrow_mut().closed = true;
    }

    /// The place of every element of this list.
    pub(crate) fn items(&self) -> Self {
        self.takes(json!({"type": "array"}));
        self.0.borrow_mut().items.get_or_insert_default().clone()
    }

    /// The place of one more way to write the value.
    pub(crate) fn alternative(&self) -> Self {
        let place = Self::default();
        self.0.borrow_mut().alternatives.push(place.clone());
        place
    }

    /// The JSON Schema. A place that no reader has read takes no value.
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
