//! Reading text: what is visible of it, its title and first sentence, its words and their stems.

/// Lines of an issue's heading that say nothing about its subject.
const LABELS: &[&str] = &[
    "action",
    "actor",
    "author",
    "body",
    "comment",
    "created",
    "date",
    "description",
    "event",
    "from",
    "issue",
    "kind",
    "labels",
    "link",
    "message",
    "number",
    "opened by",
    "payload",
    "repo",
    "repository",
    "sender",
    "source",
    "state",
    "tenant",
    "text",
    "thread",
    "type",
    "url",
    "user",
];

/// Whether a text in lower case has a phrase that starts where a word starts.
pub(super) fn has(text: &str, phrase: &str) -> bool {
    text.contains(phrase)
        && text.match_indices(phrase).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            !phrase.starts_with(char::is_alphanumeric) || before.is_none_or(|c| !c.is_alphanumeric())
        })
}

/// The stems of a text's words that carry meaning, in order.
pub(super) fn stems(text: &str) -> Vec<String> {
    words_of(text).filter(|w| w.chars().count() > 2 && !is_stop(w)).map(|w| stem(&w)).collect()
}

/// The words of a text in lower case.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// A word without its ending.
pub(super) fn stem(word: &str) -> String {
    for suffix in ["ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "y", "e"] {
        if let Some(base) = word.strip_suffix(suffix).filter(|base| base.chars().count() > 2) {
            return base.to_owned();
        }
    }
    word.to_owned()
}

/// Whether a word (in lower case) carries no meaning of its own.
pub(super) fn is_stop(word: &str) -> bool {
    const STOP: &[&str] = &[
        "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
        "been", "but", "by", "can", "could", "did", "do", "does", "for", "from", "get", "had", "has", "have",
        "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "my", "no", "not", "of", "on", "or",
        "our", "please", "should", "so", "some", "than", "that", "the", "their", "them", "then", "there",
        "these", "they", "this", "to", "was", "we", "were", "what", "when", "where", "which", "who", "why",
        "will", "with", "would", "you", "your",
    ];
    STOP.contains(&word)
}

/// The text without HTML comments and characters that nobody sees.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<!--") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("-->").map_or("", |end| &rest[start + end + 3..]);
    }
    out.push_str(rest);
    out.retain(|c| c == '\n' || c == '\t' || !(c.is_control() || is_invisible(c)));
    out
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Title and first sentence of an issue, a comment or any other text.
///
/// The title is what a line marks as such, else the first line. The sentence is the first one below it
/// that is prose: no heading, quotation, table or code.
pub(super) fn heading(text: &str) -> (String, String) {
    const CARRIERS: &[&str] = &["body", "comment", "description", "message", "text"];
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let marked = |line: &&str| value_of(&plain(line), &["title", "issue title", "subject"]);
    let title = lines.iter().find_map(marked);
    let mut code = false;
    let mut prose = lines.iter().filter(|line| {
        let fence = line.starts_with("```") || line.starts_with("~~~");
        let skipped =
            code || fence || line.starts_with(['>', '|']) || is_label(&plain(line)) || marked(line).is_some();
        code ^= fence;
        !skipped
    });
    let unlabelled = |line: &&str| value_of(&plain(line), CARRIERS).unwrap_or_else(|| plain(line));
    let title =
        title.or_else(|| prose.next().map(unlabelled).map(|line| first_sentence(&line))).unwrap_or_default();
    let rest: Vec<&&str> = prose.collect();
    let first = rest.iter().find(|line| !line.starts_with('#')).or(rest.first());
    let sentence = first.map_or_else(|| title.clone(), |line| first_sentence(&unlabelled(line)));
    (domain::clip(&title, 160).to_owned(), sentence)
}

/// A line without Markdown's marks at its ends.
fn plain(line: &str) -> String {
    let line = line.trim().trim_start_matches(['#', '>', '*', '-', '`', '_', ' ']);
    let line = line
        .strip_prefix("<title>")
        .map_or(line.to_owned(), |rest| format!("Title: {}", rest.trim_end_matches("</title>")));
    line.trim_end_matches(['*', '`', '_', ' ']).replace("**", "")
}

/// Whether a paragraph can be quoted as a sentence: no list, table, heading or code.
pub(super) fn is_prose(paragraph: &str) -> bool {
    !paragraph.starts_with(['#', '-', '*', '|', '>', '`', '<'])
        && !paragraph.starts_with(|c: char| c.is_ascii_digit())
}

fn value_of(line: &str, keys: &[&str]) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    let value = value.trim();
    (keys.contains(&key.trim().to_lowercase().as_str()) && !value.is_empty()).then(|| value.to_owned())
}

fn is_label(line: &str) -> bool {
    let Some((key, value)) = line.split_once(':') else {
        return line.starts_with('<') && line.ends_with('>');
    };
    let key = key.trim().to_lowercase();
    let carries_text = ["body", "comment", "description", "message", "text"].contains(&key.as_str());
    LABELS.contains(&key.as_str()) && (value.trim().is_empty() || !carries_text)
}

fn first_sentence(text: &str) -> String {
    let end = text
        .char_indices()
        .filter(|(_, c)| matches!(c, '.' | '!' | '?'))
        .map(|(at, c)| at + c.len_utf8())
        .find(|end| text[*end..].starts_with(' '));
    domain::clip(text[..end.unwrap_or(text.len())].trim(), 240).to_owned()
}

/// Numbers followed by a noun, in the singular.
pub(super) fn counted(text: &str) -> Vec<(f64, String)> {
    const WORDS: &[(&str, f64)] = &[
        ("a", 1.0),
        ("an", 1.0),
        ("one", 1.0),
        ("two", 2.0),
        ("three", 3.0),
        ("four", 4.0),
        ("five", 5.0),
        ("six", 6.0),
        ("seven", 7.0),
        ("eight", 8.0),
        ("nine", 9.0),
        ("ten", 10.0),
        ("twelve", 12.0),
    ];
    let words: Vec<String> = words_of(text).take(2_000).collect();
    words
        .windows(2)
        .filter_map(|pair| {
            let spelt = WORDS.iter().find(|(word, _)| *word == pair[0]).map(|(_, n)| *n);
            let number = spelt.or_else(|| pair[0].parse::<f64>().ok().filter(|n| n.abs() < 1e9))?;
            let thing = pair[1].as_str();
            let noun = thing.chars().all(char::is_alphabetic) && !is_stop(thing);
            noun.then(|| {
                (number, thing.strip_suffix('s').filter(|s| s.len() > 2).unwrap_or(thing).to_owned())
            })
        })
        .collect()
}
