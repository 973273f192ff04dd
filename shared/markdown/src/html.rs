//! HTML, for Zendesk's comments and for pages of our own.

use pulldown_cmark::{Alignment, CowStr, Event, Tag, TagEnd, html};

use crate::east_asian::Marked;
use crate::fit::{CUT, fit};
use crate::limit::Limit;
use crate::links::is_allowed;
use crate::parser::alert;
use crate::raw_html::shown;

/// `markdown` as HTML, whole; `None` if that is more than `limit`, as some tables become that are hundreds of times as
/// long as HTML. Who decides by what is shown must not be shown a part.
#[must_use]
pub fn to_html(markdown: &str, limit: Limit) -> Option<String> {
    Some(convert(markdown)).filter(|html| limit.fits(html))
}

/// `markdown` as HTML of at most `limit`, for a service that fills templates in what it is given (Liquid): it finds none, in
/// code as elsewhere.
#[must_use]
pub fn to_inert_html(markdown: &str, limit: Limit) -> String {
    let convert = |markdown: &str| inert(&convert(markdown));
    let whole = convert(markdown);
    if limit.fits(&whole) {
        return whole;
    }
    let room = limit.without(CUT).without("<p></p>\n").max();
    let (mut html, cut) = fit(markdown, room, convert, |html| limit.size(html));
    if cut {
        html.push_str("<p>");
        html.push_str(CUT);
        html.push_str("</p>\n");
    }
    html
}

/// `html` with a space of no width within every `{{` and `{%`, also where tags stand in between: the service may look for
/// templates in what is left without them.
fn inert(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 16);
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        out.push('{');
        let mut next = behind;
        while let Some((_, after)) = next.strip_prefix('<').and_then(|tag| tag.split_once('>')) {
            next = after;
        }
        out.extend(next.starts_with(['{', '%']).then_some('\u{200B}'));
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn convert(markdown: &str) -> String {
    let (mut links, mut heading) = (Vec::new(), None);
    let marked = Marked::of(markdown);
    let events = marked.events().flat_map(|event| match event {
        // Said at the beginning of the next paragraph.
        Event::Start(Tag::FootnoteDefinition(name)) => {
            heading = Some(format!("[{name}] "));
            [None, None]
        }
        Event::Start(Tag::BlockQuote(kind)) => {
            heading = kind.map(|kind| format!("{}: ", alert(kind)));
            [Some(Event::Start(Tag::BlockQuote(None))), None]
        }
        // No attributes: the pages that show it allow no styles of their own.
        Event::Start(Tag::Table(columns)) => {
            [Some(Event::Start(Tag::Table(vec![Alignment::None; columns.len()]))), None]
        }
        Event::End(TagEnd::BlockQuote(_)) => [Some(Event::End(TagEnd::BlockQuote(None))), None],
        Event::Start(Tag::Paragraph) => {
            [Some(Event::Start(Tag::Paragraph)), heading.take().map(|heading| Event::Text(heading.into()))]
        }
        event => [safe(event, &mut links), None],
    });
    let events = events.flatten();
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut out, events);
    out
}

/// The event that is rendered for `event`: raw HTML as text, images as links, and links that lead
/// elsewhere than people go as their text.
fn safe<'a>(event: Event<'a>, links: &mut Vec<bool>) -> Option<Event<'a>> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => match shown(&raw).as_str() {
            "\n" => Some(Event::HardBreak),
            text => Some(Event::Text(text.to_owned().into())),
        },
        Event::SoftBreak => Some(Event::HardBreak),
        Event::TaskListMarker(done) => Some(Event::Text(if done { "☑ " } else { "☐ " }.into())),
        Event::FootnoteReference(name) => Some(Event::Text(format!("[{name}]").into())),
        Event::End(TagEnd::FootnoteDefinition) => None,
        Event::Start(
            Tag::Image { link_type, dest_url, id, .. } | Tag::Link { link_type, dest_url, id, .. },
        ) => {
            let allowed = is_allowed(&dest_url);
            links.push(allowed);
            let title = CowStr::Borrowed("");
            allowed.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Image | TagEnd::Link) => {
            links.pop().unwrap_or(false).then_some(Event::End(TagEnd::Link))
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn html(markdown: &str) -> String {
        to_html(markdown, Limit::bytes(100_000)).unwrap()
    }

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            html("# Hi\n\n**bold** and `a < b`\nnext\n\n- one\n- two"),
            "<h1>Hi</h1>\n<p><strong>bold</strong> and <code>a &lt; b</code><br />\nnext</p>\n\
             <ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        );
    }

    #[test]
    fn tables_tasks_notes_and_alerts_are_readable() {
        let table = html("| a | b |\n|---|--:|\n| c | d |");
        assert!(table.starts_with("<table><thead><tr><th>a</th>") && table.contains("<td>d</td>"), "{table}");
        assert_eq!(html("- [x] a\n- [ ] b"), "<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>\n");
        assert_eq!(html("a[^1]\n\n[^1]: b"), "<p>a[1]</p>\n<p>[1] b</p>\n");
        let alert = html("> [!NOTE]\n> a");
        assert_eq!(alert, "<blockquote>\n<p>Note: a</p>\n</blockquote>\n");
    }

    #[test]
    fn tags_of_the_look_are_not_shown() {
        assert_eq!(html("a<br>b <kbd>C</kbd>"), "<p>a<br />\nb C</p>\n");
    }

    #[test]
    fn raw_html_is_shown_and_not_obeyed() {
        let out = html("<script>alert(1)</script>\n\nx <img src=x onerror=alert(1)> <!-- hidden -->");
        assert!(!out.contains("<script") && !out.contains("<img") && !out.contains("<!--"), "{out}");
        assert!(out.contains("&lt;script&gt;"), "{out}");
    }

    #[test]
    fn links_lead_where_people_go_and_images_are_links() {
        assert_eq!(
            html("[a](https://x.example/?a=b&c=d)"),
            "<p><a href=\"https://x.example/?a=b&amp;c=d\">a</a></p>\n"
        );
        assert_eq!(html("[a](javascript:alert\\(1\\))"), "<p>a</p>\n");
        assert_eq!(
            html("![a](https://x.example/p.png)"),
            "<p><a href=\"https://x.example/p.png\">a</a></p>\n"
        );
        assert_eq!(html("[![a](data:x)](https://x.example)"), "<p><a href=\"https://x.example\">a</a></p>\n");
    }

    #[test]
    fn templates_are_broken_for_whoever_fills_them() {
        let inert = |markdown: &str| to_inert_html(markdown, Limit::bytes(100_000));
        for (markdown, expected) in [
            ("{{ticket.latest_comment}}", "<p>{\u{200B}{ticket.latest_comment}}</p>\n"),
            ("{% if x %}", "<p>{\u{200B}% if x %}</p>\n"),
            ("{\\{x}} {{{x}}}", "<p>{\u{200B}{x}} {\u{200B}{\u{200B}{x}}}</p>\n"),
            ("{*{x}}*", "<p>{\u{200B}<em>{x}}</em></p>\n"),
            ("&#123;&lbrace;x}}", "<p>{\u{200B}{x}}</p>\n"),
            ("`{{x}}`", "<p><code>{\u{200B}{x}}</code></p>\n"),
            ("{a} } 5 %", "<p>{a} } 5 %</p>\n"),
        ] {
            assert_eq!(inert(markdown), expected, "{markdown}");
        }
        for hidden in
            ["```{{x}}\na\n```", "[a](https://x.example/{{x}})", "{<!-- -->{x}}", "{<kbd>{x}}</kbd>"]
        {
            let html = inert(hidden);
            assert!(!html.contains("{{") && !html.contains("{<"), "{html}");
        }
        let long = to_inert_html(&"{{x}} ".repeat(2_000), Limit::bytes(5_000));
        assert!(long.len() <= 5_000 && long.contains(CUT));
    }

    #[test]
    fn a_long_text_is_cut_and_closed() {
        let long = format!("```\n{}", "<x>\n".repeat(10_000));
        let out = to_inert_html(&long, Limit::bytes(5_000));
        assert!(out.len() <= 5_000 && out.contains("</code></pre>") && out.contains(CUT));
        assert_eq!(to_html(&long, Limit::bytes(5_000)), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_tag_of_its_own(text in "[<>a-c!\\[\\]()\"'` \n/=:*_#-]{0,60}") {
            let out = html(&text);
            let rest = ["p", "/p", "h1", "/h1", "h2", "/h2", "h3", "/h3", "h4", "/h4", "h5", "/h5", "h6", "/h6",
                "ul", "/ul", "li", "/li", "em", "/em", "strong", "/strong", "code", "/code", "pre", "/pre",
                "blockquote", "/blockquote", "br /", "hr /", "/a"];
            for tag in out.split('<').skip(1) {
                let name = tag.split('>').next().unwrap_or_default();
                let known = rest.contains(&name) || name.starts_with("a href=\"http")
                    || name.starts_with("a href=\"mailto") || name.starts_with("code class=\"language-");
                prop_assert!(known, "{name} in {out}");
            }
        }
    }
}
