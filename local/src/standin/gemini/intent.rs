//! What somebody wants: families of cues in the text, matched with the words a schema offers.

use super::facts::{Facts, stems};

/// A choice among several words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    /// Which one.
    pub(super) index: usize,
    /// How sure, from 0 to 1.
    pub(super) confidence: f64,
}

/// Kinds of messages with their own sort of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Security,
    Refund,
    Bug,
    Feature,
    Docs,
    Question,
    Cancel,
    Account,
    Thanks,
    Other,
}

impl Kind {
    /// What a message of this kind is called in a sentence.
    pub(super) fn as_words(self) -> &'static str {
        match self {
            Self::Security => "a security report",
            Self::Refund => "a question about a payment",
            Self::Bug => "a report of something broken",
            Self::Feature => "a wish for a new feature",
            Self::Docs => "a remark on the documentation",
            Self::Question => "a question about how to use it",
            Self::Cancel => "a wish to cancel",
            Self::Account => "a question about an account",
            Self::Thanks => "thanks",
            Self::Other => "a message without a clear request",
        }
    }
}

struct Family {
    kind: Kind,
    /// Parts of words under which a schema may offer this kind.
    names: &'static [&'static str],
    /// Phrases that speak for it, and how strongly.
    cues: &'static [(&'static str, f64)],
}

static FAMILIES: &[Family] = &[
    Family {
        kind: Kind::Security,
        names: &["secur", "vulnerab"],
        cues: &[("vulnerab", 3.5), ("cve-", 3.5), ("xss", 3.0), ("sql injection", 3.0), ("exploit", 2.5)],
    },
    Family {
        kind: Kind::Refund,
        names: &["refund", "billing", "payment", "charge", "invoice"],
        cues: &[
            ("refund", 3.5),
            ("money back", 3.5),
            ("charged twice", 3.5),
            ("double charge", 3.5),
            ("overcharged", 3.0),
            ("invoice", 2.0),
            ("billed", 2.0),
            ("payment", 1.5),
            ("charge", 1.5),
        ],
    },
    Family {
        kind: Kind::Bug,
        names: &["bug", "defect", "error", "crash", "incident", "problem", "regression"],
        cues: &[
            ("crash", 3.0),
            ("panic", 3.0),
            ("stack trace", 3.0),
            ("traceback", 3.0),
            ("segfault", 3.0),
            ("bug", 2.5),
            ("regression", 2.5),
            ("exception", 2.5),
            ("error", 2.0),
            ("fails", 2.5),
            ("failed", 2.0),
            ("failing", 2.0),
            ("broken", 2.5),
            ("does not work", 2.5),
            ("doesn't work", 2.5),
            ("not working", 2.5),
            ("stopped working", 2.5),
            ("expected behav", 2.0),
            ("steps to reproduce", 2.5),
            ("hangs", 2.0),
            ("freezes", 2.0),
            ("leak", 1.5),
            ("wrong", 1.5),
            ("500", 1.0),
        ],
    },
    Family {
        kind: Kind::Feature,
        names: &["feature", "enhanc", "idea", "suggest", "improve", "wish"],
        cues: &[
            ("please add", 3.0),
            ("feature request", 3.5),
            ("would be nice", 3.0),
            ("would be great", 3.0),
            ("it would be", 1.5),
            ("could you add", 3.0),
            ("can you add", 3.0),
            ("add support", 3.0),
            ("support for", 2.0),
            ("i wish", 2.5),
            ("suggestion", 2.5),
            ("proposal", 2.0),
            ("allow ", 1.0),
            ("option to", 1.5),
            ("ability to", 2.0),
        ],
    },
    Family {
        kind: Kind::Docs,
        names: &["doc", "typo"],
        cues: &[("typo", 3.0), ("readme", 2.0), ("documentation", 2.0), ("docs", 2.0), ("broken link", 2.5)],
    },
    Family {
        kind: Kind::Question,
        names: &["question", "how_to", "howto", "usage"],
        cues: &[
            ("how do i", 3.5),
            ("how do you", 3.0),
            ("how can i", 3.5),
            ("how to", 2.5),
            ("how does", 2.5),
            ("is it possible", 2.5),
            ("is there a way", 2.5),
            ("what is", 2.0),
            ("what's the", 2.0),
            ("where can i", 2.5),
            ("which ", 0.7),
            ("why does", 1.0),
            ("can i", 1.5),
            ("question", 2.5),
            ("wondering", 2.0),
            ("?", 0.8),
        ],
    },
    Family {
        kind: Kind::Cancel,
        names: &["cancel", "unsubscribe", "churn"],
        cues: &[("cancel", 3.0), ("unsubscribe", 3.0), ("close my account", 3.0)],
    },
    Family {
        kind: Kind::Account,
        names: &["account", "login", "access", "password"],
        cues: &[("password", 2.5), ("log in", 2.0), ("login", 2.0), ("locked out", 3.0), ("2fa", 2.5)],
    },
    Family {
        kind: Kind::Thanks,
        names: &["thank", "praise", "feedback", "positive", "compliment"],
        cues: &[("thank", 2.0), ("love this", 3.0), ("great work", 3.0), ("awesome", 2.0)],
    },
];

/// Further words a schema may offer, with their cues; no kind of message of their own.
static OTHER_WORDS: &[(&[&str], &[&str])] = &[
    (&["spam", "advert"], SPAM),
    (
        &["urgent", "critical", "high", "p0", "blocker"],
        &["urgent", "asap", "immediately", "production is down", "outage", "data loss", "blocking us"],
    ),
    (
        &["negative", "angry", "frustrat"],
        &["angry", "terrible", "unacceptable", "frustrat", "worst", "disappointed"],
    ),
    (&["low", "minor", "trivial"], &["minor", "cosmetic", "not urgent", "whenever", "nitpick"]),
];

/// Phrases of unsolicited advertising.
static SPAM: &[&str] = &[
    "casino",
    "crypto giveaway",
    "free crypto",
    "bitcoin giveaway",
    "click here to win",
    "click here now",
    "you have won",
    "free money",
    "make money fast",
    "earn $",
    "buy followers",
    "cheap viagra",
    "viagra",
    "online betting",
    "betting site",
    "payday loan",
    "seo services",
    "backlinks",
    "100% guaranteed",
    "limited time offer",
    "double your",
    "hot singles",
];

/// Words that fit when nothing else does, best first.
static FALLBACK: &[&str] =
    &["other", "unknown", "unclear", "general", "none", "default", "medium", "normal", "neutral", "question"];

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

fn weight(family: &Family, facts: &Facts) -> f64 {
    let found: f64 = family.cues.iter().filter(|(cue, _)| facts.has(cue)).map(|(_, weight)| weight).sum();
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
