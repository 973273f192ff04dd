//! What somebody wants, by the words that they use: enough to sort the sample events; and one canned text for each
//! kind of message, which says that it is nobody's opinion.

use super::question::Question;

/// A kind of message: parts of the names that an intent of it may have, phrases that speak for it, and the answer.
struct Row {
    names: &'static [&'static str],
    cues: &'static str,
    text: &'static str,
}

static TABLE: &[Row] = &[
    Row {
        names: &["refund", "billing", "payment", "charge", "invoice"],
        cues: "refund|money back|charged twice|double charge|overcharged|invoice|billed|charge|payment|dispute",
        text: "We are sorry about the trouble with this payment. A person checks the charge before any money \
               moves, and answers here. Please do not post card numbers.",
    },
    Row {
        names: &["incident", "outage", "alert"],
        cues: "outage|is down|unavailable|incident|on fire|above|error rate|everybody",
        text: "Thanks for telling us. The first thing to settle is since when, for whom, and what changed just \
               before; whoever is on call takes it from there.",
    },
    Row {
        names: &["bug", "defect", "error", "crash", "problem", "regression"],
        cues: "bug|crash|panic|error|exception|fails|failed|failing|broken|stopped working|not work|regression|\
               wrong|drops|loses|missing|incorrect|unexpected|no longer|to reproduce|what happened|\
               see the same|doesn't|cannot connect|hangs|500|stops|ends after|expected|worked|exceeded|same here",
        text: "Thanks for the report, and sorry for the trouble. To find the cause, please add:\n\n\
               1. the exact version you run, and on which system;\n\
               2. the complete output or stack trace, as text;\n\
               3. the smallest set of steps that shows it from a fresh start.",
    },
    Row {
        names: &["feature", "enhanc", "idea", "suggest", "wish"],
        cues: "please add|feature|would be nice|would be great|could you add|add support|support for|i wish|\
               suggestion|proposal|option to|ability to|allow ",
        text: "Thanks for the suggestion. To weigh it we need to know a little more:\n\n\
               - what are you trying to get done, and what do you do today instead?\n\
               - how often does it come up?",
    },
    Row {
        names: &["question", "how_to", "howto", "usage"],
        cues: "how do|how can i|can i|how to|how does|is it possible|is there a|what is|where can i|which |why does|\
               question|wondering|?",
        text: "Thanks for asking. Start from the defaults, change only the setting in question, and check the \
               effect before you go on. If that does not do what you want, tell us what you tried and what you \
               saw instead.",
    },
];

const SPAM: &str = "casino|crypto giveaway|free crypto|click here to win|click here now|you have won|free money|\
                    make money fast|buy followers|viagra|online betting|payday loan|seo services|backlinks|\
                    limited time offer|double your";

/// The names of intents that fit when nothing else does, best first.
const FALLBACK: &[&str] = &["other", "unknown", "general", "none", "default", "question"];

pub(super) fn is_spam(question: &Question) -> bool {
    SPAM.split('|').any(|phrase| question.has(phrase))
}

/// The place of the word that fits a text best, which is that of the kind which most speaks for; and how
/// sure that is, from 0 to 1. None only if there is no word.
pub(super) fn choose(words: &[&str], question: &Question) -> Option<(usize, f64)> {
    let ranked = ranked(question);
    let fitting = ranked.iter().enumerate().find_map(|(place, (score, row))| {
        let is_of_kind = |word: &&str| row.names.iter().any(|name| word.to_lowercase().contains(name));
        words.iter().position(is_of_kind).map(|index| (place, *score, index))
    });
    let Some((place, score, index)) = fitting else {
        let index = FALLBACK.iter().find_map(|name| words.iter().position(|word| word == name));
        return (!words.is_empty()).then_some((index.unwrap_or(0), 0.42));
    };
    let others = ranked.iter().enumerate().filter(|(other, _)| *other != place);
    let next = others.map(|(_, (score, _))| *score).max().unwrap_or(0);
    let confidence = match score.saturating_sub(next) {
        0 => 0.71,
        1 => 0.86,
        _ => 0.93,
    };
    Some((index, confidence))
}

/// The kinds that anything speaks for, the likeliest first. A phrase in the title counts twice.
fn ranked(question: &Question) -> Vec<(usize, &'static Row)> {
    let score = |row: &Row| -> usize {
        let cues = row.cues.split('|').filter(|cue| question.has(cue));
        cues.map(|cue| 1 + usize::from(question.title_has(cue))).sum()
    };
    let mut ranked: Vec<_> = TABLE.iter().map(|row| (score(row), row)).filter(|(n, _)| *n > 0).collect();
    ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    ranked
}

/// The answer to what is of no kind.
const OTHER: &str = "Thanks for your message. To help you, we need to know a little more: what did you want to do, \
                     what happened, and what did you expect instead?";

/// The first line of every text.
const NOTICE: &str =
    "_Canned text of the local stand-in for Gemini. Set GEMINI_API_KEY to get a real answer._";

/// The answer to a question.
pub(super) fn answer(question: &Question) -> String {
    let title = quotable(&question.title);
    let quoted = if title.is_empty() { String::new() } else { format!("> {title}\n\n") };
    let text = ranked(question).first().map_or(OTHER, |(_, row)| row.text);
    format!("{NOTICE}\n\n{quoted}{text}")
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

    const INTENTS: &[&str] =
        &["bug_report", "feature_request", "question", "refund_request", "incident", "other"];

    fn chosen(text: &str) -> (&'static str, f64) {
        let (index, confidence) = choose(INTENTS, &Question::of(text)).unwrap();
        (INTENTS[index], confidence)
    }

    #[test]
    fn vague_texts_get_little_confidence() {
        for text in ["hi", "", "Something about things", "asdf qwer"] {
            assert_eq!(chosen(text), ("other", 0.42), "{text}");
        }
        assert_eq!(choose(&["low", "high"], &Question::of("hi")).unwrap().0, 0);
        assert_eq!(choose(&[], &Question::of("hi")), None);
    }

    #[test]
    fn the_sample_events_are_sorted() {
        macro_rules! sample {
            ($file:literal, $($text:literal),+) => {{
                let body: serde_json::Value =
                    serde_json::from_str(include_str!(concat!("../../../events/bodies/", $file))).unwrap();
                [$(body.pointer($text).unwrap().as_str().unwrap()),+].join("\n")
            }};
        }
        for (text, wanted) in [
            (sample!("github/issues.opened.json", "/issue/title", "/issue/body"), "bug_report"),
            (sample!("jira/issue.created.json", "/issue/fields/summary"), "bug_report"),
            (sample!("slack/message.im.json", "/event/text"), "question"),
            (
                sample!("zendesk/ticket.created.json", "/detail/subject", "/detail/description"),
                "refund_request",
            ),
            (sample!("pagerduty/incident.triggered.json", "/event/data/title"), "incident"),
        ] {
            let (intent, confidence) = chosen(&text);
            assert!(intent == wanted && confidence >= 0.8, "{text}: {intent} {confidence}");
        }
    }

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
