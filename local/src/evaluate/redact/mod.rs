//! [`Redactor`]: personal details and secrets of a text, replaced.
//!
//! It replaces what has a form: addresses of every kind, numbers that reach somebody or open something, tokens, what is
//! announced as a secret, names that the event itself names. A name in the middle of a sentence has no form: who
//! publishes cases reads them first.

mod blocks;
mod commands;
mod headers;
mod names;
mod numbers;
mod secrets;
mod spoken;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use blocks::Block;
use names::parts;
use numbers::{has_long_number, is_network_address, is_part_number, numbers};
use secrets::{Before, is_remark, is_token};

/// Digits that a number has which reaches somebody: a telephone, a card, an account.
const NUMBER_DIGITS: usize = 7;
/// What stands between the parts of a word, such as `{"user":"ana","token":"…"}` or `a=1&token=…`.
const GLUE: &str = "()[]{}<>\"'`,;!?*|&=:：»«→⇒\\";
/// What separates like a colon.
const ARROWS: [&str; 2] = ["->", "→"];
/// What separates like one before the last word of a line.
const DASHES: [&str; 3] = ["-", "–", "—"];
/// Links that open something, also without a scheme.
const HOOKS: [&str; 4] =
    ["hooks.slack.com/", "discord.com/api/webhooks/", "office.com/webhook", "api.telegram.org/bot"];
const LINK: &str = "https://link.example";
const ADDRESS: &str = "192.0.2.1";
const SECRET: &str = "[secret]";
const NUMBER: &str = "[number]";
const PERSON: &str = "person";
/// What is replaced, and by what.
const KINDS: [(&str, &str); 5] = [
    ("secrets", SECRET),
    ("names and addresses of mail", PERSON),
    ("numbers", NUMBER),
    ("links", LINK),
    ("addresses of machines", ADDRESS),
];

/// How many of each kind were replaced where `old` has become `new`.
pub(super) fn replaced<'t>(old: &'t str, new: &'t str) -> impl Iterator<Item = (&'static str, usize)> {
    let times = |text: &str, word: &str| text.matches(word).count();
    KINDS.into_iter().map(move |(kind, word)| (kind, times(new, word).saturating_sub(times(old, word))))
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
        Self { names: names.into_iter().flat_map(parts).collect() }
    }

    /// The same, which also knows the names that `texts` themselves introduce: `Hi Anna`, `my name is …`, below
    /// `Regards,`, before an address.
    pub(crate) fn with_introduced<'t>(mut self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        for text in texts {
            self.names.extend(names::introduced(text).into_iter().flat_map(parts));
        }
        self
    }

    /// `text` with everything replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        // Text of forms on the web ends its lines so.
        if text.contains("\r\n") {
            return self.redact(&text.replace("\r\n", "\n")).replace('\n', "\r\n");
        }
        let (mut out, mut in_key) = (Vec::new(), false);
        let (mut before, mut block) = (Before::default(), None::<Block>);
        let mut lines = text.split('\n').peekable();
        while let Some(line) = lines.next() {
            if line.contains("-----BEGIN") {
                in_key = true;
                out.push(SECRET.to_owned());
            }
            if !in_key {
                let cell = |cell: &str| numbers(&self.line(cell, &mut Before::default()));
                if let Some(new) = block.as_ref().and_then(|block| block.line(line, cell)) {
                    before = Before::default();
                    out.push(new);
                } else {
                    let next = lines.peek().copied().unwrap_or_default();
                    block = Block::begun_by(line, next);
                    let is_header = matches!(block, Some(Block::Table(..)));
                    out.push(if is_header {
                        line.to_owned()
                    } else {
                        numbers(&self.line(line, &mut before))
                    });
                    before.end_line(line, next);
                    if secrets::is_above_its_value(line, lines.clone()) {
                        before = Before::Spoken;
                    }
                }
            }
            in_key &= !line.contains("-----END");
        }
        out.join("\n")
    }

    /// A line, whose blanks stay as they are.
    fn line(&self, line: &str, before: &mut Before) -> String {
        if let Some(set) = headers::set(line) {
            return set;
        }
        let line = &spoken::hidden(&headers::hidden(line));
        let (mut out, mut at, mut is_value) = (String::new(), 0, false);
        for part in line.split_inclusive(char::is_whitespace) {
            let (mut word, blank) = part.split_at(part.trim_end().len());
            if let Some(option) = commands::option(line.get(..at).unwrap_or_default(), word) {
                let (option, value) = word.split_at(option);
                out.push_str(option);
                (word, is_value) = (value, true);
            }
            let is_secret = is_value && !word.is_empty();
            is_value &= word.is_empty();
            if is_secret && !word.starts_with(['"', '\'']) {
                out.push_str(SECRET);
                word = word.split_at(word.trim_end_matches(is_glue).len()).1;
            } else if is_secret {
                *before = Before::Announced(None);
            }
            let rest = line.get(at + part.len() - blank.len() - word.len()..).unwrap_or(word);
            out.push_str(&self.word(word, rest, before));
            before.pass(blank, false, false);
            out.push_str(blank);
            if word.ends_with('.') {
                before.end_sentence();
            }
            at += part.len();
        }
        one_secret(out)
    }

    /// What stands between two blanks; `line` is what it begins.
    fn word(&self, word: &str, line: &str, before: &mut Before) -> String {
        if ARROWS.contains(&word) || (DASHES.contains(&word) && is_last_word(line, word)) {
            before.pass(":", true, false);
            return word.to_owned();
        }
        // What was replaced already.
        let done = word.trim_start_matches(['"', '\'', '`', '(']).strip_prefix(SECRET);
        if let Some(glue) = done.filter(|glue| glue.chars().all(|c| is_glue(c) || c == '.')) {
            before.meets(SECRET, SECRET);
            before.pass(glue, false, false);
            return word.to_owned();
        }
        let core = word.trim_start_matches(is_glue).trim_end_matches(|c| is_glue(c) || c == '.');
        let whole = match () {
            () if HOOKS.iter().any(|hook| core.contains(hook)) => Some(LINK),
            () if core.contains("://") || core.starts_with("www.") => Some(LINK),
            () if is_network_address(core) => Some(ADDRESS),
            () => None,
        };
        if let Some(new) = whole {
            let is_secret = before.meets(core, core);
            return word.replacen(core, if is_secret { SECRET } else { new }, 1);
        }
        let (mut out, mut rest) = (String::new(), word);
        while !rest.is_empty() {
            let (glue, after) = rest.split_at(rest.find(|c| !is_glue(c)).unwrap_or(rest.len()));
            let (piece, after) = after.split_at(after.find(is_glue).unwrap_or(after.len()));
            before.pass(glue, rest.len() == word.len(), !piece.is_empty());
            out.push_str(glue);
            let line = line.get(word.len() - after.len() - piece.len()..).unwrap_or(piece);
            out.push_str(&self.piece(piece, line, piece != core, before));
            rest = after;
        }
        out
    }

    /// A part of a word, or the whole of it, without glue; `line` is what it begins.
    fn piece(&self, piece: &str, line: &str, is_part: bool, before: &mut Before) -> String {
        let core = piece.trim_end_matches('.');
        if !core.contains(char::is_alphanumeric) {
            return piece.to_owned();
        }
        let new =
            if before.meets(core, line) { Some(SECRET.to_owned()) } else { self.replacement(core, is_part) };
        new.map_or_else(|| piece.to_owned(), |new| piece.replacen(core, &new, 1))
    }

    fn replacement(&self, core: &str, is_part: bool) -> Option<String> {
        if let Some((name, host)) = core.split_once('@') {
            let is_address = !name.is_empty() && host.contains('.');
            return Some(if is_address { format!("{PERSON}@mail.example") } else { format!("@{PERSON}") });
        }
        match () {
            () if is_token(core) => Some(SECRET.to_owned()),
            () if is_network_address(core) => Some(ADDRESS.to_owned()),
            () if has_long_number(core) || (is_part && is_part_number(core)) => Some(NUMBER.to_owned()),
            () => self.named(core),
        }
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

/// The words of one secret are one.
fn one_secret(mut line: String) -> String {
    let twice = format!("{SECRET} {SECRET}");
    while line.contains(&twice) {
        line = line.replace(&twice, SECRET);
    }
    line
}

/// Whether one word follows the `dash` that `line` begins with, and nothing else.
fn is_last_word(line: &str, dash: &str) -> bool {
    let after = line.strip_prefix(dash).unwrap_or_default().trim();
    !after.is_empty() && !after.contains(char::is_whitespace) && !is_remark(&after.to_lowercase())
}

fn is_glue(c: char) -> bool {
    GLUE.contains(c)
}
