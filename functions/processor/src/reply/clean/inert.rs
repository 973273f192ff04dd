//! Words that would do something where the draft is published, made to do nothing and still readable.

/// A character that takes no room. It breaks what programs look for.
pub(super) const BREAK: char = '\u{200B}';

/// What stands in the place of an address that was taken out.
pub(super) const REMOVED: &str = "[link removed]";

/// `word` as code, in which services see no command, reference or address. Where a lone backtick stands
/// around, which would pair with ours, it is broken at the byte `at` instead.
pub(super) fn inert(word: &str, at: usize, ticks_around: bool) -> String {
    if ticks_around {
        let (before, behind) = word.split_at(at);
        format!("{before}{BREAK}{behind}")
    } else {
        format!("`{word}`")
    }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn a_word_is_code_unless_a_lone_backtick_is_near() {
        assert_eq!(inert("/close", 0, false), "`/close`");
        assert_eq!(inert("a/b#1", 3, true), "a/b\u{200B}#1");
    }
}
