//! [`mentions`]: whether somebody is spoken to, as GitHub understands it.

/// Longer runs of backticks are not taken for code spans: bounds the search for the closing run.
const MAX_TICKS: usize = 16;

/// Whether `text` mentions the account `login`: `@` and the login as a whole word, case-insensitive.
///
/// What somebody quotes is not said by them, so lines that begin with `>`, fenced code blocks and
/// code spans within a line do not count. An app's `[bot]` is no part of its mention.
///
/// ```
/// assert!(webhook::mentions("Hi @Afterhook, any idea?", "afterhook[bot]"));
/// assert!(!webhook::mentions("> Hi @afterhook\n\nThat was last year.", "afterhook"));
/// ```
#[must_use]
pub fn mentions(text: &str, login: &str) -> bool {
    let login = login.strip_suffix("[bot]").unwrap_or(login);
    let mut fence = None;
    !login.is_empty() && text.lines().any(|line| speaks(line, &mut fence) && line_mentions(line, login))
}

/// The character and length of the fence that opened a code block.
type Fence = Option<(u8, usize)>;

/// Whether `line` is the author's own prose; keeps track of fences.
fn speaks(line: &str, fence: &mut Fence) -> bool {
    let content = line.trim_start_matches(' ');
    if content.starts_with('>') && fence.is_none() {
        return false;
    }
    let mark = content.bytes().next().filter(|byte| b"`~".contains(byte));
    let length = content.bytes().take_while(|byte| Some(*byte) == mark).count();
    let rest = &content[length..];
    match *fence {
        Some((opened, at_least)) => {
            if mark == Some(opened) && length >= at_least && rest.trim().is_empty() {
                *fence = None;
            }
            false
        }
        // A line such as ```` ```x``` ```` is a code span, no fence.
        None if length >= 3 && !(mark == Some(b'`') && rest.contains('`')) => {
            *fence = mark.map(|mark| (mark, length));
            false
        }
        None => true,
    }
}

fn line_mentions(line: &str, login: &str) -> bool {
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(skipped) = bytes[at..].iter().position(|byte| b"@`".contains(byte)) {
        at += skipped;
        if bytes[at] == b'@' {
            if begins_word(&bytes[..at]) && names(&bytes[at + 1..], login) {
                return true;
            }
            at += 1;
        } else {
            at = after_code(bytes, at);
        }
    }
    false
}

/// The place after the code span that opens at `at`, or after its ticks when nothing closes it.
fn after_code(line: &[u8], at: usize) -> usize {
    let run = |from: usize| line[from..].iter().take_while(|byte| **byte == b'`').count();
    let ticks = run(at);
    let mut next = at + ticks;
    while ticks <= MAX_TICKS
        && let Some(skipped) = line[next..].iter().position(|byte| *byte == b'`')
    {
        next += skipped;
        let closing = run(next);
        next += closing;
        if closing == ticks {
            return next;
        }
    }
    at + ticks
}

/// Not within an e-mail address or a path.
fn begins_word(before: &[u8]) -> bool {
    before.last().is_none_or(|byte| !is_word(*byte) && *byte != b'/')
}

/// Whether `after` begins with the whole of `login`: not with a longer login (`-`), a team (`/`) or
/// a host name (`.` and more).
fn names(after: &[u8], login: &str) -> bool {
    let Some((name, rest)) = after.split_at_checked(login.len()) else { return false };
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
    fn nobody_is_mentioned_by_an_empty_login() {
        assert!(!mentions("@", ""));
        assert!(!mentions("@ @[bot]", "[bot]"));
    }

    #[test]
    fn hostile_ticks_cost_linear_time() {
        let runs: String = (1..1500).map(|length| "`".repeat(length) + "a").collect();
        assert!(mentioned(&format!("{runs} @afterhook")));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text in "[@`~> .\\n[:alpha:]é]{0,60}", login in "[a-zé\\[\\]]{0,8}") {
            let _ = mentions(&text, &login);
        }

        #[test]
        fn a_mention_among_prose_is_found(before in "[a-z .,\n]{0,40}", after in "[a-z .,\n]{0,40}") {
            let text = format!("{before} @afterhook {after}");
            prop_assert!(mentioned(&text));
        }
    }
}
