//! What somebody wants: families of cues in the text, matched with the words a schema offers.

use super::cues::{FALLBACK, FAMILIES, Family, OTHER_WORDS, SPAM};
use super::facts::Facts;
use super::reading::stems;

pub(super) use super::cues::Kind;

/// A choice among several words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    /// Which one.
    pub(super) index: usize,
    /// How sure, from 0 to 1.
    pub(super) confidence: f64,
}

/// Whether a text is advertising that nobody asked for.
pub(super) fn is_spam(facts: &Facts) -> bool {
    SPAM.iter().any(|phrase| facts.has(phrase))
}

/// The kind of message a text is.
pub(super) fn kind(facts: &Facts) -> Kind {
    let best = FAMILIES.iter().map(|f| (weight(f, facts), f.kind)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(weight, _)| *weight >= 0.8).map_or(Kind::Other, |(_, kind)| kind)
}

/// The word that fits a text best. `explained` gives what the schema says about each word, if it says
/// something; the instructions are searched otherwise. None only if there is no word to choose.
pub(super) fn choose(values: &[&str], explained: &[Option<&str>], facts: &Facts) -> Option<Choice> {
    let scores: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let said = explained.get(index).copied().flatten().or_else(|| facts.explanation(value));
            score(value, said, facts)
        })
        .collect();
    let best = scores.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1))?;
    let (index, top) = (best.0, *best.1);
    if top < 0.5 {
        return Some(Choice { index: fallback(values), confidence: 0.42 });
    }
    let second = scores.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, s)| *s).fold(0.0, f64::max);
    Some(Choice { index, confidence: confidence(top, top - second, facts) })
}

fn fallback(values: &[&str]) -> usize {
    let known = FALLBACK.iter().find_map(|word| values.iter().position(|v| v.to_lowercase() == *word));
    known.unwrap_or(0)
}

fn confidence(top: f64, margin: f64, facts: &Facts) -> f64 {
    let sure: f64 = match (top, margin) {
        (t, m) if t >= 2.5 && m >= 1.0 => 0.93 + (top - 2.5).min(4.0) / 100.0,
        (t, m) if t >= 1.5 && m >= 0.5 => 0.86,
        (t, m) if t >= 1.0 && m >= 0.3 => 0.71,
        _ => 0.55,
    };
    let vague = stems(&facts.text).len() < 2;
    let sure = if vague { sure.min(0.5) } else { sure };
    (sure * 100.0).round() / 100.0
}

fn score(value: &str, said: Option<&str>, facts: &Facts) -> f64 {
    let name = value.to_lowercase();
    let families = FAMILIES.iter().filter(|f| f.names.iter().any(|n| name.contains(n)));
    let mut score = families.map(|f| weight(f, facts)).fold(0.0, f64::max);
    let others = OTHER_WORDS.iter().filter(|(names, _)| names.iter().any(|n| name.contains(n)));
    score += others.filter(|(_, cues)| cues.iter().any(|cue| facts.has(cue))).count() as f64 * 4.0;
    let own: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2).collect();
    score += own.iter().filter(|word| facts.has_word(word)).count().min(2) as f64;
    let hints = said.map(stems).unwrap_or_default();
    score + hints.iter().filter(|hint| facts.has_stem(hint)).count().min(4) as f64 * 0.5
}

/// How strongly a text speaks for a family; the title counts half as much again.
fn weight(family: &Family, facts: &Facts) -> f64 {
    let cues = family.cues.iter().filter(|(cue, _)| facts.has(cue));
    let found: f64 =
        cues.map(|(cue, weight)| if facts.title_has(cue) { weight * 1.5 } else { *weight }).sum();
    found.min(6.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INTENTS: &[&str] =
        &["bug_report", "feature_request", "question", "refund_request", "spam", "other"];

    fn chosen(text: &str) -> (&'static str, f64) {
        let choice = choose(INTENTS, &[], &Facts::of(text)).unwrap();
        (INTENTS[choice.index], choice.confidence)
    }

    #[test]
    fn clear_texts_get_their_intent_with_confidence() {
        let cases = [
            ("Crash on startup\nThe app crashes with an error when I open it.", "bug_report"),
            (
                "Title: Import drops the last line\n\n### What happened\nThe list is short.\n### How to see it\nRun \
                 it on any file.\n### What I expected\nAll lines. Shall I send a patch?",
                "bug_report",
            ),
            ("How do I configure retries?\nI could not find it.", "question"),
            ("Dark mode\nPlease add a dark theme, it would be great.", "feature_request"),
            ("Charged twice\nI want my money back, please refund me.", "refund_request"),
            ("WIN BIG at our casino\nClick here to win!!!", "spam"),
        ];
        for (text, intent) in cases {
            let (found, confidence) = chosen(text);
            assert_eq!(found, intent, "{text}");
            assert!(confidence >= 0.86, "{text}: {confidence}");
        }
    }

    #[test]
    fn vague_texts_get_little_confidence() {
        for text in ["hi", "", "Something about things", "asdf qwer"] {
            assert!(chosen(text).1 < 0.6, "{text}: {:?}", chosen(text));
        }
    }

    #[test]
    fn an_explanation_decides_where_names_do_not() {
        let values = ["alpha", "beta"];
        let said = [Some("the coffee machine is empty"), Some("the printer has no paper")];
        let facts = Facts::of("Our printer on the third floor ran out of paper again.");
        let choice = choose(&values, &said, &facts).unwrap();
        assert_eq!(values[choice.index], "beta");
    }

    #[test]
    fn spam_is_recognised_and_ordinary_text_is_not() {
        assert!(is_spam(&Facts::of("Best online CASINO, free spins")));
        assert!(!is_spam(&Facts::of("The build fails on Windows")));
    }
}
