//! Wiki markup: what matters to a reader of Markdown.
//!
//! <https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>. Mentions are spelt as in
//! Markdown; code and quotes become Markdown's, since nobody is spoken to in them. All else stays as it was
//! written: a model reads it as it is.

/// `text` as Markdown, as far as it must be.
pub(super) fn markdown(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut block = Block::Prose;
    for line in text.lines() {
        block = block.line(line, &mut read);
    }
    read.truncate(read.trim_end_matches('\n').len());
    read
}

/// What the lines belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Prose,
    /// `{code}` or `{noformat}`, by what ends it.
    Code(&'static str),
    /// `{quote}`.
    Quote,
}

impl Block {
    /// Writes `line`, and returns what the next one belongs to.
    fn line(self, line: &str, into: &mut String) -> Self {
        let trimmed = line.trim();
        match self {
            Self::Code(end) if trimmed.ends_with(end) => {
                push(into, "", line.trim_end().strip_suffix(end).unwrap_or_default());
                push(into, "```", "");
                Self::Prose
            }
            Self::Code(_) => {
                into.push_str(line);
                into.push('\n');
                self
            }
            Self::Quote if trimmed == "{quote}" => {
                into.push('\n');
                Self::Prose
            }
            Self::Quote => {
                into.push_str("> ");
                push_line(into, line);
                self
            }
            Self::Prose => prose(line, into),
        }
    }
}

fn prose(line: &str, into: &mut String) -> Block {
    let trimmed = line.trim();
    if let Some((end, language, rest)) = opens_code(trimmed) {
        into.push_str("```");
        into.push_str(language);
        into.push('\n');
        push(into, "", rest);
        return Block::Code(end);
    }
    if let Some(rest) = trimmed.strip_prefix("{quote}") {
        return match rest.strip_suffix("{quote}") {
            Some(quoted) if !quoted.is_empty() => {
                push(into, "> ", &spelt(quoted));
                Block::Prose
            }
            _ => {
                push(into, "> ", &spelt(rest));
                Block::Quote
            }
        };
    }
    match trimmed.strip_prefix("bq. ") {
        Some(quoted) => {
            into.push_str("> ");
            push_line(into, quoted);
            into.push('\n');
        }
        None => push_line(into, line),
    }
    Block::Prose
}

/// The end, the language and the first code of a block that `line` opens, and does not close again.
fn opens_code(line: &str) -> Option<(&'static str, &str, &str)> {
    let (end, opened) = match (line.strip_prefix("{code"), line.strip_prefix("{noformat")) {
        (Some(opened), _) => ("{code}", opened),
        (None, Some(opened)) => ("{noformat}", opened),
        (None, None) => return None,
    };
    let (options, rest) = opened.split_once('}')?;
    let options = options.strip_prefix(':').or_else(|| options.is_empty().then_some(""))?;
    let is_word =
        |option: &&str| option.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-".contains(&byte));
    let language = options.split('|').find(is_word).unwrap_or_default();
    (!rest.contains(end)).then_some((end, language, rest))
}

/// `mark` and `text` as a line, unless there is neither.
fn push(into: &mut String, mark: &str, text: &str) {
    if !(text.is_empty() && mark.trim_end() != "```") {
        into.push_str(mark);
        into.push_str(text);
        into.push('\n');
    }
}

fn push_line(into: &mut String, line: &str) {
    into.push_str(&spelt(line));
    into.push('\n');
}

/// `[~accountid:5b10…]` and `[~mona]` as `@5b10…` and `@mona`; `{{code}}` as a code span.
fn spelt(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("[~") {
        read.push_str(before);
        match opened.split_once(']') {
            Some((account, after)) if !account.contains(char::is_whitespace) => {
                read.push('@');
                read.push_str(account.strip_prefix("accountid:").unwrap_or(account));
                rest = after;
            }
            _ => {
                read.push_str("[~");
                rest = opened;
            }
        }
    }
    read += rest;
    if read.contains('`') { read } else { read.replace("{{", "`").replace("}}", "`") }
}

#[cfg(test)]
mod tests {
    use super::markdown;
    use proptest::prelude::*;

    #[test]
    fn markup_keeps_its_words_and_spells_mentions() {
        assert_eq!(
            markdown("[~accountid:5b:1] and [~mona]: [~ not one] [~"),
            "@5b:1 and @mona: [~ not one] [~"
        );
        assert_eq!(markdown("h3. Steps\n# run {{[~mona]}}"), "h3. Steps\n# run `@mona`");
    }

    #[test]
    fn code_is_fenced_and_left_as_it_is() {
        assert_eq!(
            markdown("before\n{code:title=a.rs|rust}\nlet a = [~mona];\n{code}\nafter"),
            "before\n```rust\nlet a = [~mona];\n```\nafter"
        );
        assert_eq!(markdown("{noformat}x\n  y{noformat}"), "```\nx\n  y\n```");
        assert_eq!(markdown("{code}never closed"), "```\nnever closed");
        assert_eq!(markdown("{code}x{code} inline"), "{code}x{code} inline");
        assert_eq!(markdown("{color:red}[~mona]{color}"), "{color:red}@mona{color}");
    }

    #[test]
    fn quotes_are_quotes() {
        assert_eq!(markdown("{quote}\n[~mona]\n{quote}\nyes"), "> @mona\n\nyes");
        assert_eq!(markdown("{quote}[~mona]{quote}\nyes"), "> @mona\nyes");
        assert_eq!(markdown("bq. [~mona]\nyes"), "> @mona\n\nyes");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text in "[{}a-z~:|\\[\\]\\n ]{0,60}|(\\{code\\}|\\{quote\\}|\\n|x){0,9}") {
            let _ = markdown(&text);
        }
    }
}
