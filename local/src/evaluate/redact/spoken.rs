//! Secrets that a sentence tells: `I changed my password to …`, `use … as the password`.

use std::ops::Range;

use super::SECRET;
use super::secrets::{is_key, is_remark, is_weak_key};
use super::words::{ADVERBS, AUXILIARIES, ENTERED, FILLERS, MODALS, PAIRS, POSSESSIVES, SETTERS, USERS};

/// Words between a verb and the key or the secret that it is about, and between the key and `to` or `as`.
const APART: usize = 6;
/// Words behind `with` among which a key may stand: `with my new password …`.
const KEY_WORDS: usize = 3;
/// What a word begins or ends with that does not belong to it.
const AROUND: [char; 14] = ['"', '\'', '`', '(', ')', '*', '.', ',', ';', ':', '!', '?', '«', '»'];
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// A word of a line.
struct Word {
    /// Where it stands, without what is around it.
    place: Range<usize>,
    /// In lower case.
    lower: String,
    /// The quotation mark that opens before it, if it does not close behind it.
    quote: Option<char>,
    /// Whether that mark closes behind it.
    closes: bool,
    /// Whether its sentence ends with it.
    ends: bool,
}

/// `line` without the secrets that its sentences tell.
pub(super) fn hidden(line: &str) -> String {
    let words = words(line);
    let told = (0..words.len()).filter(|at| is_secret_name(&words, *at));
    let mut secrets: Vec<Range<usize>> = told
        .flat_map(|key| {
            [set_to(&words, key), used_as(&words, key), said_to_be(&words, key), told_of(&words, key)]
        })
        .chain((0..words.len()).map(|at| entered_with(&words, at)))
        .flatten()
        .collect();
    secrets.sort_by_key(|secret| secret.start);
    let (mut out, mut at) = (String::new(), 0);
    for secret in secrets {
        let Some(before) = line.get(at..secret.start) else { continue };
        out.extend([before, SECRET]);
        at = secret.end;
    }
    out + line.get(at..).unwrap_or_default()
}

fn words(line: &str) -> Vec<Word> {
    let (mut words, mut at) = (Vec::new(), 0);
    for part in line.split_inclusive(char::is_whitespace) {
        let whole = part.trim_end();
        let core = whole.trim_matches(AROUND);
        if let Some(start) = whole.find(core).filter(|_| !core.is_empty()) {
            let (before, after) = (whole.get(..start), whole.get(start + core.len()..));
            let after = after.unwrap_or_default();
            let quote = before.and_then(|before| before.chars().find(|c| QUOTES.contains(c)));
            words.push(Word {
                place: at + start..at + start + core.len(),
                lower: core.to_lowercase(),
                quote: quote.filter(|quote| !after.contains(*quote)),
                closes: after.contains(QUOTES),
                ends: after.contains(['.', '!', '?', ';']),
            });
        }
        at += part.len();
    }
    words
}

/// Whether a secret is named at `at`: `password`, `API key`.
fn is_secret_name(words: &[Word], at: usize) -> bool {
    let Some(word) = words.get(at).map(|word| word.lower.as_str()) else { return false };
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    is_key(word) || is_weak_key(word) || before.is_some_and(|it| is_key(&format!("{}_{word}", it.lower)))
}

/// `changed my password to …`, `the password has been reset to …`
fn set_to(words: &[Word], key: usize) -> Option<Range<usize>> {
    let to = within(words, key, key + 1..key + 1 + APART).find(|at| is(words, *at, &["to"]))?;
    // `the password reset mail` tells of no change.
    let is_passive = |at: usize| {
        words.get(at).is_some_and(|word| word.lower.ends_with("ed")) || is(words, at - 1, AUXILIARIES)
    };
    let mut behind = (key + 1..to).filter(|at| is(words, *at, SETTERS));
    let is_set = before(words, key).any(|at| is(words, at, SETTERS)) || behind.any(is_passive);
    is_set.then(|| secret(words, to + 1)).flatten()
}

/// `use … as the password`
fn used_as(words: &[Word], key: usize) -> Option<Range<usize>> {
    let by = before(words, key).find(|at| is(words, *at, &["as"]))?;
    // `use … as the user and … as the password`
    let start = before(words, by).find(|at| is(words, *at, USERS) || is(words, *at, &["and", "or"]))?;
    let is_used = is(words, start, USERS) || sentence(words, start).any(|at| is(words, at, USERS));
    let (first, last) = (words.get(start + 1)?, words.get(by.checked_sub(1)?)?);
    (is_used && start + 1 < by && !is_remark(&first.lower)).then_some(first.place.start..last.place.end)
}

/// `the password will be …`
fn said_to_be(words: &[Word], key: usize) -> Option<Range<usize>> {
    let be = within(words, key, key + 1..key + 1 + APART).find(|at| is(words, *at, &["be"]))?;
    let secret = secret(words, be + 1).filter(|_| is(words, be - 1, MODALS))?;
    words.get(be + 1).is_some_and(|word| !word.lower.ends_with("ed")).then_some(secret)
}

/// `the credentials are …`, to the end of the sentence: an account and its password are several words.
fn told_of(words: &[Word], key: usize) -> Option<Range<usize>> {
    words.get(key).filter(|word| PAIRS.iter().any(|pair| word.lower.ends_with(pair)))?;
    // `the credentials page is slow` tells none.
    let apart = if is(words, key + 1, POSSESSIVES) { APART } else { 1 };
    let is_told = within(words, key, key + 1..key + 1 + apart).find(|at| is(words, *at, FILLERS))?;
    let start = (is_told + 1..).find(|at| !is(words, *at, ADVERBS))?;
    let first = words.get(start).filter(|word| !is_remark(&word.lower))?;
    let last = words.get(start..)?.iter().find(|word| word.ends).or(words.last())?;
    Some(first.place.start..last.place.end)
}

/// `signed in as … with …`, `… with the password …`
fn entered_with(words: &[Word], at: usize) -> Option<Range<usize>> {
    let is_entry = is(words, at, ENTERED) && is(words, at + 1, &["in", "on", "into", "as"]);
    let by = within(words, at, at + 1..at + 1 + APART).find(|at| is_entry && is(words, *at, &["as"]))?;
    let with = within(words, by, by + 2..by + 2 + APART).find(|at| is(words, *at, &["with", "using"]))?;
    let key =
        within(words, with, with + 1..with + 1 + KEY_WORDS).filter(|at| is_secret_name(words, *at)).last();
    secret(words, key.unwrap_or(with) + 1)
}

/// The secret that begins with the word `at`: to its closing quotation mark, if one opens before it.
fn secret(words: &[Word], at: usize) -> Option<Range<usize>> {
    let first = words.get(at).filter(|word| !is_remark(&word.lower))?;
    let last = first.quote.and_then(|_| words.get(at..)?.iter().find(|word| word.closes)).unwrap_or(first);
    Some(first.place.start..last.place.end)
}

fn is(words: &[Word], at: usize, known: &[&str]) -> bool {
    words.get(at).is_some_and(|word| known.contains(&word.lower.as_str()))
}

/// The places of `range` that are in the sentence of the word `from`, which stands before them.
fn within(words: &[Word], from: usize, range: Range<usize>) -> impl Iterator<Item = usize> {
    let ended = words.get(from..).unwrap_or_default().iter().position(|word| word.ends);
    range.take_while(move |at| ended.is_none_or(|ended| *at <= from + ended))
}

/// The nearest places before `at` in its sentence, the nearest first.
fn before(words: &[Word], at: usize) -> impl Iterator<Item = usize> {
    sentence(words, at).take(APART)
}

/// The places before `at` in its sentence, the nearest first.
fn sentence(words: &[Word], at: usize) -> impl Iterator<Item = usize> {
    (0..at).rev().take_while(|at| words.get(*at).is_some_and(|word| !word.ends))
}
