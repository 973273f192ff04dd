//! Links, images and tags as a renderer of Markdown sees them: what hides from a reader of plain text
//! behind escapes and references does not hide here.

use std::ops::Range;

use markdown::parse;
use pulldown_cmark::{Event, LinkType, Tag};

use super::allowed::Allowed;
use super::inert::REMOVED;
use super::urls::{host, urls};

/// Tags that change nothing but the look; without attributes only.
const HARMLESS: [&str; 14] =
    ["b", "br", "code", "del", "details", "em", "i", "ins", "kbd", "pre", "strong", "sub", "summary", "sup"];
/// Taking one thing out can bring another to light; so often is looked again.
const ROUNDS: usize = 6;

/// A change of the text.
type Edit = (Range<usize>, String);

/// `text` without links and images that lead where they may not, and without tags that do something. If that
/// finds no end, no markup is left.
pub(super) fn without_foreign_markup(text: String, allowed: &Allowed) -> String {
    let mut text = text;
    for _ in 0..ROUNDS {
        let edits = edits(&text, allowed);
        if edits.is_empty() {
            return text;
        }
        text = edited(&text, edits);
    }
    plain(&text)
}

fn edits(text: &str, allowed: &Allowed) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for (event, range) in parse(text).into_offset_iter() {
        // What stands within something that goes already goes with it.
        if edits.last().is_some_and(|(last, _)| last.end > range.start) {
            continue;
        }
        edits.extend(edit(text, event, range, allowed));
    }
    edits
}

fn edit(text: &str, event: Event<'_>, range: Range<usize>, allowed: &Allowed) -> Option<Edit> {
    match event {
        Event::Start(Tag::Link { link_type: LinkType::Email, .. }) => None,
        Event::Start(Tag::Link { dest_url, .. }) => {
            (!leads_where_it_may(&dest_url, |url| allowed.link(url))).then(|| (range, REMOVED.to_owned()))
        }
        Event::Start(Tag::Image { dest_url, .. }) => {
            if leads_where_it_may(&dest_url, |url| allowed.image(url)) {
                None
            } else if leads_where_it_may(&dest_url, |url| allowed.link(url))
                && text[range.start..].starts_with('!')
            {
                // A link needs a click.
                Some((range.start..range.start + 1, String::new()))
            } else {
                Some((range, REMOVED.to_owned()))
            }
        }
        Event::Html(_) | Event::InlineHtml(_) => {
            let shown = without_tags(&text[range.clone()]);
            (shown != text[range.clone()]).then_some((range, shown))
        }
        _ => None,
    }
}

/// Whether a destination is none outside, or one that `allows` takes.
fn leads_where_it_may(destination: &str, allows: impl Fn(&str) -> bool) -> bool {
    // Browsers take these out of an address wherever they stand.
    let destination: String = destination.chars().filter(|c| !c.is_control()).collect();
    let destination = destination.trim();
    if host(destination).is_some() {
        return allows(destination);
    }
    let has_scheme = destination.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !scheme.contains(['/', '?', '#'])
    });
    !has_scheme && urls(destination).next().is_none()
}

/// `html` with every `<` shown as such that does not begin a harmless tag.
fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for (at, c) in html.char_indices() {
        match c {
            '<' if !is_harmless(&html[at + 1..]) => out.push_str("&lt;"),
            c => out.push(c),
        }
    }
    out
}

fn is_harmless(behind: &str) -> bool {
    let Some((tag, _)) = behind.split_once('>') else { return false };
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let name = name.strip_suffix('/').unwrap_or(name).trim_end();
    HARMLESS.iter().any(|harmless| name.eq_ignore_ascii_case(harmless))
}

/// Applies `edits`, which are in order and apart from each other.
fn edited(text: &str, edits: Vec<Edit>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (range, instead) in edits {
        out.push_str(&text[done..range.start]);
        out.push_str(&instead);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// `text` in which no link, image, tag or code can be.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace('<', "&lt;").replace("](", "] (").replace("][", "] [").replace("]:", "] :");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("\n").replace(['`', '~'], "'")
}

#[cfg(test)]
mod tests {
    use settings::Hosts;

    use super::*;

    fn cleaned(text: &str) -> String {
        without_foreign_markup(text.to_owned(), &allowed())
    }

    fn allowed() -> Allowed {
        Allowed::new("", &Hosts::default(), &Hosts::new(["img.example.com"]))
            .with_hosts_of("https://docs.example.com/")
            .with_addresses_of("https://logs.example.com/1")
    }

    #[test]
    fn destinations_behind_escapes_are_found() {
        for text in [
            "[x](https\\://evil.example/)",
            "![x](https\\:\\/\\/evil.example/)",
            "[x][1]\n\n[1]: https\\://evil.example/",
            "[x](javascript:alert\\(1\\))",
            "[x](<java\tscript:alert(1)>)",
            "![x](data:image/png;base64,AAAA)",
            "[x](vbscript:a)",
            "[![x](a.png)](https\\://evil.example)",
        ] {
            let text = cleaned(text);
            assert!(!text.contains("](") && !text.contains("]["), "{text}");
        }
    }

    #[test]
    fn tags_are_shown_and_not_obeyed() {
        assert_eq!(cleaned("a <img src=x> b"), "a &lt;img src=x> b");
        assert_eq!(cleaned("<style>*{}</style>"), "&lt;style>*{}&lt;/style>");
        assert_eq!(
            cleaned("<!channel> <details><summary>a</summary></details>"),
            "&lt;!channel> <details><summary>a</summary></details>"
        );
        assert_eq!(cleaned("<details open onclick=x>"), "&lt;details open onclick=x>");
        assert_eq!(
            cleaned("`<img>` and\n\n```html\n<img src=x>\n```"),
            "`<img>` and\n\n```html\n<img src=x>\n```"
        );
    }

    #[test]
    fn an_image_from_a_place_for_links_becomes_a_link() {
        assert_eq!(cleaned("![x](https://logs.example.com/1)"), "[x](https://logs.example.com/1)");
        assert_eq!(cleaned("![x](https://docs.example.com/2)"), "[x](https://docs.example.com/2)");
        assert_eq!(cleaned("![x](https://img.example.com/2)"), "![x](https://img.example.com/2)");
        assert_eq!(cleaned("![x](https://logs.example.com/2)"), REMOVED);
    }

    #[test]
    fn places_within_the_same_site_are_left() {
        for text in ["[x](#part)", "[x](docs/a.md)", "[x](../a:b)", "see a:b and c < d", "<mona@example.com>"]
        {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn what_a_removal_brings_to_light_goes_too() {
        let text = cleaned("<<img src=x>img src=y>");
        assert!(!text.contains("<img"), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cleaned_without_panic(text in "[\\[\\]()!<>a-z:/\\\\\n `&#]{0,80}") {
            let once = cleaned(&text);
            proptest::prop_assert!(edits(&once, &allowed()).is_empty() || once == plain(&once));
        }
    }
}
