//! [`SchemaSize`]: how large the schema of an answer may become: the model's service refuses one that is too complex
//! ("… a constraint that has too many states for serving").
//!
//! Google publishes no bounds. It names what makes a schema too complex (ai.google.dev/gemini-api/docs/structured-output):
//! long names and words, deep nesting, many properties. The bounds here are ours, where experience says that it begins.

use serde_json::Value;

/// What a schema adds up to, in JSON Schema or in the service's own form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchemaSize {
    /// Levels of objects and lists.
    pub depth: usize,
    /// Properties of all objects.
    pub properties: usize,
    /// Words to choose from.
    pub words: usize,
    /// Characters of the names of properties and of the words.
    pub text: usize,
}

/// One of the figures of a [`SchemaSize`].
#[derive(Debug, Clone, Copy)]
pub struct SchemaBound {
    /// The figure.
    pub of: fn(&SchemaSize) -> usize,
    /// The most that it may be.
    pub most: usize,
    /// What it counts.
    pub what: &'static str,
    /// How to make it smaller.
    pub mend: &'static str,
}

const BOUNDS: [SchemaBound; 4] = [
    SchemaBound { of: |size| size.depth, most: 8, what: "levels", mend: "nest its parameters less" },
    SchemaBound {
        of: |size| size.properties,
        most: 100,
        what: "properties",
        mend: "let it have fewer parameters, or use fewer intents that have some",
    },
    SchemaBound {
        of: |size| size.words,
        most: 900,
        what: "words to choose from",
        mend: "offer fewer words, or let a parameter be any text",
    },
    SchemaBound {
        of: |size| size.text,
        most: 8_000,
        what: "characters of names and words",
        mend: "shorten the words that its parameters choose from, or offer fewer",
    },
];

impl SchemaSize {
    /// The size of `schema`.
    #[must_use]
    pub fn of(schema: &Value) -> Self {
        let mut size = Self::default();
        size.add(schema, 1);
        size
    }

    /// The bounds that it exceeds; none if the service takes it.
    pub fn exceeded(&self) -> impl Iterator<Item = SchemaBound> {
        BOUNDS.into_iter().filter(|bound| (bound.of)(self) > bound.most)
    }

    fn add(&mut self, schema: &Value, depth: usize) {
        self.depth = self.depth.max(depth);
        let words = schema["enum"].as_array().map_or(&[][..], Vec::as_slice);
        self.words += words.len();
        self.text += words.iter().filter_map(Value::as_str).map(str::len).sum::<usize>();
        for maps in ["properties", "$defs", "defs"] {
            for (name, inner) in schema[maps].as_object().into_iter().flatten() {
                self.properties += usize::from(maps == "properties");
                self.text += name.len();
                self.add(inner, depth + 1);
            }
        }
        for lists in ["anyOf", "any_of", "oneOf", "one_of", "prefixItems", "prefix_items"] {
            schema[lists].as_array().into_iter().flatten().for_each(|inner| self.add(inner, depth));
        }
        for single in ["items", "additionalProperties", "additional_properties"] {
            if schema[single].is_object() {
                self.add(&schema[single], depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_properties_and_words_are_counted() {
        let inner = json!({"type": "object", "properties": {"word": {"enum": ["one", "three"]}}});
        let size = SchemaSize::of(&json!({"properties": {"list": {"items": {"any_of": [inner]}}}}));
        assert_eq!(size, SchemaSize { depth: 4, properties: 2, words: 2, text: 4 + 4 + 8 });
        assert_eq!(size.exceeded().count(), 0);
    }

    /// 120 parameters with 60 words each: the service says that it has too many states.
    #[test]
    fn what_the_service_refuses_exceeds_a_bound() {
        let words: Vec<String> = (0..60).map(|n| format!("w{n}")).collect();
        let names = (0..120).map(|n| (format!("p{n}"), json!({"type": "string", "enum": words})));
        let schema = json!({"type": "object", "properties": names.collect::<serde_json::Map<_, _>>()});
        let what: Vec<&str> = SchemaSize::of(&schema).exceeded().map(|bound| bound.what).collect();
        assert_eq!(what, ["properties", "words to choose from", "characters of names and words"]);
    }
}
