//! Signing secrets of the sources: one a line, the first signs, all verify.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use webhook::{Provider, Secrets};

use super::Environment;
use super::variables::{ENVIRONMENT, Reader};
use crate::{Mistake, Mistakes};

const SUFFIX: &str = "_WEBHOOK_SECRET";
/// Slack calls its secret by another name, and so do we.
const SLACK: (&str, &str) = ("slack", "SLACK_SIGNING_SECRET");

/// The variable that holds the secrets of the source called `name`: `WORK_REPO_WEBHOOK_SECRET` for
/// `work-repo`.
#[must_use]
pub fn variable_of(name: &str) -> String {
    if name == SLACK.0 {
        return SLACK.1.to_owned();
    }
    format!("{}{SUFFIX}", name.to_uppercase().replace('-', "_"))
}

/// The key of a source in `Environment::webhook_secrets`.
pub(super) fn key_of(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// The secrets of every source. The secret of a source that agent.toml does not have is harmless.
pub(super) fn read(reader: &Reader<'_>) -> BTreeMap<String, Secrets> {
    let mut secrets = BTreeMap::new();
    for variable in reader.names() {
        let Some(source) = source_of(variable) else { continue };
        let lines: Vec<SecretString> = lines_of(reader.get(variable)).map(SecretString::from).collect();
        // Blank is absent: an empty secret would be one that everybody knows.
        if !lines.is_empty() {
            secrets.insert(source, Secrets(lines));
        }
    }
    secrets
}

/// See [`Environment::check_apart`].
pub(super) fn check_apart<'s>(
    environment: &Environment,
    sources: impl IntoIterator<Item = &'s str>,
) -> Result<(), Mistakes> {
    let names: BTreeSet<&str> = sources.into_iter().chain([Provider::Api.name()]).collect();
    let known: Vec<(String, &Secrets)> = names
        .into_iter()
        .filter_map(|name| Some((variable_of(name), environment.secrets_for(name)?)))
        .collect();
    let mut found = Vec::new();
    for (at, (variable, secrets)) in known.iter().enumerate() {
        let others = known[..at].iter().filter(|(_, other)| secrets.overlap(other));
        found.extend(others.map(|(other, _)| Mistake {
            origin: ENVIRONMENT.to_owned(),
            at: None,
            key: variable.clone(),
            problem: format!(
                "shares a secret with {other}, so what one of the two signs could be played to the other"
            ),
            suggestion: Some("give each its own".to_owned()),
        }));
    }
    Mistakes::check(found)
}

/// The source whose secrets `variable` holds; `None` for every other variable.
fn source_of(variable: &str) -> Option<String> {
    let source = match variable.strip_suffix(SUFFIX) {
        _ if variable == SLACK.1 => SLACK.0.to_owned(),
        prefix => key_of(prefix.filter(|prefix| !prefix.is_empty())?),
    };
    (variable_of(&source) == variable).then_some(source)
}

/// The lines that are not blank, without white space around them.
fn lines_of(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty())
}
