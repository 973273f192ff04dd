//! Commands of other bots, and references that leave a trace elsewhere.
//!
//! The attacks: an issue asks the agent to write `/lgtm` or `/close`, which another bot takes from the agent's
//! account as it would from a maintainer's; or to write `victim/project#1`, so that each of its comments shows up in
//! somebody else's issue.

use super::inert::{BREAK, inert};

/// Makes lines that begin with `/word` begin with something else. A path such as `/usr/lib` is no command.
/// `begins` is whether a line begins with `text`.
pub(super) fn without_commands(text: &str, begins: bool, ticks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let indent = line.len() - line.trim_start().len();
        match command(&line[indent..]) {
            Some(word) if begins || number > 0 => {
                out.push_str(&line[..indent]);
                out.push_str(&inert(word, 0, ticks));
                out.push_str(&line[indent + word.len()..]);
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// The command that `line` begins with.
fn command(line: &str) -> Option<&str> {
    let name = line.strip_prefix('/').filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let end =
        name.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(name.len());
    let is_path = name[end..].starts_with(['/', '.', '\\', BREAK]);
    (!is_path).then(|| &line[..=end])
}

/// Makes references to threads and commits of other repositories than `own` plain text: `owner/name#7`, GitLab's
/// `owner/name!7`, `owner/name@commit`.
pub(super) fn without_foreign_references(text: &str, own: &str, ticks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, sign) in text.char_indices().filter(|(_, c)| matches!(c, '#' | '!' | '&' | '@')) {
        if at < done {
            continue;
        }
        let start = at - text[done..at].bytes().rev().take_while(|byte| is_of_name(*byte)).count();
        let end = at + 1 + target_length(sign, &text[at + 1..]);
        let repository = &text[start..at];
        let is_foreign = repository.trim_matches('/').contains('/') && !repository.eq_ignore_ascii_case(own);
        if end > at + 1 && is_foreign {
            out.push_str(&text[done..start]);
            out.push_str(&inert(&text[start..end], at - start, ticks));
            done = end;
        }
    }
    out.push_str(&text[done..]);
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
            if commit >= 7 { commit } else { 0 }
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
        assert_eq!(commands("/close."), "/close.", "a path may go on so");
        assert_eq!(without_commands("/close\n/close", false, true), "/close\n\u{200B}/close");
    }

    #[test]
    fn paths_and_fractions_are_no_commands() {
        for text in ["/usr/lib is missing", "see /close", "1\n/2", "//x", "/", "a\n/etc.d"] {
            assert_eq!(commands(text), text);
        }
        assert_eq!(commands(&commands("/close")), "`/close`");
    }

    #[test]
    fn references_to_other_repositories_are_plain_text() {
        let cleaned = |text: &str| without_foreign_references(text, "octo/repo", false);
        assert_eq!(cleaned("see victim/project#12."), "see `victim/project#12`.");
        assert_eq!(cleaned("(a/b!3, a/b&4) x/y@0123abc"), "(`a/b!3`, `a/b&4`) `x/y@0123abc`");
        for text in
            ["#7", "octo/repo#7", "Octo/Repo@0123abcdef", "GH-7", "a/b#c", "C#7", "a/b@mona", "x@0123abc"]
        {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(cleaned("octo/repo.js#7"), "`octo/repo.js#7`");
        assert_eq!(without_foreign_references("a/b#1", "", true), "a/b\u{200B}#1");
    }
}
