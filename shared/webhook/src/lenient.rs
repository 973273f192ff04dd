//! JSON fields that take any value: what is not of the expected kind counts as absent.
//!
//! A sender may change a field that we do not need, or make it null, at any time; an event must not
//! become unreadable by that. Values that we skip are skipped without recursion, so a body nested a
//! million levels deep costs memory for itself only.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text or a whole number that is not negative; borrowed where the JSON has no escapes.
#[derive(Debug, Default)]
pub(crate) enum Scalar<'a> {
    /// Absent, null or of another kind.
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    Number(u64),
}

impl Scalar<'_> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nothing | Self::Number(_) => None,
        }
    }

    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Nothing | Self::Text(_) => None,
        }
    }
}

/// Yes or no; no if it is anything else.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flag(pub(crate) bool);

/// An object with fields of interest.
#[derive(Debug)]
pub(crate) struct Object<T>(Option<T>);

impl<T> Object<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }
}

/// An array; empty if there is none.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Visitor methods that take a value of another kind for absent.
macro_rules! else_absent {
    ($absent:expr; $($kind:ident)*) => { $(else_absent!(@ $absent, $kind);)* };
    (@ $absent:expr, null) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> { Ok($absent) }
    };
    (@ $absent:expr, bool) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> { Ok($absent) }
    };
    (@ $absent:expr, integer) => {
        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> { Ok($absent) }
    };
    (@ $absent:expr, number) => {
        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> { Ok($absent) }
        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> { Ok($absent) }
    };
    (@ $absent:expr, text) => {
        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> { Ok($absent) }
    };
    (@ $absent:expr, array) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($absent)
        }
    };
    (@ $absent:expr, object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
            while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($absent)
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

struct FlagVisitor;

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Flag(flag))
    }

    else_absent!(Flag(false); null integer number text array object);
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number))
    }

    else_absent!(Scalar::Nothing; null bool number array object);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(|object| Object(Some(object)))
    }

    else_absent!(Object(None); null bool integer number text array);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(List(list))
    }

    else_absent!(List::default(); null bool integer number text object);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANYTHING: [&str; 9] = ["null", "true", "-1", "1.5", "7", "\"t\"", "\"\\n\"", "[[1]]", "{\"a\":{}}"];

    #[test]
    fn a_scalar_is_text_or_number_or_nothing() {
        let read = |json: &'static str| serde_json::from_str::<Scalar<'_>>(json).unwrap();
        assert_eq!(ANYTHING.map(|json| read(json).text().is_some()).iter().filter(|is| **is).count(), 2);
        assert_eq!(ANYTHING.map(|json| read(json).number()).iter().flatten().collect::<Vec<_>>(), [&7]);
        assert!(matches!(read("\"t\""), Scalar::Text(Cow::Borrowed("t"))));
        assert_eq!(read("\"\\n\"").text(), Some("\n"));
    }

    #[test]
    fn only_true_is_a_flag() {
        for (json, expected) in
            [("true", true), ("false", false), ("null", false), ("\"true\"", false), ("[1]", false)]
        {
            assert_eq!(serde_json::from_str::<Flag>(json).unwrap().0, expected, "{json}");
        }
    }

    #[test]
    fn only_an_object_is_an_object_and_only_an_array_a_list() {
        let objects =
            ANYTHING.map(|json| serde_json::from_str::<Object<IgnoredAny>>(json).unwrap().is_there());
        assert_eq!(objects, ANYTHING.map(|json| json.starts_with('{')));
        let lists = ANYTHING.map(|json| serde_json::from_str::<List<IgnoredAny>>(json).unwrap().0.len());
        assert_eq!(lists, ANYTHING.map(|json| usize::from(json.starts_with('['))));
    }
}
