//! [`Key`]: the name of a key of agent.toml, and what an editor says about it.

#[cfg(feature = "schema")]
use serde_json::Value;
use std::time::Duration;

use crate::duration;

/// A key. What is said about it is kept only where the JSON Schema is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    #[cfg(feature = "schema")]
    about: &'static str,
    #[cfg(feature = "schema")]
    default: Option<Value>,
}

/// The key `name`; `about` is a sentence or two for whoever edits agent.toml.
#[cfg(feature = "schema")]
pub(crate) const fn key(name: &'static str, about: &'static str) -> Key {
    Key { name, about, default: None }
}

/// The key `name`.
#[cfg(not(feature = "schema"))]
pub(crate) const fn key(name: &'static str, _about: &'static str) -> Key {
    Key { name }
}

#[cfg(feature = "schema")]
impl Key {
    /// The key whose absence means `default`.
    pub(crate) fn or(self, default: &impl Shown) -> Self {
        Self { default: Some(default.shown()), ..self }
    }

    /// Notes what is known of it at its place.
    pub(crate) fn describe(&self, place: &crate::shape::Shape) {
        let mut known = serde_json::Map::from_iter([("description".to_owned(), self.about.into())]);
        known.extend(self.default.clone().map(|default| ("default".to_owned(), default)));
        place.takes(known.into());
    }
}

#[cfg(not(feature = "schema"))]
impl Key {
    /// The key whose absence means `default`.
    pub(crate) fn or(self, _: &impl Shown) -> Self {
        self
    }
}

/// A value as agent.toml has it.
pub(crate) trait Shown {
    /// In JSON.
    #[cfg_attr(not(feature = "schema"), expect(dead_code, reason = "nobody asks"))]
    fn shown(&self) -> serde_json::Value;
}

macro_rules! shown_as_it_is {
    ($($type:ty),*) => {
        $(impl Shown for $type {
            fn shown(&self) -> serde_json::Value {
                serde_json::Value::from(self.clone())
            }
        })*
    };
}
shown_as_it_is!(bool, u32, usize, f64, &str, String, Vec<String>);

impl Shown for Duration {
    fn shown(&self) -> serde_json::Value {
        duration::show(*self).into()
    }
}

impl<const N: usize> Shown for [&str; N] {
    fn shown(&self) -> serde_json::Value {
        self.to_vec().into()
    }
}
