//! Wiki markup: what matters to a reader of Markdown.
//!
//! <https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>. Mentions are spelt as in
//! Markdown; code and quotes become Markdown's, since nobody is spoken to in them. All else stays as it was
//! written: a model reads it as it is. As in Jira, a macro may begin and end anywhere in a line, and one that is never
//! closed is none.

use markdown::{code_span, fenced};

use super::document::Document;

/// Macros whose text is not said.
const MACROS: [&str; 3] = ["code", "noformat", "quote"];
const QUOTE: &str = "quote";

/// `text` as Markdown, as far as it must be.
pub(super) fn read(text: &str) -> Document {
    let mut document = Document::default();
    write(&text.replace("\r\n", "\n"), true, &mut document);
    document.text.truncate(document.text.trim_end_matches('\n').len());
    document
}

/// Writes `text` block by block. Nobody is spoken to unless it `is_said`.
fn write(text: &str, is_said: bool, into: &mut Document) {
    // Where no end can come, none is looked for: what is left behind the last one of each macro.
    let ends = MACROS.map(|name| (name, text.rfind(&closing(name)).map(|at| text.len() - at)));
    let mut rest = text;
    while let Some((before, tag, body, after)) = next_macro(rest, &ends) {
        prose(before, is_said, into);
        let block = match tag.name {
            QUOTE => quoted(body.trim_matches('\n')),
            _ => fenced(tag.language(), body.strip_prefix('\n').unwrap_or(body)),
        };
        own_line(&mut into.text);
        into.text.push_str(&block);
        // What follows a quote directly would be part of it.
        into.text.push_str(if tag.name == QUOTE { "\n\n" } else { "\n" });
        let after = after.trim_start_matches([' ', '\t']);
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    prose(rest, is_said, into);
}

/// The beginning of a macro: `{code:title=a.rs|rust}`.
struct Tag<'t> {
    name: &'static str,
    options: &'t str,
}

impl<'t> Tag<'t> {
    /// The tag that `text` begins with, and what is behind it.
    fn of(text: &'t str) -> Option<(Self, &'t str)> {
        let opened = text.strip_prefix('{')?;
        let name = *MACROS.iter().find(|name| opened.starts_with(**name))?;
        let behind = &opened[name.len()..];
        let (options, rest) = behind.split_once('}')?;
        let options = if options.is_empty() { options } else { options.strip_prefix(':')? };
        (!options.contains(['{', '\n'])).then_some((Self { name, options }, rest))
    }

    fn language(&self) -> &'t str {
        let is_word =
            |option: &&str| option.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-".contains(&byte));
        self.options.split('|').find(is_word).unwrap_or_default()
    }
}

/// What stands before the first macro of `text`, its tag and body, and what stands behind it. `ends` says how much is left
/// where the last end of each begins.
fn next_macro<'t>(
    text: &'t str,
    ends: &[(&str, Option<usize>)],
) -> Option<(&'t str, Tag<'t>, &'t str, &'t str)> {
    let opens = text.match_indices('{').map(|(at, _)| at).filter(|at| !text[..*at].ends_with('\\'));
    let (at, tag, rest) = opens.into_iter().find_map(|at| {
        let (tag, rest) = Tag::of(&text[at..])?;
        let ends =
            ends.iter().any(|(name, left)| *name == tag.name && left.is_some_and(|left| left <= rest.len()));
        ends.then_some((at, tag, rest))
    })?;
    let (body, after) = rest.split_once(&closing(tag.name))?;
    Some((&text[..at], tag, body, after))
}

fn closing(name: &str) -> String {
    format!("{{{name}}}")
}

fn quoted(body: &str) -> String {
    let mut inner = Document::default();
    write(body, false, &mut inner);
    let lines = inner.text.trim_end_matches('\n').lines();
    lines.map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn own_line(text: &mut String) {
    text.truncate(text.trim_end_matches([' ', '\t']).len());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn prose(text: &str, is_said: bool, into: &mut Document) {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            into.text.push('\n');
        }
        match line.trim().strip_prefix("bq. ") {
            Some(quote) => {
                into.text.push_str("> ");
                spell(quote, false, into);
                into.text.push('\n');
            }
            None => spell(line, is_said, into),
        }
    }
}

/// Writes `line`: `{{code}}` as a code span.
fn spell(line: &str, is_said: bool, into: &mut Document) {
    let mut rest = line;
    while let Some((before, inside, after)) = rest
        .split_once("{{")
        .and_then(|(before, opened)| opened.split_once("}}").map(|(inside, after)| (before, inside, after)))
    {
        mentions(before, is_said, into);
        let mut code = Document::default();
        mentions(inside, false, &mut code);
        into.text.push_str(&code_span(&code.text));
        rest = after;
    }
    mentions(rest, is_said, into);
}

/// Writes `text`: `[~accountid:5b10…]` and `[~mona]` as `@5b10…` and `@mona`.
fn mentions(text: &str, is_said: bool, into: &mut Document) {
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("[~") {
        into.text.push_str(before);
        match opened.split_once(']') {
            Some((account, after))
                if !before.ends_with('\\')
                    && !account.contains(char::is_whitespace)
                    && !account.is_empty() =>
            {
                let account = account.strip_prefix("accountid:").unwrap_or(account);
                into.text.push('@');
                into.text.push_str(account);
                into.mentioned.extend(is_said.then(|| account.to_owned()));
                rest = after;
            }
            _ => {
                into.text.push_str("[~");
                rest = opened;
            }
        }
    }
    into.text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn markdown(text: &str) -> String {
        read(text).text
    }

    fn mentioned(text: &str) -> Vec<String> {
        read(text).mentioned
    }

    #[test]
    fn markup_keeps_its_words_and_spells_mentions() {
        assert_eq!(
            markdown("[~accountid:5b:1] and [~mona]: [~ not one] [~"),
            "@5b:1 and @mona: [~ not one] [~"
        );
        assert_eq!(markdown("h3. Steps\n# run {{[~mona]}}"), "h3. Steps\n# run `@mona`");
        assert_eq!(markdown("a\r\n\r\nb"), "a\n\nb");
    }

    #[test]
    fn code_is_fenced_and_left_as_it_is() {
        assert_eq!(
            markdown("before\n{code:title=a.rs|rust}\nlet a = [~mona];\n{code}\nafter"),
            "before\n```rust\nlet a = [~mona];\n```\nafter"
        );
        assert_eq!(markdown("{noformat}x\n  y{noformat}"), "```\nx\n  y\n```");
        assert_eq!(markdown("{color:red}[~mona]{color}"), "{color:red}@mona{color}");
        assert_eq!(markdown("{code}a ``` b{code}"), "````\na ``` b\n````");
        assert_eq!(markdown("{{a ` b}} {{"), "``a ` b`` {{");
    }

    #[test]
    fn macros_begin_and_end_anywhere_in_a_line() {
        assert_eq!(markdown("see {code}x{code} inline"), "see\n```\nx\n```\ninline");
        assert_eq!(markdown("see {code:java}\nx;{code} [~mona]\nb"), "see\n```java\nx;\n```\n@mona\nb");
        assert_eq!(markdown("a {quote}b\nc{quote} d"), "a\n> b\n> c\n\nd");
        assert_eq!(markdown("{quote}{noformat}x{noformat}y{quote}"), "> ```\n> x\n> ```\n> y");
    }

    #[test]
    fn macros_that_are_not_closed_or_not_opened_are_none() {
        for text in
            ["{code}never closed", "closed{code}", "{quote} a", "\\{code}a{noformat}", "{codex}a{code}"]
        {
            assert_eq!(markdown(text), text);
        }
        assert_eq!(markdown("{code}a {noformat}b{noformat}"), "{code}a\n```\nb\n```");
    }

    #[test]
    fn quotes_are_quotes() {
        assert_eq!(markdown("{quote}\n[~mona]\n{quote}\nyes"), "> @mona\n\nyes");
        assert_eq!(markdown("{quote}[~mona]{quote}\nyes"), "> @mona\n\nyes");
        assert_eq!(markdown("bq. [~mona]\nyes"), "> @mona\n\nyes");
    }

    #[test]
    fn who_is_spoken_to_is_mentioned_whatever_stands_around() {
        for text in [
            "[~mona]",
            "> [~mona]",
            "` [~mona] `",
            "    [~mona]",
            "<pre>[~mona]",
            "<!-- [~mona]",
            "{code}[~mona]",
            "{quote}a{quote} [~mona]",
            "{code}a{code}[~accountid:mona]{noformat}b{noformat}",
            "```\n[~mona]",
        ] {
            assert_eq!(mentioned(text), ["mona"], "{text}");
        }
        for text in [
            "{quote}[~mona]{quote}",
            "a {code}[~mona]{code}",
            "a {noformat}\n[~mona]{noformat} b",
            "bq. [~mona]",
            "{{[~mona]}}",
            "\\[~mona]",
            "@mona",
        ] {
            assert!(mentioned(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn hostile_macros_cost_linear_time() {
        for part in ["{code:x}", "{quote}", "{code}", "{", "{noformat}{code}", "[~", "{{"] {
            let _ = read(&part.repeat(300_000 / part.len()));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text in "[{}a-z~:|\\[\\]\\n ]{0,60}|(\\{code\\}|\\{quote\\}|\\n|x){0,9}") {
            let _ = markdown(&text);
        }
    }
}
