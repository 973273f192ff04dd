//! Names of people that a text introduces itself.

/// Letters of a name that are replaced wherever they stand.
const NAME_CHARS: usize = 3;
/// Words of a name.
const NAME_WORDS: usize = 3;
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
    "prof",
    "name is",
    "name's",
    "i am",
    "i'm",
    "this is",
    "sent by",
    "reported by",
    "written by",
    "regards",
    "thanks",
    "cheers",
    "sincerely",
    "greetings",
    "hola",
    "olá",
    "hallo",
    "bonjour",
    "ciao",
    "herr",
    "frau",
    "madame",
    "monsieur",
    "señor",
    "señora",
    "senhor",
    "senhora",
];
/// The same, if a line begins with it and a colon or a comma follows.
const HEADINGS: &[&str] =
    &["from", "to", "cc", "name", "contact", "customer", "author", "reporter", "user", "best", "yours"];
/// Fields that hold a person's name, however it is written.
const FIELDS: &[&str] = &[
    "name",
    "full name",
    "first name",
    "last name",
    "surname",
    "contact",
    "contact person",
    "contact name",
    "customer",
    "customer name",
    "author",
    "reporter",
    "reported by",
    "sent by",
    "written by",
    "assignee",
    "signed",
    "signed off by",
];
/// What a letter ends with; below it stands who wrote it.
const CLOSINGS: &[&str] = &[
    "regards",
    "thanks",
    "thank you",
    "cheers",
    "sincerely",
    "greetings",
    "wishes",
    "best",
    "yours",
    "faithfully",
    "grüßen",
    "grüße",
    "saludos",
    "cumprimentos",
    "cordialement",
    "atentamente",
];
/// Lines that separate a letter from who wrote it.
const DASHES: &[&str] = &["--", "—"];
/// What begins with a capital and is no name.
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
    "see",
    "ask",
    "write",
    "mail",
    "email",
    "call",
    "contact",
    "if",
    "since",
    "after",
    "but",
    "our",
    "your",
    "sent",
    "by",
];
/// Whoever says so is called the next words, however they are written.
const TELLS: &str = "my name is ";
/// What stands between a name and what it wrote.
const WROTE: &[&str] = &[" wrote:", " writes:", " said:", " schrieb:", " escribió:", " escreveu:"];
/// Fields that hold the name of an account.
const ACCOUNTS: &[&str] = &["username", "user name", "user_name", "login", "benutzername", "usuario"];
/// What is no name in lower case either.
const ORDINARY: &str = "missing shown wrong displayed cut truncated a an any as at be in is me my no of on or to us i them they \
    he she his her its are was were will would can could may must should have has had do does did help \
    advise fix check test tests build deploy release export import run job task nightly daily weekly error \
    crash bug issue report reports works work fails broken again now soon asap urgent today tomorrow update \
    updates new old yes none null unknown anonymous admin root user users name customer customers value \
    string field column default main master local server client service app web api page file files data \
    base best many much very thanks thank regards cheers hello hi hey dear mark here more some with without \
    only just also";

/// A name and its parts, in lower case, as far as they are long enough to be told from other words.
pub(super) fn parts(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric()).chain([name]).map(str::to_lowercase);
    parts.filter(|part| part.chars().count() >= NAME_CHARS).collect()
}

/// The names that `text` introduces, word by word.
pub(super) fn introduced(text: &str) -> Vec<&str> {
    let (mut names, mut signs) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if signs && !line.is_empty() {
            names.extend(name(line));
            names.extend(lower(line, 1));
        }
        signs = (signs && line.is_empty()) || ends_a_letter(line);
        names.extend(greeted(line));
        names.extend(fields(line));
        names.extend(told(line));
        names.extend(before_addresses(line));
        names.extend(quoted(line));
        names.extend(account(line));
    }
    names
}

/// Whether a letter ends with `line`, or with the last sentence of it.
fn ends_a_letter(line: &str) -> bool {
    let last = line.rsplit(". ").next().unwrap_or(line).rsplit("! ").next().unwrap_or(line);
    let last = last.trim_end_matches([',', '.', '!', '-']).to_lowercase();
    DASHES.contains(&line)
        || (last.split_whitespace().count() <= NAME_WORDS
            && CLOSINGS.iter().any(|closing| last.ends_with(closing)))
}

/// The names in fields: `name: ana duarte`, `{"customer": "ana"}`. One word in a `name` may name anything.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split([',', ';', '{', '}']).flat_map(|part| {
        let (field, rest) = part.split_once(':').unwrap_or_default();
        let field =
            field.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace(['_', '-'], " ");
        let words = if field == "name" { 2 } else { 1 };
        lower(rest, words).into_iter().filter(move |_| FIELDS.contains(&field.as_str()))
    })
}

/// The names behind `my name is`.
fn told(line: &str) -> impl Iterator<Item = &str> {
    let at = line.to_lowercase().find(TELLS).and_then(|at| line.get(at + TELLS.len()..));
    at.into_iter()
        .flat_map(|rest| rest.split(' ').take(2).map(bare).take_while(|word| !lower(word, 1).is_empty()))
}

/// The words of `text`, if they can be a name in lower case, of `least` words.
fn lower(text: &str, least: usize) -> Vec<&str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "\"'*_,".contains(c));
    let words: Vec<&str> = text.split_whitespace().collect();
    let fits = |word: &&str| {
        let is_word = word.chars().all(|c| c.is_alphabetic() || "-'’".contains(c));
        let lower = word.to_lowercase();
        is_word && !COMMON.contains(&lower.as_str()) && !ORDINARY.split(' ').any(|known| known == lower)
    };
    let capitals = words.iter().filter(|word| word.starts_with(char::is_uppercase)).count();
    let is_even = capitals == 0 || capitals == words.len();
    if is_even && (least..=NAME_WORDS).contains(&words.len()) && words.iter().all(fits) {
        words
    } else {
        Vec::new()
    }
}

/// The names behind what introduces them.
fn greeted(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(char::is_whitespace).flat_map(|(end, _)| {
        let (before, rest) = line.split_at(end);
        let said = before.trim_end_matches(['.', ':', ',']).to_lowercase();
        let is_said = |phrase: &&str| {
            let before = said.strip_suffix(*phrase);
            before.is_some_and(|before| !before.ends_with(char::is_alphanumeric))
        };
        let introduces = INTRODUCTIONS.iter().any(is_said)
            || (before.ends_with([':', ',']) && HEADINGS.contains(&said.as_str()))
            || DASHES.contains(&before);
        name(rest).filter(move |_| introduces)
    })
}

/// The names before addresses: `Ana Duarte <ana@…>`.
fn before_addresses(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let addresses =
        words.iter().enumerate().filter(|(_, word)| word.starts_with(['<', '(']) && word.contains('@'));
    let before = |(at, _)| {
        let before = words.iter().take(at).rev().map(|word| bare(word));
        before.take(NAME_WORDS).take_while(|word| is_name(word)).collect::<Vec<_>>()
    };
    addresses.flat_map(before).collect()
}

/// The names before what was quoted: `Ana Duarte wrote:`.
fn quoted(line: &str) -> Vec<&str> {
    let before = WROTE.iter().find_map(|wrote| line.strip_suffix(wrote)).unwrap_or_default();
    let words = before.split_whitespace().rev().map(bare);
    words.take(NAME_WORDS).take_while(|word| is_name(word)).collect()
}

/// The name of an account: `username: ana.duarte`.
fn account(line: &str) -> Option<&str> {
    let (field, rest) = line.split_once([':', '='])?;
    let field = field.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let value = rest.split_whitespace().next().map(bare)?;
    let is_ordinary = ORDINARY.split(' ').any(|known| known == value.to_lowercase());
    (ACCOUNTS.contains(&field.as_str()) && !is_ordinary).then_some(value)
}

/// The words of a name that `text` begins with, behind a dash perhaps.
fn name(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().map(bare);
    words
        .skip_while(|word| word.is_empty())
        .take(NAME_WORDS)
        .take_while(|word| word.starts_with(char::is_uppercase))
        .filter(|word| is_name(word))
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn is_name(word: &str) -> bool {
    word.starts_with(char::is_uppercase) && !COMMON.contains(&word.to_lowercase().as_str())
}
