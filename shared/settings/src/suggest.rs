//! The known word that a misspelt one was meant to be.

/// The known word nearest to `word`, if it is near enough to be what was meant: a third of its
/// letters may be wrong, missing or swapped.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&word, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// A suggestion for `word`: the nearest of `known`, or all of them.
pub(crate) fn suggest(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("known: {}", list(known)),
    }
}

/// `` `a`, `b` ``.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{nearest, suggest};

    #[test]
    fn swapped_missing_and_upper_case_letters_are_forgiven() {
        assert_eq!(nearest("histroy", ["history", "name"]), Some("history"));
        assert_eq!(nearest("nme", ["history", "name"]), Some("name"));
        assert_eq!(nearest("Name", ["history", "name"]), Some("name"));
    }

    #[test]
    fn a_word_like_no_other_gets_the_list() {
        assert_eq!(nearest("colour", ["history", "name"]), None);
        assert_eq!(suggest("colour", &["history", "name"]), "known: `history`, `name`");
    }

    #[test]
    fn the_nearest_of_several_wins() {
        assert_eq!(nearest("rpn", ["tpm", "rpm", "rpd"]), Some("rpm"));
    }
}
