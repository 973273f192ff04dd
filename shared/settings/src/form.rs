//! [`Form`]: what names, ids and the like look like, for the reader and for editors.

use serde_json::{Value, json};

/// What a text looks like, as code and as a pattern; a test checks that both agree.
#[derive(Debug)]
pub(crate) struct Form {
    /// Whether a text is one.
    pub(crate) fits: fn(&str) -> bool,
    /// The same as a regular expression, as JSON Schema has them.
    pub(crate) pattern: &'static str,
    /// One of them.
    pub(crate) example: &'static str,
}

impl Form {
    /// The form in keywords of JSON Schema.
    pub(crate) fn keywords(&self) -> Value {
        json!({"pattern": self.pattern})
    }
}

#[cfg(test)]
mod tests {
    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::*;
    use crate::{api, approvals, automations, endpoints, env, field_map, hosts, names, scheme};

    const FORMS: [&Form; 14] = [
        &api::HOST,
        &approvals::CHANNEL,
        &approvals::MEMBER,
        &automations::CURRENCY,
        &endpoints::VERSION,
        &env::AUTOMATION,
        &field_map::POINTER,
        &hosts::HOSTS,
        &names::ACCOUNT,
        &names::IDENTIFIER,
        &names::LOGIN,
        &names::MODEL,
        &names::SOURCE,
        &scheme::HEADER,
    ];

    fn validators() -> Vec<(&'static Form, Validator)> {
        FORMS.iter().map(|form| (*form, jsonschema::draft7::new(&form.keywords()).unwrap())).collect()
    }

    fn agree(validators: &[(&Form, Validator)], text: &str) {
        for (form, validator) in validators {
            // Readers see texts without white space around them, and never an empty one.
            let text = text.trim();
            let same = text.is_empty() || (form.fits)(text) == validator.is_valid(&text.into());
            assert!(same, "{text:?} and {}", form.pattern);
        }
    }

    #[test]
    fn an_example_is_of_its_form() {
        for (form, validator) in validators() {
            assert!(
                (form.fits)(form.example) && validator.is_valid(&form.example.into()),
                "{}",
                form.pattern
            );
        }
    }

    #[test]
    fn both_agree_about_lengths() {
        let validators = validators();
        for length in [1, 2, 3, 31, 32, 33, 39, 40, 63, 64, 65, 127, 128, 129, 252, 253, 254, 255, 256, 257] {
            for piece in ["a", "U", "C1", "v1", "/a", "a.", "*.a", "1"] {
                let text: String = piece.chars().cycle().take(length).collect();
                agree(&validators, &text);
                agree(&validators, &format!("{text}.example"));
                agree(&validators, &format!("{text}[bot]"));
                agree(&validators, &format!("AUTOMATION_{text}"));
            }
        }
    }

    #[test]
    fn both_agree_about_any_text() {
        let validators = validators();
        proptest!(|(text in "[a-cA-CGUWv0-2_.:*@/~ äé\\[\\]-]{0,7}")| agree(&validators, &text));
        proptest!(|(text in "(\\*\\.)?[a-b1-]{1,3}(\\.[a-b1-]{0,3}){0,3}")| agree(&validators, &text));
        proptest!(|(text in "(/?(~[0-2]|[a~/]){0,3}|AUTOMATION_?[A-B_a1]{0,3}|v?[0-1a.]{0,3})")| agree(&validators, &text));
    }
}
