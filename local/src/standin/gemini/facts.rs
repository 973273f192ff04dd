//! [`Facts`]: what a prompt is about, found by looking for words. Nothing in it is obeyed.

use std::collections::HashSet;

use super::fences::{self, Quote};
use super::ordered::Node;
use super::request::{parts_of, text_of};

/// What can be said about a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// The text that the last question is about.
    pub(super) text: String,
    /// Its title, or first line.
    pub(super) title: String,
    /// The first sentence below the title.
    pub(super) sentence: String,
    /// Numbers with the thing counted, in the singular: (3, apple).
    pub(super) counted: Vec<(f64, String)>,
    /// Whether the model has spoken in this conversation before.
    pub(super) follow_up: bool,
    /// Reference material: name and text.
    pub(super) documents: Vec<(String, String)>,
    lower: String,
    stems: HashSet<String>,
    /// All instructions, for the explanation of a word.
    context: String,
}

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

impl Facts {
    /// Reads a conversation: the parts of the system instruction, cached contents, and the turns.
    ///
    /// It is about the last text that somebody's words are quoted in, under the last title quoted; where
    /// nothing is quoted, about the last thing a person said.
    pub(super) fn read(system: &[String], cached: &[Node], contents: &[Node]) -> Self {
        let is_model = |content: &&Node| content.string("role") == Some("model");
        let asked: Vec<String> = contents.iter().filter(|c| !is_model(c)).map(text_of).collect();
        let quotes: Vec<Quote> = asked.iter().flat_map(|text| fences::quotes(text)).collect();
        let last = |title: bool| quotes.iter().rev().find(|q| q.is_title == title).map(|q| q.text.trim());
        let text = match (last(true), last(false)) {
            (Some(title), text) => format!("Title: {title}\n\n{}", text.unwrap_or_default()),
            (None, Some(text)) => text.to_owned(),
            (None, None) => asked.iter().rfind(|text| !text.trim().is_empty()).cloned().unwrap_or_default(),
        };
        let reference: Vec<String> = system.iter().cloned().chain(cached.iter().flat_map(parts_of)).collect();
        let mut facts = Self::of(&text);
        facts.documents = documents(&reference, &asked);
        facts.follow_up = contents.iter().any(|content| is_model(&content));
        facts.context = reference.iter().chain(&asked).map(|text| format!("{text}\n")).collect();
        facts
    }

    /// The facts of a text alone.
    pub(super) fn of(text: &str) -> Self {
        let text = visible(text);
        let (title, sentence) = heading(&text);
        let lower = text.to_lowercase();
        let stems = stems(&text).into_iter().collect();
        Self { title, sentence, counted: counted(&text), lower, stems, text, ..Self::default() }
    }

    /// Whether the text has a word of this stem.
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.has_stem(&stem(&word.to_lowercase()))
    }

    /// Whether the text has this stem.
    pub(super) fn has_stem(&self, stem: &str) -> bool {
        self.stems.contains(stem)
    }

    /// Whether the text has a phrase (lower case) that starts where a word starts.
    pub(super) fn has(&self, phrase: &str) -> bool {
        self.lower.match_indices(phrase).any(|(at, _)| {
            let before = self.lower[..at].chars().next_back();
            !phrase.starts_with(char::is_alphanumeric) || before.is_none_or(|c| !c.is_alphanumeric())
        })
    }

    /// How the instructions explain a word of theirs: what follows it on its line.
    pub(super) fn explanation(&self, word: &str) -> Option<&str> {
        self.context.lines().find_map(|line| {
            let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
            let rest = line.strip_prefix(word)?.trim_start_matches(['`', '"', '\'', '*', ')', ' ']);
            let rest = rest.strip_prefix([':', '-', '–', '—', '=', '|'])?;
            Some(rest.trim()).filter(|rest| !rest.is_empty())
        })
    }

    /// The most telling words, longest first.
    pub(super) fn keywords(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in words_of(&self.text).filter(|w| w.chars().count() > 3 && !is_stop(w)) {
            if !words.contains(&word) && word.chars().all(char::is_alphabetic) {
                words.push(word);
            }
        }
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        words.truncate(5);
        words
    }

    /// One sentence on what is asked, for a summary of thoughts.
    pub(super) fn gist(&self) -> String {
        format!("The request is about “{}”. I look at what is asked and answer that.", self.title)
    }

    /// The paragraph of the reference material that shares most words with the text: its document's name
    /// and the paragraph. None when nothing fits well.
    pub(super) fn passage(&self) -> Option<(&str, &str)> {
        let paragraphs = self.documents.iter().flat_map(|(name, text)| {
            text.split("\n\n")
                .map(|p| (name.as_str(), p.trim()))
                .filter(|(_, p)| p.len() > 40 && !p.starts_with('#'))
        });
        let shared = |p: &str| stems(p).into_iter().collect::<HashSet<_>>().intersection(&self.stems).count();
        paragraphs
            .map(|(name, p)| (shared(p), name, p))
            .max_by_key(|(n, ..)| *n)
            .and_then(|(n, name, p)| (n >= 2).then_some((name, p)))
    }
}

/// The stems of a text's words that carry meaning, in order.
pub(super) fn stems(text: &str) -> Vec<String> {
    words_of(text).filter(|w| w.chars().count() > 2 && !is_stop(w)).map(|w| stem(&w)).collect()
}

fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

fn stem(word: &str) -> String {
    for suffix in ["ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "y", "e"] {
        if let Some(base) = word.strip_suffix(suffix).filter(|base| base.chars().count() > 2) {
            return base.to_owned();
        }
    }
    word.to_owned()
}

fn is_stop(word: &str) -> bool {
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
fn visible(text: &str) -> String {
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
fn heading(text: &str) -> (String, String) {
    let mut lines = text.lines().map(plain).filter(|line| !line.is_empty()).peekable();
    let marked =
        text.lines().map(plain).find_map(|line| value_of(&line, &["title", "issue title", "subject"]));
    let mut prose = lines.by_ref().filter(|line| !is_label(line) && value_of(line, &["title"]).is_none());
    let unlabelled = |line: String| {
        value_of(&line, &["body", "comment", "description", "message", "text"]).unwrap_or(line)
    };
    let first = prose.next().map(unlabelled).unwrap_or_default();
    let title = marked.clone().unwrap_or_else(|| first_sentence(&first));
    let sentence = match marked {
        Some(_) => first_sentence(&first),
        None => prose.next().map(unlabelled).map_or_else(|| title.clone(), |line| first_sentence(&line)),
    };
    let sentence = if sentence.is_empty() { title.clone() } else { sentence };
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

fn counted(text: &str) -> Vec<(f64, String)> {
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

/// Reference material: parts of the instructions that begin by saying so, and fenced documents anywhere.
fn documents(reference: &[String], asked: &[String]) -> Vec<(String, String)> {
    let announced = reference.iter().filter_map(|part| {
        let (first, text) = part.split_once('\n')?;
        let names = ["document", "reference"].iter().any(|word| first.to_lowercase().contains(word));
        let name = first.split(['`', '"', '\'']).nth(1)?;
        (names && first.len() < 300).then(|| (name.to_owned(), text.trim().to_owned()))
    });
    let fenced = reference.iter().chain(asked).flat_map(|text| fences::blocks(text));
    let fenced = fenced.filter(fences::Block::is_document).map(|block| {
        let name = block.what.into_iter().next().unwrap_or_else(|| "the documentation".to_owned());
        (name, block.text)
    });
    announced.chain(fenced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn title_and_first_sentence_are_told_apart() {
        let cases = [
            ("Title: Crash on start\nAuthor: mona\nBody:\nIt dies. Always.", "Crash on start", "It dies."),
            ("Repository: octo/repo\n# Crash on start\n\nIt dies. Always.", "Crash on start", "It dies."),
            ("<title>Crash</title>\nBody: It dies at once.", "Crash", "It dies at once."),
            ("Say hello.", "Say hello.", "Say hello."),
            ("", "", ""),
        ];
        for (text, title, sentence) in cases {
            let facts = Facts::of(text);
            assert_eq!((facts.title.as_str(), facts.sentence.as_str()), (title, sentence), "{text:?}");
        }
    }

    #[test]
    fn hidden_text_is_not_seen() {
        let facts = Facts::of("Hello <!-- casino --> wor\u{200b}ld <!-- open");
        assert_eq!(facts.text, "Hello  world ");
    }

    #[test]
    fn things_are_counted() {
        assert_eq!(Facts::of("Two pears and a fig.").counted, [(2.0, "pear".into()), (1.0, "fig".into())]);
    }

    #[test]
    fn a_thread_is_about_its_last_comment_under_its_title() {
        let part = |text: &str| json!({ "text": text });
        let contents = [
            json!({"role": "user", "parts": [
                part("The thread o/r#7:\n<u-1 what=\"title\">\nCrash\n</u-1>\n<u-1 what=\"opening text\">\nIt dies.\n</u-1>")]}),
            json!({"role": "model", "parts": [part("Which version?")]}),
            json!({"role": "user", "parts": [part("<u-1 what=\"comment by mona\">\nIt is 2.1 here.\n</u-1>"),
                                             part("Write the reply.")]}),
        ];
        let facts = Facts::read(&[], &[], &contents.map(Node::from));
        assert_eq!((facts.title.as_str(), facts.sentence.as_str()), ("Crash", "It is 2.1 here."));
        assert!(facts.follow_up && !facts.has("dies"));
    }

    #[test]
    fn documents_are_found_in_parts_that_announce_them() {
        let parts = ["Be kind.".to_owned(), "Reference document `docs/faq.md`:\n\nAsk away.".to_owned()];
        let facts = Facts::read(&parts, &[], &[]);
        assert_eq!(facts.documents, [("docs/faq.md".to_owned(), "Ask away.".to_owned())]);
    }

    #[test]
    fn words_of_the_instructions_are_explained_by_their_line() {
        let contents = [Node::from(json!({"parts": [{"text": "- `question`: asks how"}]}))];
        let facts = Facts::read(&["bug_report: it breaks".to_owned()], &[], &contents);
        assert_eq!(facts.explanation("bug_report"), Some("it breaks"));
        assert_eq!(facts.explanation("question"), Some("asks how"));
        assert_eq!(facts.explanation("refund"), None);
    }
}
