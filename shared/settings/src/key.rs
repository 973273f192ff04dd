//! [`Key`]: the name of a key of agent.toml, and what an editor says about it.

use std::time::Duration;

use serde_json::Value;

use crate::duration;

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    about: &'static str,
    default: Option<Value>,
}

/// The key `name`; `about` is a sentence or two for whoever edits agent.toml.
pub(crate) const fn key(name: &'static str, about: &'static str) -> Key {
    Key { name, about, default: None }
}

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

/// A value as agent.toml has it.
pub(crate) trait Shown {
    /// In JSON.
    fn shown(&self) -> Value;
}

macro_rules! shown_as_it_is {
    ($($type:ty),*) => {
        $(impl Shown for $type {
            fn shown(&self) -> Value {
                Value::from(self.clone())
            }
        })*
    };
}
shown_as_it_is!(bool, u32, usize, f64, &str, String, Vec<String>);

impl Shown for Duration {
    fn shown(&self) -> Value {
        duration::show(*self).into()
    }
}

impl<const N: usize> Shown for [&str; N] {
    fn shown(&self) -> Value {
        self.to_vec().into()
    }
}
