//! Slack's marks for formatting, which have no escape. Source: the behaviour of Slack's clients, where a mark
//! counts only at the edge of a word.
//!
//! While a text is put together, marks that are meant are written as stand-ins; [`finish`] turns them into Slack's,
//! with a space of no width where they would touch a word, and breaks those marks of the text itself that would
//! format it.

/// A space that takes no room. Slack takes it for the edge of a word.
const EDGE: char = '\u{200B}';

/// A mark that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Bold,
    Italic,
    Struck,
}

impl Mark {
    const ALL: [Self; 3] = [Self::Bold, Self::Italic, Self::Struck];

    fn sign(self) -> char {
        match self {
            Self::Bold => '*',
            Self::Italic => '_',
            Self::Struck => '~',
        }
    }

    /// Stands for the mark at the beginning of what it formats.
    pub(super) fn opens(self) -> char {
        match self {
            Self::Bold => '\u{E000}',
            Self::Italic => '\u{E001}',
            Self::Struck => '\u{E002}',
        }
    }

    /// Likewise at its end.
    pub(super) fn closes(self) -> char {
        match self {
            Self::Bold => '\u{E003}',
            Self::Italic => '\u{E004}',
            Self::Struck => '\u{E005}',
        }
    }

    /// Stands for its sign where Slack does not look for marks: in code and in addresses.
    fn quiet(self) -> char {
        match self {
            Self::Bold => '\u{E006}',
            Self::Italic => '\u{E007}',
            Self::Struck => '\u{E008}',
        }
    }
}

/// `text` of a draft, in which nothing is a stand-in yet.
pub(super) fn plain(text: &str) -> String {
    text.replace(|c| ('\u{E000}'..='\u{E008}').contains(&c), "\u{FFFD}")
}

/// `text`, in which Slack looks for no marks.
pub(super) fn quiet(text: &str) -> String {
    text.chars().map(|c| Mark::ALL.into_iter().find(|mark| mark.sign() == c).map_or(c, Mark::quiet)).collect()
}

/// `text` with Slack's marks in place of the stand-ins.
pub(super) fn finish(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        finish_line(line, &mut out);
    }
    out
}

/// Slack's formatting does not go over the end of a line.
fn finish_line(line: &str, out: &mut String) {
    let chars: Vec<char> = line.chars().collect();
    let last_end = |sign: char| (0..chars.len()).rev().find(|at| ends_format(&chars, *at, sign)).unwrap_or(0);
    let last_ends = Mark::ALL.map(|mark| (mark.sign(), last_end(mark.sign())));
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        if let Some(mark) = Mark::ALL.into_iter().find(|mark| mark.opens() == *c) {
            out.extend(before.filter(|c| is_inside_a_word(*c)).map(|_| EDGE));
            out.push(mark.sign());
        } else if let Some(mark) = Mark::ALL.into_iter().find(|mark| mark.closes() == *c) {
            out.push(mark.sign());
            out.extend(after.filter(|c| is_inside_a_word(*c)).map(|_| EDGE));
        } else if let Some(mark) = Mark::ALL.into_iter().find(|mark| mark.quiet() == *c) {
            out.push(mark.sign());
        } else {
            out.push(*c);
            let ends_later = last_ends.iter().any(|(sign, end)| sign == c && *end > at + 1);
            let begins =
                before.is_none_or(|c| !is_inside_a_word(c)) && after.is_some_and(|c| !c.is_whitespace());
            out.extend((ends_later && begins).then_some(EDGE));
        }
    }
}

/// Whether the character at `at` would end a format of `sign`: in the text itself or as a mark.
fn ends_format(chars: &[char], at: usize, sign: char) -> bool {
    let is_sign = chars[at] == sign
        || Mark::ALL
            .into_iter()
            .any(|mark| mark.sign() == sign && [mark.opens(), mark.closes()].contains(&chars[at]));
    let follows = at > 0 && !chars[at - 1].is_whitespace();
    is_sign && follows && chars.get(at + 1).is_none_or(|c| !is_inside_a_word(*c))
}

/// Whether Slack takes a mark beside it for a part of a word.
fn is_inside_a_word(c: char) -> bool {
    let is_stand_in = ('\u{E000}'..='\u{E008}').contains(&c);
    !(c.is_whitespace() || c.is_ascii_punctuation() || is_stand_in || c == EDGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bold(text: &str) -> String {
        format!("{}{text}{}", Mark::Bold.opens(), Mark::Bold.closes())
    }

    #[test]
    fn a_mark_beside_a_word_gets_an_edge() {
        assert_eq!(finish(&format!("a {}, b", bold("c"))), "a *c*, b");
        assert_eq!(finish(&format!("これは{}です", bold("重要"))), "これは\u{200B}*重要*\u{200B}です");
        assert_eq!(finish(&format!("un{}able", bold("believ"))), "un\u{200B}*believ*\u{200B}able");
    }

    #[test]
    fn signs_of_the_text_itself_format_nothing() {
        assert_eq!(finish("*a b* and ~c~ _d_"), "*\u{200B}a b* and ~\u{200B}c~ _\u{200B}d_");
        for text in ["snake_case_name", "2 * 3 * 4", "_private", "a* b*", "* a", "~5 and ~6"] {
            assert_eq!(finish(text), text);
        }
        assert_eq!(finish(&quiet("_a_ *b*")), "_a_ *b*", "code");
        assert_eq!(plain("a\u{E003}b"), "a\u{FFFD}b");
    }
}
