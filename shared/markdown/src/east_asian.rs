//! Emphasis that begins or ends within a word: beside East Asian text, which has no spaces between its words, and
//! wherever somebody forgot one (`**Note:**text`).
//!
//! By CommonMark's rules, signs of emphasis between a punctuation mark and a letter neither open nor close anything:
//! `**重要。**です` would be shown with its signs. People and models mean it as emphasis, so a mark that is invisible
//! to readers goes between the signs and the letter beside them, and is taken out of what the parser gives.
//! Runs of two signs are meant so, and single stars around a quotation or an aside (`これは*「重要」*です`): any other single
//! sign is a footnote's (`100円*です。*税込`), a product's (`幅*（高さ＋1）*2`) or a part of a name. Beside other letters, a run
//! counts if it ends what another one has begun at the edge of a word: `f(x)**n + g(x)**n` are powers.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag};

use crate::parser::parse;

/// A punctuation mark of Unicode that no text has, in the notation of sign languages.
const MARK: char = '\u{1DA8B}';

/// A text with the mark where it is needed.
pub(crate) struct Marked<'m>(Cow<'m, str>);

impl<'m> Marked<'m> {
    pub(crate) fn of(markdown: &'m str) -> Self {
        let may_need = STRONG.iter().any(|run| markdown.contains(run)) || markdown.chars().any(is_east_asian);
        let needs_none = markdown.contains(MARK) || !may_need;
        Self(if needs_none { Cow::Borrowed(markdown) } else { Cow::Owned(marked(markdown)) })
    }

    /// What the parser makes of it, without the marks.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let has_marks = matches!(self.0, Cow::Owned(_));
        parse(&self.0).map(move |event| if has_marks { unmarked(event) } else { event })
    }
}

fn marked(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len() + 64);
    let (mut rest, mut before, mut opened) = (markdown, None, None);
    while let Some(at) = rest.find(['*', '_', '~']) {
        let (plain, from) = rest.split_at(at);
        text.push_str(plain);
        before = plain.chars().next_back().or(before);
        let sign = from.chars().next().unwrap_or_default();
        let end = from.find(|c| c != sign).unwrap_or(from.len());
        let (run, behind) = from.split_at(end);
        let after = behind.chars().next();
        if plain.contains("\n\n") {
            opened = None;
        }
        let (mut left, mut right) = sides(run, before, after);
        if run == "*" && before != Some('\\') {
            left |= before.is_some_and(is_east_asian)
                && behind.split_once('*').is_some_and(|(text, _)| is_aside(text));
            right |= after.is_some_and(is_east_asian) && is_aside(plain);
        }
        if STRONG.contains(&run) && before != Some('\\') {
            if opened == Some(run) && before.is_some_and(|c| !c.is_whitespace()) {
                right |= !is_letter(before) && is_letter(after);
                opened = None;
            } else if opened.is_none()
                && after.is_some_and(|c| !c.is_whitespace())
                && begins(&text, before, after)
            {
                left |= is_letter(before) && !is_letter(after);
                opened = Some(run);
            }
        }
        text.extend(left.then_some(MARK));
        text.push_str(run);
        text.extend(right.then_some(MARK));
        (rest, before) = (behind, Some(sign));
    }
    text.push_str(rest);
    text
}

/// Signs that are meant as emphasis wherever they come in pairs.
const STRONG: [&str; 3] = ["**", "***", "~~"];

/// Whether signs behind `text`, which ends with `before`, are meant to begin an emphasis: at the edge of a word, or
/// within one. A short word may be a factor: `x**(2)`.
fn begins(text: &str, before: Option<char>, after: Option<char>) -> bool {
    let is_word = || text.chars().rev().take(2).filter(|c| c.is_alphabetic()).count() == 2;
    let is_opening = |c: char| c.is_alphabetic() || "([\"'“‘«".contains(c);
    let is_asian_mark = |c: char| is_east_asian(c) && !c.is_alphanumeric();
    match before {
        None => true,
        Some(c) if is_east_asian(c) || c.is_whitespace() => true,
        Some(c) if c.is_alphanumeric() => {
            after.is_some_and(|c| is_asian_mark(c) || (is_opening(c) && is_word()))
        }
        Some(c) => !c.is_ascii() || "([{\"':,;|>".contains(c),
    }
}

fn is_letter(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Whether `text` is words in brackets, and no part of a formula.
fn is_aside(text: &str) -> bool {
    let inside = [('（', '）'), ('(', ')')]
        .into_iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let is_formula = |c: char| c.is_numeric() || c == '\n' || "+-/=^×÷＋－−／＝".contains(c);
    inside.is_some_and(|inside| !inside.is_empty() && !inside.contains(is_formula))
}

/// Quotation marks, of which no product or footnote is made.
const OPENING: &str = "「『【《〈“";
const CLOSING: &str = "」』】》〉”";

/// Whether the mark goes before `run`, and behind it.
fn sides(run: &str, before: Option<char>, after: Option<char>) -> (bool, bool) {
    let [left, right] = [before, after].map(|side| side.is_some_and(is_east_asian));
    let has = |quotes: &str, side: Option<char>| side.is_some_and(|c| quotes.contains(c));
    match run {
        "*" if before != Some('\\') => (left && has(OPENING, after), right && has(CLOSING, before)),
        // Between two letters nothing is missing, and the mark would be a punctuation too many.
        _ if STRONG.contains(&run) && before != Some('\\') => {
            (left && !is_letter(after), right && !is_letter(before))
        }
        // `__init__` is a name, also beside such text.
        "__" if left && right => (true, true),
        _ => (false, false),
    }
}

fn unmarked(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Text(text) => Event::Text(without(text)),
        Event::Code(text) => Event::Code(without(text)),
        Event::Html(text) => Event::Html(without(text)),
        Event::InlineHtml(text) => Event::InlineHtml(without(text)),
        Event::FootnoteReference(name) => Event::FootnoteReference(without(name)),
        Event::Start(tag) => Event::Start(match tag {
            Tag::Link { link_type, dest_url, title, id } => {
                Tag::Link { link_type, dest_url: without(dest_url), title: without(title), id }
            }
            Tag::Image { link_type, dest_url, title, id } => {
                Tag::Image { link_type, dest_url: without(dest_url), title: without(title), id }
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                Tag::CodeBlock(CodeBlockKind::Fenced(without(info)))
            }
            Tag::FootnoteDefinition(name) => Tag::FootnoteDefinition(without(name)),
            tag => tag,
        }),
        event => event,
    }
}

fn without(text: CowStr<'_>) -> CowStr<'_> {
    if text.contains(MARK) { text.replace(MARK, "").into() } else { text }
}

/// Chinese, Japanese and Korean letters, their punctuation, and forms of full width.
fn is_east_asian(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11FF}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Limit, adf_to_text, to_adf, to_html, to_mrkdwn};

    const LIMIT: Limit = Limit::chars(10_000);

    fn html(markdown: &str) -> String {
        to_html(markdown, LIMIT).unwrap()
    }

    #[test]
    fn emphasis_with_punctuation_at_its_edge_is_emphasis() {
        for (markdown, expected) in [
            ("これは**重要。**です", "これは<strong>重要。</strong>です"),
            ("これは**「重要」**です", "これは<strong>「重要」</strong>です"),
            ("이것은 **\"중요\"**입니다", "이것은 <strong>\"중요\"</strong>입니다"),
            ("请看**文档（中文）**的说明", "请看<strong>文档（中文）</strong>的说明"),
            ("これは~~古い。~~です", "これは<del>古い。</del>です"),
            ("これは__重要__です", "これは<strong>重要</strong>です"),
            ("これは*「重要」*です", "これは<em>「重要」</em>です"),
            ("これは*『A』と『B』*、*【C】*です", "これは<em>『A』と『B』</em>、<em>【C】</em>です"),
            ("これは*（強調）*です", "これは<em>（強調）</em>です"),
            ("**Note:**text", "<strong>Note:</strong>text"),
            ("see **\"a\"**s, ~~old.~~new", "see <strong>\"a\"</strong>s, <del>old.</del>new"),
            ("x**：重要**y", "x<strong>：重要</strong>y"),
            ("un**believ-**able (**a.**b)", "un<strong>believ-</strong>able (<strong>a.</strong>b)"),
            ("**重要**y と **重要。**y", "<strong>重要</strong>y と <strong>重要。</strong>y"),
            ("word**(a note)**", "word<strong>(a note)</strong>"),
            ("***Note:***text", "<em><strong>Note:</strong></em>text"),
            ("これは***重要。***です", "これは<em><strong>重要。</strong></em>です"),
            ("**API（`x`）**を使う", "<strong>API（<code>x</code>）</strong>を使う"),
        ] {
            assert_eq!(html(markdown), format!("<p>{expected}</p>\n"), "{markdown}");
        }
        assert_eq!(to_mrkdwn("これは**重要。**です", LIMIT), "これは\u{200B}*重要。*\u{200B}です");
        assert_eq!(to_mrkdwn("これは*「重要」*です", LIMIT), "これは\u{200B}_「重要」_\u{200B}です");
        assert_eq!(to_mrkdwn("これは**「重要」**です", LIMIT), "これは\u{200B}*「重要」*\u{200B}です");
        let marks = &to_adf("**重要。**です", LIMIT)["content"][0]["content"][0];
        assert_eq!((&marks["text"], &marks["marks"][0]["type"]), (&"重要。".into(), &"strong".into()));
    }

    #[test]
    fn what_is_no_emphasis_stays_as_it_is() {
        for text in [
            "100円*です。*税込",
            "面積は幅*（高さ＋1）*二です",
            "設計_「最終」_版",
            "2 * 3 * 4",
            "f(x)**n + g(x)**n",
            "x**(2)+y**(3)",
            "src/**/*.rs and lib/**a",
            "f(**opts) and **more",
            "a ** b.** c",
            "設計_最終_版",
            "メソッド__init__を呼ぶ",
            "重要 ** です ** か",
            "\u{1DA8B}**重要。**です",
        ] {
            assert_eq!(html(text), format!("<p>{text}</p>\n"));
        }
        assert_eq!(html("\\**重要。\\**です"), "<p>**重要。**です</p>\n");
        assert_eq!(html("`これは**重要。**です`"), "<p><code>これは**重要。**です</code></p>\n");
        let fenced = "~~~日本\nこれは**重要。**です\n~~~";
        assert_eq!(html(fenced), "<pre><code class=\"language-日本\">これは**重要。**です\n</code></pre>\n");
        let link = "[重要](https://x.example/重**要**)";
        assert!(html(link).contains("%E9%87%8D**%E8%A6%81**"), "{}", html(link));
    }

    proptest! {
        #[test]
        fn no_raw_signs_of_emphasis_are_left_and_no_mark_is_shown(
            pieces in prop::collection::vec(
                ("[重要です한국어中文]{1,3}", "[。、「」（）！a(\"]{0,1}", "[重要한文]{1,3}", "[。、」）！)\"]{0,1}", 0_usize..3),
                1..6,
            ),
        ) {
            let text: String = pieces.iter().map(|(before, open, inside, close, sign)| {
                // A name may stand between two underscores: with these, letters are meant.
                let (sign, open, close) = (["**", "~~", "__"][*sign], open, close);
                let (open, close) = if sign == "__" { ("", "") } else { (&**open, &**close) };
                format!("{before}{sign}{open}{inside}{close}{sign}")
            }).chain(["です".to_owned()]).collect();
            let plain = text.replace("**", "").replace("~~", "").replace("__", "");
            let (html, mrkdwn, adf) = (html(&text), to_mrkdwn(&text, LIMIT), adf_to_text(&to_adf(&text, LIMIT)));
            for shown in [&html, &mrkdwn, &adf] {
                prop_assert!(!["**", "~~", "__", "\u{1DA8B}"].iter().any(|raw| shown.contains(raw)), "{text}: {shown}");
            }
            prop_assert_eq!(adf, plain);
        }

        #[test]
        fn code_is_left_as_it_is(code in "[重要です。*_~a ]{1,30}") {
            let fenced = to_adf(&format!("```\n{code}\n```"), LIMIT);
            prop_assert_eq!(adf_to_text(&fenced), code.trim());
        }
    }
}
