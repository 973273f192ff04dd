//! `CONSOLE_TOKEN`: who may use the console, and for what.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::roles::Roles;
use super::variables::Reader;

const NAME: &str = "CONSOLE_TOKEN";

/// Characters that a token must have. 32 random ones in hexadecimal are 128 bits, which nobody guesses.
pub const MIN_TOKEN_CHARS: usize = 32;

/// A line of `CONSOLE_TOKEN`: `name:token`, or `name/role+role:token`.
#[derive(Debug, Clone)]
pub struct ConsoleToken {
    /// Who uses it: the `by` of a decision.
    pub name: String,
    /// What it is good for.
    pub roles: Roles,
    /// The token.
    pub token: SecretString,
}

/// Reads a line. The error is free of the line's text, which may be a token without its name.
impl FromStr for ConsoleToken {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let (head, token) = line.split_once(':').ok_or("no colon between name and token")?;
        let (name, roles) = match head.split_once('/') {
            Some((name, roles)) => (name.trim(), roles.parse()?),
            None => (head.trim(), Roles::ALL),
        };
        let token = token.trim();
        if name.is_empty() {
            return Err("no name before the colon");
        }
        if token.is_empty() {
            return Err("no token behind the colon");
        }
        if !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err("the token has characters that a header cannot carry");
        }
        if token.len() < MIN_TOKEN_CHARS {
            return Err("the token is shorter than 32 characters");
        }
        Ok(Self { name: name.to_owned(), roles, token: SecretString::from(token) })
    }
}

/// Reads the lines; wrong ones are reported by their number, never with their text.
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
                reader.wrong(
                    NAME,
                    problem,
                    "write one `name:token` or `name/read+submit+decide:token` a line; `afterhook token NAME` \
                     makes one",
                );
            }
        }
    }
    tokens
}

fn token(line: &str, known: &[ConsoleToken]) -> Result<ConsoleToken, &'static str> {
    let token: ConsoleToken = line.parse()?;
    if known.iter().any(|other| other.token.expose_secret() == token.token.expose_secret()) {
        return Err("the token of an earlier line");
    }
    Ok(token)
}
