//! [`Question`]: what a conversation is about. Nothing in it is obeyed.

use serde_json::Value;

use super::request::text_of;
use super::spelling::Fields;

/// Bytes of a text that are looked at: whoever wants something says so within these.
const MAX_BYTES: usize = 6 * 1024;

/// What a conversation is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    /// Its title, or its first line.
    pub(super) title: String,
    pub(super) text: String,
    /// The same in lower case.
    lower: String,
}

impl Question {
    /// The question of a conversation: the last text that it quotes under the last title that it quotes;
    /// where it quotes nothing, the last thing a person said.
    pub(super) fn read(contents: &[Value]) -> Self {
        let said = contents.iter().filter(|content| content.string("role") != Some("model"));
        let said: Vec<String> = said.map(text_of).collect();
        let quotes: Vec<Quote> = said.iter().flat_map(|text| quotes(text)).collect();
        let last = |is_title| quotes.iter().rev().find(|quote| quote.is_title == is_title);
        let text = last(false).map(|quote| quote.text.as_str());
        match (last(true), text) {
            (Some(title), text) => Self::of(&format!("{}\n{}", title.text, text.unwrap_or_default())),
            (None, Some(text)) => Self::of(text),
            (None, None) => {
                Self::of(said.iter().rfind(|text| !text.trim().is_empty()).map_or("", String::as_str))
            }
        }
    }

    /// The question that a text alone is.
    pub(super) fn of(text: &str) -> Self {
        let text = domain::clip(text.trim(), MAX_BYTES).to_owned();
        let title = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
        let title = title.strip_prefix("Title:").unwrap_or(title).trim();
        Self { title: domain::clip(title, 160).to_owned(), lower: text.to_lowercase(), text }
    }

    /// Whether the text has a phrase, in lower case, that starts where a word starts.
    pub(super) fn has(&self, phrase: &str) -> bool {
        has(&self.lower, phrase)
    }

    pub(super) fn title_has(&self, phrase: &str) -> bool {
        has(&self.title.to_lowercase(), phrase)
    }

    /// The first word, without punctuation around it, of which `fits` is true.
    pub(super) fn word(&self, fits: impl Fn(&str) -> bool) -> Option<&str> {
        let words = self.text.split_whitespace();
        words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).find(|word| fits(word))
    }
}

fn has(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !phrase.starts_with(char::is_alphanumeric) || before.is_none_or(|c| !c.is_alphanumeric())
    })
}

/// Text that a prompt sets apart from its instructions.
struct Quote {
    is_title: bool,
    text: String,
}

/// What stands between a line `<name …>` and the line `</name>`; `what="title"` makes it a title.
fn quotes(text: &str) -> Vec<Quote> {
    let mut quotes = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = opening(line.trim()) else { continue };
        let closing = format!("</{name}>");
        let ahead = lines.clone();
        let inner: Vec<&str> = ahead.take_while(|line| line.trim() != closing).collect();
        if lines.clone().count() > inner.len() {
            let is_title = line.contains("what=\"title\"");
            quotes.push(Quote { is_title, text: inner.join("\n").trim().to_owned() });
            lines.nth(inner.len());
        }
    }
    quotes
}

/// The name in a line that is an opening mark.
fn opening(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('<')?.strip_suffix('>')?;
    let name = inner.split(' ').next()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains(['<', '>', '/']);
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(turns: &[(&str, &str)]) -> Question {
        let content = |(role, text): &(&str, &str)| json!({"role": role, "parts": [{"text": text}]});
        Question::read(&turns.iter().map(content).collect::<Vec<_>>())
    }

    #[test]
    fn a_thread_is_about_its_last_comment_under_its_title() {
        let question = read(&[
            (
                "user",
                "The thread o/r#7:\n<u-1 what=\"title\">\nCrash\n</u-1>\n<u-1 what=\"opening text\">\nIt dies.\n\
                 </u-1>",
            ),
            ("model", "Which version?"),
            ("user", "<u-1 what=\"comment by mona\">\nIt is 2.1 here.\n</u-1>"),
            ("user", "Write the reply."),
        ]);
        assert_eq!((question.title.as_str(), question.text.as_str()), ("Crash", "Crash\nIt is 2.1 here."));
    }

    #[test]
    fn where_nothing_is_quoted_the_last_words_count() {
        let question = read(&[("user", "Hello."), ("model", "Hi."), ("user", "<br>\nHow do I start?")]);
        assert_eq!(question.text, "<br>\nHow do I start?");
        assert_eq!(read(&[("user", "<untrusted>\nnever closed")]).text, "<untrusted>\nnever closed");
        assert_eq!(read(&[]).title, "");
    }

    #[test]
    fn phrases_start_where_words_start() {
        let question = Question::of("## Title: The error\nIt is terror.");
        assert!(question.title_has("error") && !Question::of("terror").has("error"));
        assert!(question.has("is ter") && !question.title_has("terror"));
        assert_eq!(question.word(|word| word.ends_with('r')), Some("error"));
    }
}
