//! [`Redactor`]: personal details and secrets of a text, replaced.
//!
//! It replaces what has a form: addresses of every kind, numbers that reach somebody or open something, tokens, names
//! that the event itself names. A name in the middle of a sentence has no form: who publishes cases reads them first.

use std::collections::BTreeSet;

/// Digits that a number has which reaches somebody: a telephone, a card, an account.
const NUMBER_DIGITS: usize = 7;
/// Characters that a token has at the least.
const TOKEN_CHARS: usize = 20;
/// Letters of a name that are replaced wherever they stand.
const NAME_CHARS: usize = 3;
/// What tokens of well-known services begin with.
const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_",
    "rk_",
    "pk_",
    "whsec_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "ya29.",
    "SG.",
    "lin_api_",
    "npm_",
    "dop_v1_",
    "hf_",
];
/// What stands before a secret.
const KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "authorization",
];
/// What separates a key from its secret.
const SEPARATORS: &[char] = &['=', ':'];
const SECRET: &str = "[secret]";
const NUMBER: &str = "[number]";
const PERSON: &str = "person";

/// What the words before one say of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Before {
    /// Nothing.
    #[default]
    Nothing,
    /// A key was named: `the password`.
    Key,
    /// A secret was announced: `password:`, `the password is`.
    Announced,
}

/// Replaces the same things in all texts of an event.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    /// Names of people, and the parts of them, in lower case.
    names: BTreeSet<String>,
}

impl Redactor {
    /// One that knows these names of people and accounts.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let parts = |name: &'n str| name.split(|c: char| !c.is_alphanumeric()).chain([name]);
        let names = names.into_iter().flat_map(parts).map(str::to_lowercase);
        Self { names: names.filter(|name| name.chars().count() >= NAME_CHARS).collect() }
    }

    /// `text` with everything replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        let (mut out, mut in_key, mut before) = (Vec::new(), false, Before::Nothing);
        for line in text.split('\n') {
            if line.contains("-----BEGIN") {
                in_key = true;
                out.push(SECRET.to_owned());
            }
            if !in_key {
                out.push(numbers(&self.words(line, &mut before)));
            }
            in_key &= !line.contains("-----END");
        }
        out.join("\n")
    }

    fn words(&self, line: &str, before: &mut Before) -> String {
        line.split(' ').map(|word| self.word(word, before)).collect::<Vec<_>>().join(" ")
    }

    /// A word, replaced without what is around it.
    fn word(&self, word: &str, before: &mut Before) -> String {
        let is_around = |c: char| "()[]{}<>\"'`,;!?*|".contains(c);
        let core = word.trim_start_matches(is_around).trim_end_matches(|c| is_around(c) || ".:".contains(c));
        if core.is_empty() {
            return word.to_owned();
        }
        let told = std::mem::replace(before, announces(word, core));
        match (told, is_filler(core)) {
            (Before::Key | Before::Announced, true) => *before = Before::Announced,
            (Before::Announced, false) => return word.replacen(core, SECRET, 1),
            _ => {}
        }
        match self.replacement(core) {
            Some(new) => word.replacen(core, &new, 1),
            None => word.to_owned(),
        }
    }

    fn replacement(&self, core: &str) -> Option<String> {
        if core.contains("://") || core.starts_with("www.") {
            return Some("https://link.example".to_owned());
        }
        if let Some((key, value)) =
            core.split_once(SEPARATORS).filter(|(key, value)| is_key(key) && !value.is_empty())
        {
            let separator = &core[key.len()..core.len() - value.len()];
            return Some(format!("{key}{separator}{SECRET}"));
        }
        if let Some((name, host)) = core.split_once('@') {
            let is_address = !name.is_empty() && host.contains('.');
            return Some(if is_address { format!("{PERSON}@mail.example") } else { format!("@{PERSON}") });
        }
        if is_token(core) {
            return Some(SECRET.to_owned());
        }
        if is_network_address(core) {
            return Some("192.0.2.1".to_owned());
        }
        self.named(core)
    }

    /// `core` with every name in it replaced, if there is one.
    fn named(&self, core: &str) -> Option<String> {
        if self.names.contains(&core.to_lowercase()) {
            return Some(PERSON.to_owned());
        }
        let mut found = false;
        let part = |part: &str| {
            let bare = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            let is_name = self.names.contains(&bare.to_lowercase());
            found |= is_name;
            if is_name { part.replacen(bare, PERSON, 1) } else { part.to_owned() }
        };
        let new: String = core.split_inclusive(|c: char| !c.is_alphanumeric()).map(part).collect();
        found.then_some(new)
    }
}

fn is_key(word: &str) -> bool {
    let word = word.to_lowercase();
    KEYS.iter().any(|key| word.ends_with(key))
}

/// What `word`, with `core` in it, says of the next one: `password: …`, `Bearer …`, `the password …`.
fn announces(word: &str, core: &str) -> Before {
    let separated = word.trim_end_matches(['"', '\'', '`', ',']).ends_with(SEPARATORS);
    let is_key = is_key(core.trim_end_matches(SEPARATORS).trim_matches(['"', '\'', '`']));
    match () {
        () if (is_key && separated) || core.eq_ignore_ascii_case("bearer") => Before::Announced,
        () if is_key => Before::Key,
        () => Before::Nothing,
    }
}

/// A word between a key and its secret: `token is …`.
fn is_filler(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "=" | ":" | "is" | "bearer" | "basic")
}

fn is_token(word: &str) -> bool {
    if PREFIXES.iter().any(|prefix| word.starts_with(prefix) && word.len() >= prefix.len() + 8) {
        return true;
    }
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_+/=.".contains(c));
    let (digits, letters) = (count(word, |c| c.is_ascii_digit()), count(word, |c| c.is_ascii_alphabetic()));
    plain && word.len() >= TOKEN_CHARS && digits >= 4 && letters >= 4
}

fn count(word: &str, is: impl Fn(char) -> bool) -> usize {
    word.chars().filter(|c| is(*c)).count()
}

fn is_network_address(word: &str) -> bool {
    let host = word.split_once(':').filter(|_| word.matches(':').count() == 1).map_or(word, |(host, _)| host);
    host.parse::<std::net::IpAddr>().is_ok()
}

/// `line` with runs of words that are one long number replaced.
fn numbers(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut out: Vec<&str> = Vec::new();
    let mut rest = words.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let run = rest.iter().take_while(|word| is_numeric(word)).count();
        let digits: usize = rest.iter().take(run).map(|word| count(word, |c| c.is_ascii_digit())).sum();
        let is_date = run > 0 && rest.iter().take(run).any(|word| looks_like_a_date(word));
        if digits >= NUMBER_DIGITS && !is_date {
            out.push(NUMBER);
            rest = rest.get(run..).unwrap_or_default();
        } else {
            out.push(first);
            rest = after;
        }
    }
    out.join(" ")
}

fn is_numeric(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', '?', '!']);
    word.chars().any(|c| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || "+()-/.#".contains(c))
}

fn looks_like_a_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    parts.len() == 3
        && parts[0].len() == 4
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str) -> String {
        Redactor::new(["Inês Duarte", "mona-lisa"]).redact(text)
    }

    #[test]
    fn what_reaches_a_person_is_replaced() {
        for (text, new) in [
            ("Write to ines.duarte@harbor.example, please.", "Write to person@mail.example, please."),
            ("Thanks @mona-lisa!", "Thanks @person!"),
            ("Regards,\nInês Duarte", "Regards,\nperson person"),
            ("(Inês's file)", "(person's file)"),
            ("mona-lisa said so", "person said so"),
            ("Call +351 21 123 45 67.", "Call [number]"),
            ("Card 4242 4242 4242 4242 failed", "Card [number] failed"),
            ("from 10.1.2.3:8080 and 2001:db8::1", "from 192.0.2.1 and 192.0.2.1"),
            ("see https://harbor.example/u/7?sig=abc.", "see https://link.example."),
        ] {
            assert_eq!(redacted(text), new, "{text}");
        }
    }

    #[test]
    fn no_secret_gets_through() {
        for text in [
            "my password is hunter2 ok",
            "password: hunter2",
            "token=hunter2",
            "GITHUB_TOKEN=hunter2",
            "Authorization: Bearer hunter2",
            "{\"api_key\": \"hunter2\"}",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
        ] {
            let new = redacted(text);
            assert!(!new.contains("hunter2") && new.contains(SECRET), "{text}: {new}");
        }
        let made_up =
            ["ghp_", "sk-", "xoxb-", "AKIA", "eyJ"].map(|prefix| format!("{prefix}aZ09bY18cX27dW36"));
        for token in made_up.iter().map(String::as_str).chain(["0123456789abcdef0123456789abcdef"]) {
            assert_eq!(redacted(&format!("it is `{token}`.")), format!("it is `{SECRET}`."));
        }
    }

    #[test]
    fn what_an_event_is_about_stays() {
        for text in [
            "Export drops the last row since 4.2.1, on Linux (x86_64).",
            "Since 2026-11-20 09:20 the nightly export ends after 10,000 rows.",
            "`index out of bounds`: 12 of 14\n\n* one\n* two",
            "  indented\n\ttext",
            "The token ring is full; what is the secret of it?",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
