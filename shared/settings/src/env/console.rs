//! `CONSOLE_TOKEN`: who may use the console.

use secrecy::{ExposeSecret, SecretString};

use super::variables::Reader;

const NAME: &str = "CONSOLE_TOKEN";

/// A line of `CONSOLE_TOKEN`.
#[derive(Debug, Clone)]
pub struct ConsoleToken {
    /// Who uses it: the `by` of a decision.
    pub name: String,
    /// The token.
    pub token: SecretString,
}

/// Reads the lines `name:token`; wrong ones are reported by their number, never with their text,
/// which may be a token without its name.
///
/// One person may have several tokens, so that they can be rotated; one token may not have several
/// persons, since the audit could not tell who decided.
pub(super) fn read(reader: &Reader<'_>) -> Vec<ConsoleToken> {
    let mut tokens: Vec<ConsoleToken> = Vec::new();
    let lines = reader.untrimmed(NAME).unwrap_or_default();
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match token(line, &tokens) {
            Ok(token) => tokens.push(token),
            Err(problem) => {
                let problem = format!("line {}: {problem}", index + 1);
                reader.wrong(NAME, problem, "write one `name:token` a line");
            }
        }
    }
    tokens
}

fn token(line: &str, known: &[ConsoleToken]) -> Result<ConsoleToken, &'static str> {
    let (name, token) = line.split_once(':').ok_or("no colon between name and token")?;
    let (name, token) = (name.trim(), token.trim());
    if name.is_empty() {
        return Err("no name before the colon");
    }
    if token.is_empty() {
        return Err("no token behind the colon");
    }
    if !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err("the token has characters that a header cannot carry");
    }
    if known.iter().any(|other| other.token.expose_secret() == token) {
        return Err("the token of an earlier line");
    }
    Ok(ConsoleToken { name: name.to_owned(), token: SecretString::from(token) })
}
