//! [`mentions`]: whether somebody is spoken to, as GitHub understands it.

/// Whether `text`, which is Markdown, mentions the account `login`: `@` and the login as a whole word,
/// case-insensitive.
///
/// What is quoted, shown as code or hidden in a comment is not said by the author and does not count: templates of
/// issues have mentions in comments. An app's `[bot]` is no part of its mention.
///
/// ```
/// assert!(webhook::mentions("Hi @Afterhook, any idea?", "afterhook[bot]"));
/// assert!(!webhook::mentions("> Hi @afterhook\n\nThat was last year.", "afterhook"));
/// assert!(!webhook::mentions("<!-- @afterhook reads this -->", "afterhook"));
/// ```
#[must_use]
pub fn mentions(text: &str, login: &str) -> bool {
    let login = login.strip_suffix("[bot]").unwrap_or(login);
    if login.is_empty() {
        return false;
    }
    let bytes = text.as_bytes();
    let is_named = |at: &usize| {
        let (before, marks) = without_emphasis(&bytes[..*at]);
        begins_word(before) && names(&bytes[at + 1..], login, marks)
    };
    let mut named = text.match_indices('@').map(|(at, _)| at).filter(is_named).peekable();
    // Most texts name nobody, and need not be parsed.
    named.peek().is_some() && {
        let unsaid = markdown::unsaid(text);
        named.any(|at| !unsaid.contains(at))
    }
}

/// What stands before marks of emphasis, and how many these are: `_@login_`.
fn without_emphasis(before: &[u8]) -> (&[u8], usize) {
    let marks = underscores(before.iter().rev());
    (&before[..before.len() - marks], marks)
}

fn underscores<'b>(bytes: impl Iterator<Item = &'b u8>) -> usize {
    bytes.take_while(|byte| **byte == b'_').count()
}

/// Not within an e-mail address or a path.
fn begins_word(before: &[u8]) -> bool {
    before.last().is_none_or(|byte| !is_word(*byte) && *byte != b'/')
}

/// Whether `after` begins with the whole of `login`: not with a longer login (`-`), a team (`/`) or
/// a host name (`.` and more). As many underscores as the `marks` before it end an emphasis.
fn names(after: &[u8], login: &str, marks: usize) -> bool {
    let Some((name, rest)) = after.split_at_checked(login.len()) else { return false };
    let rest = if underscores(rest.iter()) == marks { &rest[marks..] } else { rest };
    let dots = rest.iter().take_while(|byte| **byte == b'.').count();
    let ends = match (rest.first(), rest.get(dots)) {
        (Some(b'-' | b'/'), _) => false,
        (_, next) => next.is_none_or(|byte| !is_word(*byte)),
    };
    ends && name.eq_ignore_ascii_case(login.as_bytes())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mentioned(text: &str) -> bool {
        mentions(text, "afterhook")
    }

    #[test]
    fn a_whole_word_in_any_case_is_a_mention() {
        for text in [
            "@afterhook",
            "hello @AfterHook!",
            "(@afterhook)",
            "ping @afterhook.",
            "@afterhook...",
            "@afterhook's idea",
            "cc @afterhook, @mona",
            "first line\n- @afterhook please",
            "@afterhook[bot] help",
            "さん@afterhookさん",
            "@afterhookx @afterhook",
            "_@afterhook_",
            "__@afterhook__, please",
            "_@afterhook please_",
        ] {
            assert!(mentioned(text), "{text}");
        }
    }

    #[test]
    fn part_of_a_longer_word_is_no_mention() {
        for text in [
            "",
            "afterhook",
            "@ afterhook",
            "mona@afterhook",
            "mona@afterhook.example",
            "@afterhook.example",
            "@afterhooks",
            "@afterhook-dev",
            "@afterhook_",
            "@afterhook/team",
            "mona_@afterhook",
            "_@afterhook_x",
            "_@afterhook__",
            "https://example.org/@afterhook",
            "@afterhoo",
        ] {
            assert!(!mentioned(text), "{text}");
        }
    }

    #[test]
    fn quotes_are_not_said_by_their_author() {
        assert!(!mentioned("> @afterhook what now?\n\nNo idea."));
        assert!(!mentioned("  > @afterhook"));
        assert!(mentioned("> what now?\n\n@afterhook, tell us"));
    }

    #[test]
    fn code_is_not_said() {
        assert!(!mentioned("```\n@afterhook\n```"));
        assert!(!mentioned("~~~text\n@afterhook\n```\n@afterhook\n~~~"));
        assert!(!mentioned("````\n```\n@afterhook\n```\n````"));
        assert!(!mentioned("```\nnever closed @afterhook"));
        assert!(!mentioned("```\n> quoted\n```x\n@afterhook\n```"));
        assert!(!mentioned("use `@afterhook` or ``a ` @afterhook``"));
        assert!(mentioned("```\ncode\n```\n@afterhook"));
        assert!(mentioned("```x``` @afterhook"));
        assert!(mentioned("a lone ` @afterhook"));
    }

    #[test]
    fn comments_and_markup_that_shows_code_say_nothing() {
        for text in [
            "<!-- @afterhook looks at every report -->\n\nIt crashes.",
            "a <!-- cc\n@afterhook --> b",
            "<!--\n\n@afterhook\n\n-->",
            "<pre>\n@afterhook\n</pre>",
            "see <code>@afterhook</code>",
            "<blockquote>@afterhook said so</blockquote>",
            "Log:\n\n    @afterhook\n",
            "a span `over\n@afterhook lines`",
            "<a title=\"@afterhook\">x</a>",
            "- > @afterhook",
            "> a\nlazy @afterhook",
        ] {
            assert!(!mentioned(text), "{text}");
        }
        for text in [
            "<!-- template -->\n@afterhook",
            "<details>\n\n@afterhook\n\n</details>",
            "<b>@afterhook</b>",
            "`<!--` @afterhook `-->`",
            "1. a\n\n   @afterhook",
            "a\n    @afterhook continues the paragraph",
        ] {
            assert!(mentioned(text), "{text}");
        }
    }

    #[test]
    fn nobody_is_mentioned_by_an_empty_login() {
        assert!(!mentions("@", ""));
        assert!(!mentions("@ @[bot]", "[bot]"));
    }

    #[test]
    fn hostile_ticks_cost_linear_time() {
        let runs: String = (1..1500).map(|length| "`".repeat(length) + "a").collect();
        assert!(mentioned(&format!("{runs} @afterhook")));
    }

    #[test]
    fn hostile_markup_costs_linear_time() {
        for part in ["<!---->", "<code>", "</pre>", "<!", "[](", "> ", "`", "<a b='", "![", "*_"] {
            let text = format!("@afterhook {}", part.repeat(200_000 / part.len()));
            let _ = mentioned(&text);
        }
    }

    /// Words on lines that are not indented: four spaces begin code.
    const PROSE: &str = "([a-z.,]{1,8}[ \n]){0,8}";

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text in "[@`~> .\\n[:alpha:]é]{0,60}", login in "[a-zé\\[\\]]{0,8}") {
            let _ = mentions(&text, &login);
        }

        #[test]
        fn a_mention_among_prose_is_found(before in PROSE, after in PROSE) {
            let text = format!("{before} @afterhook {after}");
            prop_assert!(mentioned(&text));
        }
    }
}
