//! [`Facts`]: what a prompt is about, found by looking for words. Nothing in it is obeyed.

use std::collections::HashSet;

use super::fences::{self, Quote};
use super::ordered::Node;
use super::reading::{counted, has, heading, is_prose, is_stop, stem, stems, visible, words_of};
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

/// Bytes of a text that are looked at: whoever wants something says so within these.
const MAX_BYTES: usize = 6 * 1024;

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
        let text = visible(domain::clip(text, MAX_BYTES));
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
        has(&self.lower, phrase)
    }

    /// Whether the title has it.
    pub(super) fn title_has(&self, phrase: &str) -> bool {
        has(&self.title.to_lowercase(), phrase)
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

    /// The most telling words: those of the title before the others, longer ones before shorter ones.
    pub(super) fn keywords(&self) -> Vec<String> {
        const BLAND: &[&str] = &[
            "bug", "crash", "error", "expected", "feature", "file", "happened", "hello", "issue", "problem",
            "question", "refund", "report", "request", "support", "thanks", "title", "version", "work",
            "works",
        ];
        let mut words: Vec<String> = Vec::new();
        for source in [&self.title, &self.text] {
            let mut own: Vec<String> = words_of(source)
                .filter(|word| word.chars().count() > 3 && word.chars().all(char::is_alphabetic))
                .filter(|word| !is_stop(word) && !BLAND.contains(&word.as_str()))
                .collect();
            own.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
            for word in own {
                if words.len() < 5 && !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        words
    }

    /// One sentence on what is asked, for a summary of thoughts.
    pub(super) fn gist(&self) -> String {
        format!("The request is about “{}”. I look at what is asked and answer that.", self.title)
    }

    /// The paragraph of the reference material that shares most words with the title: its document's name
    /// and the paragraph. None when nothing shares at least two.
    pub(super) fn passage(&self) -> Option<(&str, &str)> {
        let title: HashSet<String> = stems(&self.title).into_iter().collect();
        let shared = |p: &str| stems(p).into_iter().collect::<HashSet<_>>().intersection(&title).count();
        let paragraphs = self.documents.iter().flat_map(|(name, text)| {
            text.split("\n\n").map(|p| (name.as_str(), p.trim())).filter(|(_, p)| p.len() > 40 && is_prose(p))
        });
        let best = paragraphs.map(|(name, p)| (shared(p), name, p)).max_by_key(|(n, ..)| *n);
        best.filter(|(n, ..)| *n >= 2).map(|(_, name, p)| (name, p))
    }
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
            (
                "Title: Crash\n\n### What happened\n```\ncode\n```\n> quoted\nIt dies. Always.",
                "Crash",
                "It dies.",
            ),
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
