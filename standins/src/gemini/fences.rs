//! Fences: the marks by which prompts set quoted text apart from instructions.
//!
//! The stand-in obeys nothing it finds in a prompt. It only needs to know which text the question is
//! about, so that "bug_report" in a list of intents is not mistaken for somebody's report.

/// Text between an opening and a closing mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// What the opening mark calls it, in lower case: `untrusted`, `document`.
    pub(super) label: String,
    /// The values of the opening mark's attributes, in lower case: `title`, `comment by mona`.
    pub(super) what: Vec<String>,
    /// The text between.
    pub(super) text: String,
}

/// Tags that belong to Markdown's HTML and set nothing apart.
const HTML: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "details",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Labels of blocks that the operator wrote, not the person asking.
const OURS: &[&str] =
    &["doc", "example", "instruction", "intent", "knowledge", "persona", "reference", "schema"];

impl Block {
    /// Whether it holds reference material.
    pub(super) fn is_document(&self) -> bool {
        ["doc", "knowledge", "reference"].iter().any(|word| self.label.contains(word))
    }
}

/// The outermost blocks of a text, in order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        if let Some(block) = one_line(line) {
            blocks.push(block);
        } else if let Some((label, closes)) = opening(line)
            && let Some(length) = lines[at + 1..].iter().position(|l| closes.matches(l.trim()))
        {
            let inner = lines[at + 1..=at + length].join("\n");
            if !closes.is_code() || line.len() > 3 && line.starts_with("````") || covers(&inner, text) {
                blocks.push(Block { label, what: attributes(line), text: inner });
            }
            at += length + 1;
        }
        at += 1;
    }
    blocks
}

/// Text that a prompt quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quote {
    /// Whether it is the title of what the prompt is about.
    pub(super) is_title: bool,
    /// The text.
    pub(super) text: String,
}

/// What a prompt quotes, in order; nothing when nothing is set apart.
pub(super) fn quotes(text: &str) -> Vec<Quote> {
    let outside =
        blocks(text).into_iter().filter(|block| !OURS.iter().any(|word| block.label.contains(word)));
    outside
        .map(|block| {
            let names = block.what.iter().chain([&block.label]);
            let is_title =
                names.into_iter().any(|name| ["title", "subject", "issue title"].contains(&name.as_str()));
            Quote { is_title, text: block.text }
        })
        .collect()
}

enum Closing {
    /// Exactly this line.
    Line(String),
    /// A line whose words start with this, whatever dashes surround it.
    Words(String),
    /// At least this many of this character.
    Run(char, usize),
}

impl Closing {
    fn matches(&self, line: &str) -> bool {
        match self {
            Self::Line(wanted) => line == wanted,
            Self::Words(wanted) => bare(line).starts_with(wanted.as_str()),
            Self::Run(mark, length) => line.len() >= *length && line.chars().all(|c| c == *mark),
        }
    }

    fn is_code(&self) -> bool {
        matches!(self, Self::Run(..))
    }
}

fn opening(line: &str) -> Option<(String, Closing)> {
    if let Some(tag) = tag(line).filter(|_| line.ends_with('>') && !line.ends_with("/>")) {
        return Some((tag.to_lowercase(), Closing::Line(format!("</{tag}>"))));
    }
    if let Some(label) = line.strip_prefix("<<<") {
        let label = label.trim_end_matches(['<', '>']).trim();
        let closing = if label.is_empty() {
            Closing::Line(">>>".into())
        } else {
            Closing::Words(format!("end {}", label.to_lowercase()))
        };
        let closing = if line.ends_with(">>>") { closing } else { Closing::Line(format!("{label}>>>")) };
        return Some((label.to_lowercase(), closing));
    }
    if let Some(label) = bare(line).strip_prefix("begin ") {
        return Some((label.to_owned(), Closing::Words(format!("end {label}"))));
    }
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~' | '"'))?;
    let run = line.chars().take_while(|c| *c == mark).count();
    (run >= 3).then(|| (line[run..].trim().to_lowercase(), Closing::Run(mark, run)))
}

/// `<tag>text</tag>` on a line of its own.
fn one_line(line: &str) -> Option<Block> {
    let tag = tag(line)?;
    let inner = line.split_once('>')?.1.strip_suffix(&format!("</{tag}>"))?;
    Some(Block { label: tag.to_lowercase(), what: Vec::new(), text: inner.trim().to_owned() })
}

/// The quoted values in an opening mark.
fn attributes(line: &str) -> Vec<String> {
    line.split('"').skip(1).step_by(2).map(str::to_lowercase).collect()
}

/// The name of the tag that a line starts with, unless it is HTML.
fn tag(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('<')?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-:.".contains(c))).unwrap_or(rest.len());
    let name = &rest[..end];
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains('>');
    (named && !HTML.contains(&name.to_lowercase().as_str())).then_some(name)
}

/// A line without the dashes, brackets and hashes around its words.
fn bare(line: &str) -> String {
    line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Whether a code fence holds most of a text: then it is not an example inside of somebody's words.
fn covers(inner: &str, whole: &str) -> bool {
    inner.len() * 2 > whole.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    fn quoted(text: &str) -> Vec<String> {
        quotes(text).into_iter().map(|quote| quote.text).collect()
    }

    #[test]
    fn a_title_is_told_by_its_tag_or_attribute() {
        let prompt =
            "<q-7f what=\"title\">\nIt dies\n</q-7f>\n<q-7f what=\"comment by subject\">\nStill.\n</q-7f>";
        let titles: Vec<bool> = quotes(prompt).into_iter().map(|quote| quote.is_title).collect();
        assert_eq!(titles, [true, false]);
        assert!(quotes("<title>It dies</title>")[0].is_title);
    }

    #[test]
    fn quoted_text_is_found_in_the_usual_fences() {
        let fences = [
            "Classify:\n<untrusted id=\"7f\">\nIt crashes.\n</untrusted>\nAnswer in JSON.",
            "Classify:\n<<<ISSUE\nIt crashes.\nISSUE>>>\nAnswer in JSON.",
            "Classify:\n<<<ISSUE 7f>>>\nIt crashes.\n<<<END ISSUE 7f>>>\nAnswer in JSON.",
            "Classify:\n----- BEGIN UNTRUSTED 7f -----\nIt crashes.\n----- END UNTRUSTED 7f -----\n",
            "Classify:\n[BEGIN issue]\nIt crashes.\n[END issue]\n",
            "C:\n````text\nIt crashes.\n````",
        ];
        for fence in fences {
            assert_eq!(quoted(fence), ["It crashes."], "{fence}");
        }
    }

    #[test]
    fn a_code_example_or_html_in_a_report_is_no_fence() {
        let report =
            "The command fails since the last update and I do not know why.\n```\nerror: x\n```\nHelp!";
        assert_eq!(quoted(report), NONE);
        assert_eq!(quoted("Look:\n<details>\nlog\n</details>"), NONE);
        assert_eq!(quoted("no fence at all"), NONE);
    }

    #[test]
    fn the_operators_own_blocks_are_not_quoted() {
        let prompt = "<intents>\n- bug_report: it crashes\n</intents>\n<issue>\n<title>Hi</title>\n</issue>";
        assert_eq!(quoted(prompt), ["<title>Hi</title>"]);
    }

    #[test]
    fn an_unclosed_fence_swallows_nothing() {
        assert_eq!(quoted("<untrusted>\nnever closed"), NONE);
    }
}
