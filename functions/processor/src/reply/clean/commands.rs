//! Commands of other bots, and references that leave a trace elsewhere.
//!
//! The attacks: an issue asks the agent to write `/lgtm` or `/close`, which another bot takes from the agent's
//! account as it would from a maintainer's; or to write `victim/project#1`, so that each of its comments shows up in
//! somebody else's issue.

use domain::clip;

use super::inert::{BREAK, inert};

/// What ends a line for somebody: Unicode's mandatory breaks (UAX #14).
const BREAKS: [char; 7] = ['\n', '\r', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'];
/// The slash, and what is normalised to it or looks like it.
const SLASHES: [char; 4] = ['/', '\u{FF0F}', '\u{2044}', '\u{2215}'];

/// Makes lines that begin with `/word` begin with something else. Bots differ in what may stand before and behind the
/// word (`^/close\s*$` of Prow and GitLab, `^/(\w+)\b` of others, for which `/close.` and `/usr/lib` are commands as
/// well): so it is made code whatever it is, which shows a path as it was. `begins` is whether a line begins with `text`.
pub(super) fn without_commands(text: &str, begins: bool, ticks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive(BREAKS).enumerate() {
        let said = after_marks(line);
        let marks = &line[..line.len() - said.len()];
        // Not within `10/second` or `#/definitions/a`.
        let is_apart = marks.chars().next_back().is_none_or(|c| c.is_whitespace() || ">*_~[|".contains(c));
        match command(said).filter(|_| is_apart && (begins || number > 0)) {
            Some(word) => {
                out.push_str(marks);
                out.push_str(&inert(word, 0, ticks));
                out.push_str(&said[word.len()..]);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Whether what comes behind `before` may begin a line, as it is written or as it is shown.
pub(super) fn begins_line(before: &str) -> bool {
    before.rsplit(BREAKS).next().is_none_or(|line| after_marks(line).is_empty())
}

/// What stands in `line` behind all that shows as a mark: of a list or its box, a quote, a heading, a table or emphasis.
fn after_marks(line: &str) -> &str {
    let said = line.trim_start_matches(is_marker);
    let is_in_box = line[..line.len() - said.len()].ends_with('[');
    match said.strip_prefix(['x', 'X']).filter(|rest| is_in_box && rest.starts_with(']')) {
        Some(rest) => rest.trim_start_matches(is_marker),
        None => said,
    }
}

fn is_marker(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_digit() || ">-*+#_~|[].)".contains(c)
}

/// The command that `line` begins with, and all that is written together with it.
fn command(line: &str) -> Option<&str> {
    let name = line.strip_prefix(SLASHES)?.trim_start_matches(' ');
    name.starts_with(char::is_alphabetic).then_some(())?;
    let end = name.find(|c: char| c.is_whitespace() || "`<>[](){}|\"'*\\".contains(c)).unwrap_or(name.len());
    let word = name[..end].trim_end_matches(|c: char| c.is_ascii_punctuation());
    Some(&line[..line.len() - name.len() + word.len()])
}

/// Makes references to threads and commits of other repositories than `own` plain text: `owner/name#7`, GitLab's
/// `owner/name!7`, `owner/name@commit`. Where there is one of our own, the forge completes shorter names, too: GitLab's
/// `name#7`, `group&7` and `[work_item:group/name/7]`, GitHub's `owner#7` and `owner@commit`.
pub(super) fn without_foreign_references(text: &str, own: &str, ticks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, sign) in text.char_indices().filter(|(_, c)| matches!(c, '#' | '!' | '&' | '@')) {
        if at < done {
            continue;
        }
        let start = at - text[done..at].bytes().rev().take_while(|byte| is_of_name(*byte)).count();
        let end = at + 1 + target_length(sign, &text[at + 1..]);
        let is_whole = !text[end..].starts_with(|c: char| c.is_alphanumeric());
        if end > at + 1 && is_whole && is_foreign(&text[start..at], sign, own) {
            out.push_str(&text[done..start]);
            out.push_str(&inert(&text[start..end], at - start, ticks));
            done = end;
        }
    }
    out.push_str(&text[done..]);
    without_named_references(&out)
}

/// Whether a forge takes `repository`, before the `sign` of a number or a commit, for another one than `own`.
fn is_foreign(repository: &str, sign: char, own: &str) -> bool {
    if repository.trim_matches('/').contains('/') {
        return !repository.eq_ignore_ascii_case(own);
    }
    let is_name =
        (repository.len() > 1 || sign == '@') && repository.contains(|c: char| c.is_ascii_alphabetic());
    let is_own = own.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case(repository));
    // `C#7` is a language, and `GH-7` a thread of our own.
    is_name && !own.is_empty() && !is_own
}

/// Bytes of a reference that is looked for: GitLab's paths have 255, and a text of brackets costs no more than its length.
const MAX_NAMED: usize = 320;

/// Breaks GitLab's `[issue:group/name/7]`, which names the kind of thing.
fn without_named_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        let inside = (c == '[').then(|| clip(&text[at + 1..], MAX_NAMED).split_once(']')).flatten();
        let named = inside.and_then(|(inside, _)| inside.split_once(':')).is_some_and(|(kind, place)| {
            let is_kind =
                !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            is_kind && place.contains('/') && place.bytes().all(is_of_name)
        });
        if named {
            out.push(BREAK);
        }
    }
    out
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/')
}

/// How long the number or the commit behind `sign` is; 0 if there is none.
fn target_length(sign: char, behind: &str) -> usize {
    let run = |counts: fn(&u8) -> bool| behind.bytes().take_while(&counts).count();
    match sign {
        '@' => {
            let commit = run(u8::is_ascii_hexdigit);
            let is_address = behind[commit..]
                .strip_prefix('.')
                .is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
            if commit >= 7 && !is_address { commit } else { 0 }
        }
        _ => run(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> String {
        without_commands(text, true, false)
    }

    #[test]
    fn a_line_that_begins_with_a_command_begins_with_code() {
        assert_eq!(commands("/close"), "`/close`");
        assert_eq!(commands("Done.\n/lgtm\n  /assign @mona"), "Done.\n`/lgtm`\n  `/assign` @mona");
        assert_eq!(commands("/test all\r\n/retest-required"), "`/test` all\r\n`/retest-required`");
        assert_eq!(without_commands("/close\n/close", false, true), "/close\n\u{200B}/close");
    }

    #[test]
    fn whatever_some_bot_takes_for_a_command_is_one() {
        for (text, expected) in [
            ("/close.", "`/close`."),
            ("/close: done", "`/close`: done"),
            ("/CLOSE!", "`/CLOSE`!"),
            ("/\u{E9}t\u{E9}", "`/\u{E9}t\u{E9}`"),
            ("/ close", "`/ close`"),
            ("\u{FF0F}close", "`\u{FF0F}close`"),
            ("- /close", "- `/close`"),
            ("1. /close\n2) /lgtm", "1. `/close`\n2) `/lgtm`"),
            ("- [x] /close", "- [x] `/close`"),
            ("> /close", "> `/close`"),
            ("# **/close**", "# **`/close`**"),
            ("| /close | b |", "| `/close` | b |"),
            ("a\u{2028}/close\u{2029}/lgtm\u{85}/x", "a\u{2028}`/close`\u{2029}`/lgtm`\u{85}`/x`"),
            ("a\r/close\r\n\u{A0}/lgtm", "a\r`/close`\r\n\u{A0}`/lgtm`"),
        ] {
            assert_eq!(commands(text), expected);
            assert_eq!(commands(expected), expected, "once is enough");
        }
    }

    #[test]
    fn a_path_at_the_beginning_of_a_line_stays_legible() {
        assert_eq!(commands("/usr/lib/x.so is missing"), "`/usr/lib/x.so` is missing");
        assert_eq!(commands("a\n/etc.d, too"), "a\n`/etc.d`, too");
    }

    #[test]
    fn slashes_elsewhere_are_no_commands() {
        for text in
            ["see /close", "1\n/2", "//x", "/", "a / b", "and/or", "10/second", "#/definitions/a", "x/y"]
        {
            assert_eq!(commands(text), text);
        }
    }

    #[test]
    fn marks_alone_leave_the_beginning_of_a_line() {
        for before in ["", "a\n", "- ", "> 1. **", "a\u{2028} "] {
            assert!(begins_line(before), "{before}");
        }
        for before in ["a", "- a ", "\n1: "] {
            assert!(!begins_line(before), "{before}");
        }
    }

    #[test]
    fn references_to_other_repositories_are_plain_text() {
        let cleaned = |text: &str| without_foreign_references(text, "octo/repo", false);
        assert_eq!(cleaned("see victim/project#12."), "see `victim/project#12`.");
        assert_eq!(cleaned("(a/b!3, a/b&4) x/y@0123abc"), "(`a/b!3`, `a/b&4`) `x/y@0123abc`");
        for text in [
            "#7",
            "octo/repo#7",
            "Octo/Repo@0123abcdef",
            "GH-7",
            "a/b#c",
            "C#7",
            "a/b@mona",
            "repo!7",
            "kim@deadbeef.org",
        ] {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(
            cleaned("x@0123abc, otherproj#12 (otherproj!3)"),
            "`x@0123abc`, `otherproj#12` (`otherproj!3`)"
        );
        assert_eq!(cleaned("in grp&7, user#1."), "in `grp&7`, `user#1`.");
        assert_eq!(cleaned("[work_item:a/b/7] [x]: a/b"), "[\u{200B}work_item:a/b/7] [x]: a/b");
        assert_eq!(
            without_foreign_references("ticket#7", "", false),
            "ticket#7",
            "no forge would complete it"
        );
        assert_eq!(cleaned("octo/repo.js#7"), "`octo/repo.js#7`");
        assert_eq!(without_foreign_references("a/b#1", "", true), "a/b\u{200B}#1");
    }
}
