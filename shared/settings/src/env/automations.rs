//! `AUTOMATION_…`: what configured calls of other APIs send as headers.
//!
//! The prefix keeps agent.toml from sending, say, `GEMINI_API_KEY` to a host of its choice.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::variables::Reader;
use crate::form::Form;

/// What the names of such variables begin with.
pub(crate) const AUTOMATION_PREFIX: &str = "AUTOMATION_";

/// The name of one of them.
pub(crate) const AUTOMATION: Form = Form {
    fits: is_automation_variable,
    pattern: "^AUTOMATION_[A-Z0-9_]+$",
    example: "AUTOMATION_PASSWORD_RESET",
};

fn is_automation_variable(name: &str) -> bool {
    name.strip_prefix(AUTOMATION_PREFIX).is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// Reads all of them: one line each, spaces within allowed (`Bearer …`).
pub(super) fn read(reader: &Reader<'_>) -> BTreeMap<String, SecretString> {
    let names = reader.names().filter(|name| is_automation_variable(name));
    let value = |name: &str| {
        let value = reader.get(name)?;
        if value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            return Some((name.to_owned(), SecretString::from(value)));
        }
        let problem = "has characters that no header can have".to_owned();
        reader.wrong(name, problem, "copy it again, all on one line");
        None
    };
    names.filter_map(value).collect()
}
