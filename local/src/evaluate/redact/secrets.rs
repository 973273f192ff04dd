//! Secrets: by their form, or because the words before them say so.

use super::words::{
    ACCOUNT_OPTIONS, ACCOUNTS, ADVERBS, BASIC, CODES, FILLERS, KEY, KEY_CHARS, KEY_NOUNS, KEYS, MAX_BETWEEN,
    NAMED, NOUNS, OPEN_KEYS, PARSERS, PHRASE_ENDS, PIN_DIGITS, PIN_NOUNS, PINS, POSSESSIVES, PREFIXES,
    REMARKS, SESSION_IDS, SESSIONS, TALLY, TELLING, TOKEN_CHARS, WEAK_KEYS, WITHIN, WORTHLESS,
    WORTHLESS_ENDS,
};

/// Signs that quote.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// What the words before one say of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Before {
    /// Nothing.
    #[default]
    Nothing,
    /// A key was named: `the password`. So many words more may say whose it is.
    Key(u8),
    /// A key was named, and something else comes: `"password", "email"`.
    Parted,
    /// A key was named at the end of a line: `name: token`, and below it `value: …`.
    Over,
    /// Keys were named, of which a list may come: `passwords: [`.
    Keys,
    /// The list comes, if there is one.
    Open,
    /// Everything to the closing bracket is a secret.
    Listed,
    /// A word that may be one.
    WeakKey,
    /// The same, or a number is one: `PIN`.
    Pin,
    /// `key` may follow, and name a secret: `API`.
    Api,
    /// `key`, or a session: in a query, `?key=…`, or before what looks like one, `key: ab12cd99`.
    Bare,
    /// What follows is a secret if it looks like one: behind `key: `.
    BareValue,
    /// `auth` may follow, and name an account with its password: `basic`.
    Basic,
    /// `code` may follow, and name a secret: `recovery`.
    CodeOf,
    /// What looks like a code is one.
    Code,
    /// The name of an account comes: `user`.
    User,
    /// The name was said, and the word for a password may follow: `user bob password …`.
    Named,
    /// A remark in brackets, or the secret: `password (…)`.
    Bracket,
    /// A secret of any number of words was announced: `password:`.
    Spoken,
    /// It goes on to the end of its sentence.
    Phrase,
    /// An account comes, and perhaps its password: `-u`.
    Account,
    /// Something is said of a key: `the password is`. It is a secret, or what is wrong with one.
    Said,
    /// What a parser says of a token comes: `unexpected`.
    Parser,
    /// A secret was announced: `password:`; by the quote that it begins with.
    Announced(Option<char>),
    /// The secret goes on to this quote.
    Quoted(char),
    /// The secret may have another part, behind a sign that a password has: `Winter!2026`.
    Within,
    /// The type of a secret was named, and a secret of it may follow: `password: string`.
    Typed,
}

impl Before {
    /// Takes in what stands between two words: `starts` if there is a blank before it, `joins` if there is none behind it.
    pub(super) fn pass(&mut self, glue: &str, starts: bool, joins: bool) {
        let quote = opening(glue);
        let separates = !glue.contains("::") && glue.contains(['=', ':', '：', '|', '»', '→', '⇒', '\t']);
        *self = match *self {
            Self::Listed if glue.contains(']') => Self::Nothing,
            // `token = decode("…")`
            Self::Phrase if joins && quote.is_some() && (starts || !glue.starts_with(QUOTES)) => {
                Self::Announced(quote)
            }
            Self::Phrase if joins && glue.ends_with('<') => Self::Typed,
            Self::Phrase if ends_a_phrase(glue, starts, joins) => Self::Nothing,
            Self::Typed if glue.contains('=') && !glue.contains('>') => {
                if joins {
                    Self::Announced(quote)
                } else {
                    Self::Spoken
                }
            }
            Self::Spoken if joins && quote.is_some() => Self::Announced(quote),
            Self::Bare if joins && glue == "=" => Self::Announced(None),
            Self::Bare if separates => Self::BareValue,
            Self::Open | Self::Announced(None) | Self::Spoken if joins && glue.contains('[') => Self::Listed,
            Self::Key(_) | Self::Keys if separates && joins && glue.contains('[') => Self::Listed,
            Self::Keys if separates => Self::Open,
            Self::Quoted(end) if is_closed(glue, end) => Self::Nothing,
            Self::Within if joins && glue.chars().all(|c| WITHIN.contains(c)) => Self::Within,
            Self::Within => Self::Nothing,
            Self::Key(1..) if !glue.contains([':', '=']) => *self,
            Self::Key(_) | Self::WeakKey | Self::Pin | Self::Code
                if separates && !(joins && (quote.is_some() || glue.contains(['=', '>']))) =>
            {
                Self::Spoken
            }
            Self::Key(_) | Self::Parted | Self::WeakKey | Self::Pin | Self::Code
                if separates || (joins && glue.contains('>')) =>
            {
                Self::Announced(quote)
            }
            Self::Said if glue.contains(':') && !joins => Self::Spoken,
            Self::Announced(None) if joins => Self::Announced(quote),
            Self::Said if separates || (joins && quote.is_some()) => Self::Announced(quote),
            // `Password (temporary): …`
            Self::Key(0) if starts && joins && glue.contains('(') => Self::Bracket,
            // `passwd 'a b'`
            Self::Key(0) if starts && joins && quote.is_some_and(|c| c != '`') => Self::Announced(quote),
            Self::Key(0) if glue.contains([',', ';']) => Self::Parted,
            // `login bob:…`
            Self::Named if joins && !starts && glue == ":" => Self::Announced(None),
            as_it_was => as_it_was,
        };
    }

    /// Takes in the end of a sentence.
    pub(super) fn end_sentence(&mut self) {
        if *self == Self::Phrase {
            *self = Self::Nothing;
        }
    }

    /// Takes in the end of a line: a quotation mark that nobody closed opens nothing. What `next` begins with is no secret
    /// if it is a key of its own: `credentials:`, and below it `user: …`.
    pub(super) fn end_line(&mut self, line: &str, next: &str) {
        let is_entry = next.split_once(':').is_some_and(|(key, value)| {
            !key.trim().contains(char::is_whitespace) && (value.is_empty() || value.starts_with(' '))
        });
        *self = match *self {
            Self::Key(0) => Self::Over,
            Self::Announced(_) | Self::Spoken | Self::Said if is_entry || line.trim_end().ends_with('|') => {
                Self::Nothing
            }
            Self::Listed if line.trim_end().ends_with(['[', ',']) => Self::Listed,
            Self::Announced(_) | Self::Spoken | Self::Said | Self::WeakKey | Self::Account => *self,
            _ => Self::Nothing,
        };
    }

    /// Takes in the word `core`, with which `rest` of the line begins, and says whether it is a secret.
    pub(super) fn meets(&mut self, core: &str, rest: &str) -> bool {
        let (lower, told) = (core.to_lowercase(), std::mem::take(self));
        let is = |words: &[&str]| words.contains(&lower.as_str());
        let (next, is_secret) = match told {
            Self::Quoted(_) | Self::Within | Self::Listed | Self::Phrase => (told, true),
            Self::Spoken | Self::Announced(None) | Self::Typed if is_worthless(rest, WORTHLESS_ENDS) => {
                (Self::Typed, false)
            }
            Self::Announced(Some(quote)) if is_worthless(rest, quote.encode_utf8(&mut [0; 4])) => {
                (Self::Typed, false)
            }
            Self::Spoken if is(FILLERS) || lower == "token" => (told, false),
            Self::Spoken => (Self::Phrase, true),
            Self::Bracket if is_remark(&lower) => (Self::Key(2), false),
            Self::Bracket => (Self::Key(2), true),
            Self::Announced(_) | Self::Said if is(FILLERS) || lower == "token" => (told, false),
            Self::Said if is(ADVERBS) => (told, false),
            Self::Said if is_remark(&lower) => (Self::Nothing, false),
            Self::Parser if lower == "token" => (Self::Parted, false),
            // A value that looks like a key, `password = mytoken`; or the key of what is within, `{"secret":{"token":…`.
            Self::Announced(_) | Self::Said if is_key(&lower) => (Self::Key(0), true),
            Self::Announced(Some(quote)) => (Self::Quoted(quote), true),
            Self::Announced(None) | Self::Said => (Self::Within, true),
            Self::Key(_) if is(FILLERS) => (Self::Said, false),
            Self::Key(0) | Self::Parted | Self::Over if is(KEY_NOUNS) => (Self::Key(0), false),
            Self::Key(0) if is(POSSESSIVES) => (Self::Key(MAX_BETWEEN), false),
            // `the password hunter2`
            Self::Key(0) | Self::Parted if core.contains(|c: char| c.is_ascii_digit()) => {
                (Self::Within, true)
            }
            // `pass phrase`
            Self::WeakKey if matches!(lower.as_str(), "phrase" | "word") => (Self::Key(0), false),
            Self::WeakKey | Self::Pin if is(FILLERS) => (Self::Key(0), false),
            // `PIN code`
            Self::Pin if is(PIN_NOUNS) => (told, false),
            Self::Pin if core.len() >= PIN_DIGITS && core.bytes().all(|b| b.is_ascii_digit()) => {
                (Self::Within, true)
            }
            Self::BareValue if looks_like_a_key(core) => (Self::Within, true),
            Self::Api if lower == "key" => (Self::Key(0), false),
            Self::Basic if matches!(lower.as_str(), "auth" | "authentication" | "login") => {
                (Self::WeakKey, false)
            }
            Self::CodeOf if matches!(lower.as_str(), "code" | "codes" | "phrase") => (Self::Code, false),
            Self::Code if is(FILLERS) => (Self::Said, false),
            Self::Code if looks_like_a_code(core) => (Self::Code, true),
            Self::User if is_account_with_password(&lower) => (Self::Nothing, true),
            Self::User if !is_remark(&lower) && !is_key(&lower) => (Self::Named, false),
            Self::Named if is_key(&lower) || is_weak_key(&lower) => (Self::Said, false),
            Self::Named if matches!(lower.as_str(), "and" | "with") => (Self::Named, false),
            Self::Account => (Self::WeakKey, false),
            _ if lower == "bearer" || (core.starts_with('-') && (is_key(&lower) || is_weak_key(&lower))) => {
                (Self::Announced(None), false)
            }
            _ if is(PARSERS) => (Self::Parser, false),
            _ if lower.strip_suffix('s').is_some_and(is_key) => (Self::Keys, false),
            _ if is(ACCOUNT_OPTIONS) => (Self::Account, false),
            _ if lower == TALLY && is_tally(rest) => (Self::Nothing, false),
            _ if is_key(&lower) => (Self::Key(0), false),
            _ if is(PINS) => (Self::Pin, false),
            _ if is_weak_key(&lower) || is_name(&in_words(core)) => (Self::WeakKey, false),
            _ if lower == "api" => (Self::Api, false),
            _ if lower == BASIC => (Self::Basic, false),
            _ if lower == KEY || is_session(&lower) => (Self::Bare, false),
            _ if is(CODES) => (Self::CodeOf, false),
            _ if is(ACCOUNTS) => (Self::User, false),
            Self::Key(left @ 2..) => (Self::Key(left - 1), false),
            Self::Typed => (told, false),
            _ => (Self::Nothing, false),
        };
        *self = next;
        is_secret
    }
}

/// The quotation mark that `glue` ends with; `\\` for one that is escaped, such as those of JSON within JSON.
fn opening(glue: &str) -> Option<char> {
    let quote = glue.chars().next_back().filter(|c| QUOTES.contains(c))?;
    Some(if glue.trim_end_matches(quote).ends_with('\\') { '\\' } else { quote })
}

/// Whether what began with `quote` ends in `glue`.
fn is_closed(glue: &str, quote: char) -> bool {
    let before = ['\0'].into_iter().chain(glue.chars());
    glue.chars().zip(before).any(|(c, before)| c == quote && before != '\\')
}

/// Whether the value that `rest` begins with says nothing, as a type does, and one of `signs` or the line ends it.
fn is_worthless(rest: &str, signs: &str) -> bool {
    let end = rest.find(|c: char| !c.is_alphanumeric() && !" \t_".contains(c)).unwrap_or(rest.len());
    let (value, after) = rest.split_at(end);
    let mut after = after.chars();
    let ends = after.next().is_none_or(|c| signs.contains(c));
    let is_whole = ends && (value.ends_with(' ') || !after.next().is_some_and(char::is_alphanumeric));
    is_whole && WORTHLESS.split(' ').any(|word| value.trim().eq_ignore_ascii_case(word))
}

/// Whether `rest` counts what has passed: `pass: 12, fail: 3`. A secret has more digits.
fn is_tally(rest: &str) -> bool {
    let value = rest.split_at(TALLY.len()).1.trim_start_matches([' ', ':', '=']);
    let (count, after) = value.split_at(value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len()));
    (1..PIN_DIGITS).contains(&count.len())
        && (after.is_empty() || after.starts_with([',', ';', ')', '|', '/', '%']))
}

/// Whether a secret of several words ends with what stands between two of them.
fn ends_a_phrase(glue: &str, starts: bool, joins: bool) -> bool {
    let closes = !joins && glue.contains('\'');
    let ends_a_sentence = !joins && !starts && glue.contains(['!', '?']);
    let is_within = joins && !starts && matches!(glue, "&" | "|" | ";");
    closes || ends_a_sentence || (glue.contains(PHRASE_ENDS) && !is_within)
}

pub(super) fn is_remark(lower: &str) -> bool {
    NOUNS.contains(&lower) || REMARKS.split(' ').any(|remark| remark == lower)
}

/// `bob/…`; not `form/page`.
fn is_account_with_password(lower: &str) -> bool {
    let is_word = |part: &str| !part.is_empty() && !part.contains(['/', '.']) && !is_remark(part);
    lower.split_once('/').is_some_and(|(account, password)| is_word(account) && is_word(password))
}

/// `a1b2`, `wxyz-qrst`, `ABCDEF`
fn looks_like_a_code(word: &str) -> bool {
    let is_long = word.len() >= PIN_DIGITS;
    let is_upper = word.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    is_long && (is_upper || word.contains(|c: char| c.is_ascii_digit() || c == '-'))
}

/// `ab12cd99`
fn looks_like_a_key(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    word.len() >= KEY_CHARS && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

/// Whether `line` is a key alone, and the next line that is not empty a word: `PASSWORD`, and `below` it `hunter2`.
pub(super) fn is_above_its_value<'n>(line: &str, mut below: impl Iterator<Item = &'n str>) -> bool {
    let key = line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let words: Vec<&str> = key.split_whitespace().collect();
    let is_named = match words.as_slice() {
        [word] | [_, word] => is_key(word) || is_weak_key(word) || key == "api key",
        _ => false,
    };
    if !is_named {
        return false;
    }
    let Some(next) = below.find(|line| !line.trim().is_empty()) else { return false };
    let indented = |line: &str| line.len() - line.trim_start().len();
    // An item is a value of the key above it only if it stands within: else both are names in one list.
    let value = match next.trim_start().strip_prefix(['-', '*', '+']) {
        Some(item) if item.starts_with(' ') && indented(next) <= indented(line) => return false,
        Some(item) if item.starts_with(' ') => item.trim(),
        _ => next.trim(),
    };
    !value.contains(char::is_whitespace) && !value.ends_with(':')
}

/// Whether the word, in lower case, names a secret. `</password>` ends one.
pub(super) fn is_key(lower: &str) -> bool {
    !lower.starts_with('/') && KEYS.iter().any(|key| lower.ends_with(key))
}

/// Whether the word, in lower case, names a secret if a value stands beside it.
pub(super) fn is_weak_key(lower: &str) -> bool {
    let mut before = WEAK_KEYS.iter().filter_map(|key| lower.strip_suffix(key));
    before.any(|before| !before.ends_with(char::is_alphanumeric) && !before.starts_with('/'))
        || SESSION_IDS.iter().any(|id| lower.contains(id))
        || is_name(lower)
}

/// Whether a cookie of that name, in lower case, holds a session.
fn is_session(lower: &str) -> bool {
    let last = lower.rsplit(|c: char| !c.is_alphanumeric()).next();
    last.is_some_and(|last| SESSIONS.contains(&last))
}

/// Whether a name in words, `secret_key_base`, holds one for a secret, or is that of a key.
fn is_name(words: &str) -> bool {
    let numbered = words.trim_end_matches(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = numbered.split(['_', '-']).filter(|word| !word.is_empty()).collect();
    let (last, before) = match words.as_slice() {
        [.., before, last] => (*last, Some(*before)),
        [only] => (*only, None),
        [] => return false,
    };
    let is_key = last == KEY && before.is_some_and(|before| !OPEN_KEYS.contains(&before));
    let is_told_of = [NOUNS, TELLING].iter().any(|ends| ends.contains(&last));
    is_key || (!is_told_of && words.iter().any(|word| NAMED.contains(word)))
}

/// `secretKey` as `secret_key`.
fn in_words(name: &str) -> String {
    let (mut words, mut was_lower) = (String::new(), false);
    for c in name.chars() {
        if was_lower && c.is_uppercase() {
            words.push('_');
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
        words.extend(c.to_lowercase());
    }
    words
}

pub(super) fn is_token(word: &str) -> bool {
    if PREFIXES.iter().any(|prefix| word.starts_with(prefix) && word.len() >= prefix.len() + 8) {
        return true;
    }
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_+/.".contains(c));
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
