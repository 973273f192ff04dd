//! What a field is probably meant to hold, judged by its name, and where the text says so.

use super::answers;
use super::facts::Facts;
use super::intent;

/// A text for the field `name`; none when the prompt holds nothing that fits.
pub(super) fn string(name: &str, facts: &Facts, position: usize) -> Option<String> {
    let name = name.to_lowercase();
    let is = |words: &[&str]| {
        words.iter().any(|word| name.split(|c: char| !c.is_alphanumeric()).any(|n| n == *word))
    };
    let contains = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let text = if is(&["title", "subject", "headline"]) {
        facts.title.clone()
    } else if contains(&["summary", "description", "gist", "problem"]) {
        facts.sentence.clone()
    } else if contains(&["reason", "rationale", "explanation", "justification", "thinking"]) {
        reason(facts)
    } else if contains(&["reply", "answer", "response", "draft", "markdown"])
        || is(&["text", "body", "comment", "message", "content"])
    {
        answers::compose(facts)
    } else if contains(&["email"]) {
        token(facts, |t| t.contains('@') && t.contains('.') && !t.starts_with('@'))?
    } else if contains(&["url", "link"]) || is(&["uri"]) {
        token(facts, |t| t.starts_with("http://") || t.starts_with("https://"))?
    } else if contains(&["version", "release"]) {
        token(facts, is_version)?
    } else if contains(&["language", "locale"]) {
        "en".to_owned()
    } else if contains(&["currency"]) {
        currency(facts).to_owned()
    } else if contains(&["sentiment", "tone"]) {
        "neutral".to_owned()
    } else if contains(&["city", "place", "location", "country", "town"]) {
        proper_noun(facts)?
    } else if contains(&["error"]) {
        error_line(facts)?
    } else if is(&["name", "item", "product", "fruit", "label"]) {
        facts.counted.get(position).map(|(_, noun)| noun.clone()).or_else(|| proper_noun(facts))?
    } else if contains(&["tag", "keyword", "topic", "label"]) {
        facts.keywords().get(position)?.clone()
    } else if is(&["id", "number", "order", "ref", "reference", "code", "key"]) {
        identifier(facts)?
    } else if contains(&["query", "question", "search"]) {
        facts.title.clone()
    } else {
        return None;
    };
    (!text.is_empty()).then_some(text)
}

/// A number for the field `name`.
pub(super) fn number(name: &str, facts: &Facts, position: usize) -> Option<f64> {
    let name = name.to_lowercase();
    let contains = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if contains(&["count", "quantity", "amount_of", "how_many"]) {
        return facts.counted.get(position).map(|(number, _)| *number).or_else(|| first_number(facts));
    }
    if contains(&["amount", "price", "cost", "total", "sum"]) {
        let amount = token(facts, |t| t.starts_with(['$', '€', '£']) && t.len() > 1)?;
        return amount.trim_start_matches(['$', '€', '£']).replace(',', "").parse().ok();
    }
    if contains(&["number", "order", "id", "line", "port", "code", "year", "days", "age"]) {
        return first_number(facts);
    }
    None
}

/// Whether the statement that `name` makes is true of the text.
pub(super) fn boolean(name: &str, facts: &Facts) -> bool {
    let name = name.to_lowercase();
    let contains = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if contains(&["spam", "advert", "abus"]) {
        return intent::is_spam(facts);
    }
    let cues: &[&str] = if contains(&["urgent", "critical", "escalat"]) {
        &["urgent", "asap", "immediately", "outage", "data loss", "production is down"]
    } else if contains(&["question"]) {
        &["?"]
    } else if contains(&["reproduc"]) {
        &["steps to reproduce", "to reproduce", "repro"]
    } else if contains(&["bug"]) {
        &["crash", "error", "fails", "broken", "bug"]
    } else if contains(&["refund"]) {
        &["refund", "money back"]
    } else {
        &[]
    };
    cues.iter().any(|cue| facts.has(cue))
}

/// The line of a text that looks like the message of a program.
pub(super) fn error_line(facts: &Facts) -> Option<String> {
    let looks = |line: &&str| {
        let line = line.to_lowercase();
        ["error:", "error[", "exception:", "panicked at", "fatal:", "traceback", "segfault"]
            .iter()
            .any(|mark| line.contains(mark))
    };
    let line = facts.text.lines().map(str::trim).find(looks)?;
    Some(domain::clip(line.trim_matches('`'), 160).to_owned())
}

/// The first version number of a text.
pub(super) fn version(facts: &Facts) -> Option<String> {
    token(facts, is_version)
}

fn is_version(token: &str) -> bool {
    let digits = token.strip_prefix('v').unwrap_or(token);
    let mut parts = digits.split('.');
    parts.clone().count() >= 2
        && parts.all(|part| part.starts_with(|c: char| c.is_ascii_digit()) && part.len() < 12)
}

fn reason(facts: &Facts) -> String {
    match intent::kind(facts) {
        intent::Kind::Other => format!("The text “{}” does not say clearly what is wanted.", facts.title),
        kind => format!("“{}” reads like {}.", facts.title, kind.as_words()),
    }
}

/// The first word, without punctuation around it, of which `fits` is true.
fn token(facts: &Facts, fits: impl Fn(&str) -> bool) -> Option<String> {
    let trim: &[char] = &['.', ',', ';', ':', '!', '?', '(', ')', '[', ']', '<', '>', '"', '\'', '`', '*'];
    facts
        .text
        .split_whitespace()
        .map(|word| word.trim_matches(trim))
        .find(|w| !w.is_empty() && fits(w))
        .map(str::to_owned)
}

fn first_number(facts: &Facts) -> Option<f64> {
    let word = token(facts, |t| t.trim_start_matches('#').parse::<f64>().is_ok_and(f64::is_finite))?;
    word.trim_start_matches('#').parse().ok()
}

/// The first word that looks like the number of an order, a ticket or the like.
fn identifier(facts: &Facts) -> Option<String> {
    token(facts, |t| {
        let named = t.starts_with(|c: char| c.is_alphanumeric() || c == '#');
        named && (3..=64).contains(&t.len()) && t.chars().any(|c| c.is_ascii_digit()) && !is_version(t)
    })
}

fn currency(facts: &Facts) -> &'static str {
    if facts.text.contains('€') || facts.has("eur") {
        "EUR"
    } else if facts.text.contains('£') || facts.has("gbp") {
        "GBP"
    } else {
        "USD"
    }
}

/// A capitalised word inside of a sentence, best one behind a preposition.
fn proper_noun(facts: &Facts) -> Option<String> {
    let words: Vec<&str> = facts.text.split_whitespace().collect();
    let name = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        (word.starts_with(char::is_uppercase) && word.len() > 1).then(|| word.to_owned())
    };
    let behind = words.windows(2).find_map(|pair| {
        let preposition =
            ["in", "at", "for", "from", "to", "near"].contains(&pair[0].to_lowercase().as_str());
        preposition.then(|| name(pair[1])).flatten()
    });
    behind.or_else(|| words.iter().skip(1).find_map(|word| name(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_from_the_text() {
        let facts =
            Facts::of("Refund order A-1042\nI paid $12.50 in Paris with v2.3.1, mail me@example.org.");
        let guess = |name| string(name, &facts, 0).unwrap_or_default();
        assert_eq!(guess("title"), "Refund order A-1042");
        assert_eq!(guess("order_id"), "A-1042");
        assert_eq!(guess("city"), "Paris");
        assert_eq!(guess("app_version"), "v2.3.1");
        assert_eq!(guess("contact_email"), "me@example.org");
        assert_eq!(number("amount", &facts, 0), Some(12.5));
        assert_eq!(string("favourite_colour", &facts, 0), None);
        assert!(boolean("needs_refund", &facts));
        assert!(!boolean("spam", &facts));
    }
}
