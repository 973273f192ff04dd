//! [`Form`]: what names, ids and the like look like. The tests check that code and pattern agree.

pub(crate) use webhook::Form;

#[cfg(test)]
mod tests {
    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::*;
    use crate::{api, automations, endpoints, env, field_map, hosts, names, scheme, slack_approvals};

    static FORMS: [&Form; 17] = [
        &api::HOST,
        &slack_approvals::CHANNEL,
        &slack_approvals::MEMBER,
        &automations::CURRENCY,
        &endpoints::VERSION,
        &endpoints::MODEL_KEYS,
        &endpoints::PROJECT,
        &endpoints::LOCATION,
        &env::AUTOMATION,
        &field_map::POINTER,
        &hosts::HOSTS,
        &Form::ACCOUNT,
        &names::IDENTIFIER,
        &webhook::GITHUB_LOGIN,
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
                agree(&validators, &format!("GEMINI_API_KEY_{text}"));
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
