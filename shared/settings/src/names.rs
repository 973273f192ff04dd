//! Which characters names in agent.toml may have: they end up in routes, variables, URLs and prompts.

use crate::form::Form;

/// The name of an intent, a call or a parameter.
pub(crate) const IDENTIFIER: Form =
    Form { fits: is_identifier, pattern: "^[a-z][a-z0-9_]{0,63}$", example: "bug_report" };
/// The name of a source.
pub(crate) const SOURCE: Form =
    Form { fits: is_source, pattern: "^[a-z][a-z0-9_-]{0,63}$", example: "work-repo" };
/// The id of a model.
pub(crate) const MODEL: Form =
    Form { fits: is_model, pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", example: "gemini-flash-latest" };

/// The longest name.
const MAX_NAME: usize = 64;

/// Lower-case letters, digits and `_`, a letter first.
pub(crate) fn is_identifier(name: &str) -> bool {
    is_source(name) && !name.contains('-')
}

/// Lower-case letters, digits, `_` and `-`, a letter first: a segment of a route and, in upper case,
/// the beginning of a variable.
pub(crate) fn is_source(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
}

/// Letters, digits, `.`, `_` and `-`: a segment of the API's URL, so that nothing else may stand in it.
pub(crate) fn is_model(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_place_are_refused() {
        let is_login = webhook::GITHUB_LOGIN.fits;
        for name in ["", "a/b", "a b", "a\nb", "../a", "a?b", "a%2e"] {
            assert!(
                !is_source(name) && !is_model(name) && !is_identifier(name) && !is_login(name),
                "{name:?}"
            );
        }
    }

    #[test]
    fn usual_names_are_taken() {
        let (is_account, is_login) = (Form::ACCOUNT.fits, webhook::GITHUB_LOGIN.fits);
        assert!(is_identifier("bug_report") && is_source("work-repo") && is_model("gemini-3.8-flash"));
        assert!(is_account("U2CERLKJA") && is_account("557058:f58131cb-b67d-43c7-b30d-6b58d40bd077"));
        assert!(is_login("mona") && is_login("helper-app[bot]") && is_login("mona_corp"));
    }

    #[test]
    fn an_identifier_has_no_hyphen_and_no_capital() {
        assert!(!is_identifier("bug-report") && !is_identifier("Bug") && !is_source("Github"));
    }
}
