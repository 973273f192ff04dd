//! Free-text answers: one text for each kind of message, which says that it is nobody's opinion.

use super::intent::{Kind, kind};
use super::question::Question;

/// The first line of every text.
pub(super) const NOTICE: &str =
    "_Canned text of the local stand-in for Gemini. Set GEMINI_API_KEY to get a real answer._";

/// The answer to a question.
pub(super) fn answer(question: &Question) -> String {
    let title = quotable(&question.title);
    let quoted = if title.is_empty() { String::new() } else { format!("> {title}\n\n") };
    format!("{NOTICE}\n\n{quoted}{}", text(kind(question)))
}

fn text(kind: Kind) -> &'static str {
    match kind {
        Kind::Bug => {
            "Thanks for the report, and sorry for the trouble. To find the cause, please add:\n\n\
             1. the exact version you run, and on which system;\n\
             2. the complete output or stack trace, as text;\n\
             3. the smallest set of steps that shows it from a fresh start."
        }
        Kind::Question => {
            "Thanks for asking. Start from the defaults, change only the setting in question, and check the \
             effect before you go on. If that does not do what you want, tell us what you tried and what you \
             saw instead."
        }
        Kind::Feature => {
            "Thanks for the suggestion. To weigh it we need to know a little more:\n\n\
             - what are you trying to get done, and what do you do today instead?\n\
             - how often does it come up?"
        }
        Kind::Refund => {
            "We are sorry about the trouble with this payment. A person checks the charge before any money \
             moves, and answers here. Please do not post card numbers."
        }
        Kind::Incident => {
            "Thanks for telling us. The first thing to settle is since when, for whom, and what changed just \
             before; whoever is on call takes it from there."
        }
        Kind::Other => {
            "Thanks for your message. To help you, we need to know a little more: what did you want to do, \
             what happened, and what did you expect instead?"
        }
    }
}

/// Somebody else's words in one line that can do no harm in Markdown: nobody is mentioned, nothing is
/// linked or shown as an image, no markup is opened.
fn quotable(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_safe = |c: &char| !matches!(c, '@' | '`' | '<' | '>' | '[' | ']' | '*' | '|' | '#' | '!' | '_');
    let safe: String = line.chars().filter(is_safe).collect();
    safe.replace("https://", "").replace("http://", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_says_first_whose_it_is_and_how_to_get_a_real_one() {
        for text in ["Crash on start", "How do I?", "Please add", "Refund me", "It is down", "hi", ""] {
            let answer = answer(&Question::of(text));
            let first = answer.lines().next().unwrap_or_default();
            assert!(first.contains("stand-in") && first.contains("GEMINI_API_KEY"), "{answer}");
        }
    }

    #[test]
    fn quoted_words_cannot_mention_link_or_open_markup() {
        let answer = answer(&Question::of("@everyone ![x](http://evil.example/p.png) <img src=x> `rm`"));
        for forbidden in ["@", "](", "http", "<", "!["] {
            assert!(!answer.contains(forbidden), "{forbidden} in {answer}");
        }
    }
}
