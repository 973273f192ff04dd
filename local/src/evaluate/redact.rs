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
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "sk-",
    "sk_",
    "rk_",
    "pk_",
    "whsec_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "xoxe",
    "AKIA",
    "ASIA",
    "AIza",
    "AQ.",
    "eyJ",
    "ya29.",
    "SG.",
    "lin_api_",
    "lin_oauth_",
    "sntrys_",
    "sntryu_",
    "ATATT",
    "ATCTT",
    "shpat_",
    "shpss_",
    "acct_",
    "cus_",
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
    "access_key",
    "private_key",
    "signing_key",
    "credentials",
    "passwort",
    "authorization",
];
/// What separates a key from its secret.
const SEPARATORS: &[char] = &['=', ':'];
/// What a person is addressed by, or tells their name with; the words behind it that begin with a capital are a name.
const INTRODUCTIONS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "dear",
    "mr",
    "mrs",
    "ms",
    "dr",
    "name is",
    "i am",
    "i'm",
    "this is",
    "regards",
    "thanks",
    "cheers",
    "sincerely",
    "greetings",
    "best",
];
/// Lines that a letter ends with; below one stands who wrote it.
const CLOSINGS: &[&str] =
    &["regards", "thanks", "thank you", "cheers", "sincerely", "greetings", "wishes", "best"];
/// Words of a name.
const NAME_WORDS: usize = 3;
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

    /// The same, which also knows the names that `texts` themselves introduce: `Hi Anna`, `my name is …`, below `Regards,`.
    pub(crate) fn with_introduced<'t>(self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut names = self.names;
        for text in texts {
            let mut signs = false;
            for line in text.lines().map(str::trim) {
                if signs && !line.is_empty() {
                    names.extend(name(line).map(str::to_lowercase));
                }
                signs = (signs && line.is_empty()) || ends_a_letter(line);
                names.extend(introduced(line).map(str::to_lowercase));
            }
        }
        names.retain(|name| name.chars().count() >= NAME_CHARS);
        Self { names }
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
            // `the password hunter2`
            (Before::Key, false) if core.contains(|c: char| c.is_ascii_digit()) => {
                return word.replacen(core, SECRET, 1);
            }
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
        // `tel:…`, `[~accountid:…]`, and an account's number with its country before it.
        if let Some((head, tail)) = core.rsplit_once(':').filter(|(_, tail)| is_token(tail)) {
            return Some(format!("{head}:{}", if tail.is_empty() { "" } else { SECRET }));
        }
        if longest_number(core) >= NUMBER_DIGITS + 2 && !is_numeric(core) {
            return Some(NUMBER.to_owned());
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

/// Whether a letter ends with `line`.
fn ends_a_letter(line: &str) -> bool {
    let line = line.trim_end_matches([',', '.', '!', '-']).to_lowercase();
    line.split_whitespace().count() <= NAME_WORDS && CLOSINGS.iter().any(|closing| line.ends_with(closing))
}

/// The names that `line` introduces.
fn introduced(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(char::is_whitespace).flat_map(|(end, _)| {
        let (said, rest) = line.split_at(end);
        let said = said.trim_end_matches(['.', ':', ',']).to_lowercase();
        let is_said = |phrase: &&str| {
            let before = said.strip_suffix(*phrase);
            before.is_some_and(|before| !before.ends_with(char::is_alphanumeric))
        };
        let introduces = INTRODUCTIONS.iter().any(is_said);
        name(rest).filter(move |_| introduces)
    })
}

/// The words of a name that `text` begins with.
fn name(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words
        .take(NAME_WORDS)
        .take_while(|word| word.starts_with(char::is_uppercase))
        .filter(|word| !is_common(word))
}

/// What begins with a capital and is no name.
fn is_common(word: &str) -> bool {
    const COMMON: &[&str] = &[
        "the",
        "all",
        "team",
        "there",
        "everyone",
        "everybody",
        "folks",
        "support",
        "sir",
        "madam",
        "this",
        "that",
        "we",
        "you",
        "it",
        "and",
        "for",
        "from",
        "linux",
        "windows",
        "github",
        "slack",
        "docker",
        "not",
        "how",
        "when",
        "what",
        "why",
        "please",
    ];
    COMMON.contains(&word.to_lowercase().as_str())
}

/// The most digits of `word` that stand together.
fn longest_number(word: &str) -> usize {
    word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}

fn is_key(word: &str) -> bool {
    let word = word.trim_end_matches(['"', '\'', '`', '\\']).to_lowercase();
    KEYS.iter().any(|key| word.ends_with(key))
}

/// What `word`, with `core` in it, says of the next one: `password: …`, `Bearer …`, `the password …`.
fn announces(word: &str, core: &str) -> Before {
    let separated = word.trim_end_matches(['"', '\'', '`', ',']).ends_with(SEPARATORS);
    let is_key = is_key(core.trim_end_matches(SEPARATORS).trim_matches(['"', '\'', '`']));
    match () {
        () if (is_key && (separated || core.starts_with("--"))) || core.eq_ignore_ascii_case("bearer") => {
            Before::Announced
        }
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
    let mixed = count(word, |c| c.is_ascii_uppercase()) >= 2 && count(word, |c| c.is_ascii_lowercase()) >= 2;
    let is_path = word.contains(['/', '.']);
    plain
        && word.len() >= TOKEN_CHARS
        && ((digits >= 4 && letters >= 4) || (digits >= 2 && mixed && !is_path))
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

    /// By the forms that tokens and details have at each of the senders.
    #[test]
    fn no_token_and_no_detail_of_any_sender_gets_through() {
        for (text, private) in [
            ("ask <@U2CERLKJA> or <mailto:ana@harbor.example|ana@harbor.example>", "U2CERLKJA ana harbor"),
            ("[~accountid:5b10a2844c20165700ede21g] said so", "5b10a2844c20165700ede21g"),
            ("call tel:+15550109999 today", "15550109999"),
            ("IBAN DE89370400440532013000, please", "89370400440532013000"),
            ("IBAN DE89 3704 0044 0532 0130 00", "3704 0532"),
            ("key AQ.Ab8RN6Kq-9xTzW2mVb4", "Ab8RN6Kq"),
            ("ghu_16C7e42F292c6912E7 and ghr_16C7e42F292c6912E7", "16C7e42F292c"),
            ("sntrys_eyJpYXQiOjE3 and ATATT3xFfGF0abcd", "eyJpYXQ xFfGF0"),
            ("y_NbAkKc66ryYTWUXYEu is ours", "NbAkKc66"),
            ("{\"api_key\":\"hunter2\"}", "hunter2"),
            ("run it --password hunter2 --token swordfish", "hunter2 swordfish"),
            ("the password hunter2 works", "hunter2"),
            ("Authorization: Basic aHVudGVyOjI=", "aHVudGVy"),
            ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "wJalr"),
            ("customer cus_Qd81Example of acct_1HarborExample1", "Qd81 1Harbor"),
        ] {
            let new = redacted(text);
            for private in private.split(' ') {
                assert!(!new.contains(private), "{text}: {new}");
            }
        }
    }

    #[test]
    fn names_that_a_text_introduces_itself_are_replaced_wherever_they_stand() {
        for (text, names) in [
            ("Hi Anna,\nsince Monday nothing works. Anna knows.", "Anna"),
            ("My name is Peter Schmidt and it fails.", "Peter Schmidt"),
            ("It fails.\n\nBest regards,\nPeter Schmidt\nHarbor Lda.", "Peter Schmidt"),
            ("Thanks,\n\nPeter", "Peter"),
            ("Dear Dr. Okafor, the export ends early", "Okafor"),
            ("I'm Siobhán O'Brien from billing", "Siobhán Brien"),
        ] {
            let new = Redactor::new([]).with_introduced([text]).redact(text);
            for name in names.split(' ') {
                assert!(!new.contains(name), "{text}: {new}");
            }
        }
        let text = "Hi all,\nthis is the Linux build: it drops rows. Thanks for the export!";
        assert_eq!(Redactor::new([]).with_introduced([text]).redact(text), text);
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
