//! What a service says, compared with what it is known to say.

/// Whether `said` is one of the `known` messages as a whole, but for case and a full stop at its end. One that ends
/// in `…` stands for all messages that begin like it.
///
/// A part of a message is never enough: `locked` stands in `Repository access blocked`, too.
#[must_use]
pub fn says(said: &str, known: &[&str]) -> bool {
    let said = plain(said);
    known.iter().any(|known| match known.strip_suffix('…') {
        Some(beginning) => said.starts_with(&plain(beginning)),
        None => said == plain(known),
    })
}

/// Whether one of `words`, in lower case, stands in `said` as a word of its own.
#[must_use]
pub fn has_word(said: &str, words: &[&str]) -> bool {
    said.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word.to_lowercase().as_str()))
}

fn plain(said: &str) -> String {
    said.trim().trim_end_matches('.').trim_end().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_as_a_whole() {
        let known = ["Issue is locked.", "Your account was suspended…"];
        for said in ["Issue is locked.", " issue is locked", "Your account was suspended. Ask support."] {
            assert!(says(said, &known), "{said}");
        }
        for said in
            ["", "blocked", "The issue is locked.", "Issue is locked by mona", "account was suspended"]
        {
            assert!(!says(said, &known), "{said}");
        }
    }

    #[test]
    fn a_word_counts_alone() {
        assert!(has_word("Locked: a Billing issue", &["billing"]));
        assert!(!has_word("rebilling", &["billing"]) && !has_word("", &["billing"]));
    }
}
