//! Reports as pages of HTML: complete in themselves, and nothing in them runs.

use std::time::Duration;

use maud::{DOCTYPE, Markup, html};
use similar::{ChangeTag, TextDiff};

/// Comparing may take so long; after that the comparison becomes coarser, not wrong.
const TIMEOUT: Duration = Duration::from_millis(50);
const STYLE: &str = "body{font:15px system-ui;margin:2rem;max-width:90rem}td,th{padding:.2rem .7rem;text-align:left;\
    vertical-align:top;border-bottom:1px solid #ddd}.wrong{background:#fdd}.own{font-weight:bold}\
    pre{white-space:pre-wrap;margin:0;max-width:40rem}ins{background:#cfc;text-decoration:none}del{background:#fcc}";

/// The page called `title`.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (STYLE) }
            }
            body { h1 { (title) } (body) }
        }
    };
    page.into_string()
}

/// Two texts with what is different between them, word by word.
pub(crate) fn diff(before: &str, after: &str) -> Markup {
    html! {
        pre {
            @for (tag, words) in words(before, after) {
                @match tag {
                    ChangeTag::Equal => (words),
                    ChangeTag::Delete => del { (words) },
                    ChangeTag::Insert => ins { (words) },
                }
            }
        }
    }
}

/// The words of both, with neighbours of one kind together.
fn words(before: &str, after: &str) -> Vec<(ChangeTag, String)> {
    let diff = TextDiff::configure().timeout(TIMEOUT).diff_words(before, after);
    let mut words: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match words.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => words.push((change.tag(), change.value().to_owned())),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_words_are_marked_and_nothing_is_obeyed() {
        let out = diff("<b> Hello world. Same.", "<b> Hello moon. Same.").into_string();
        assert_eq!(out, "<pre>&lt;b&gt; Hello <del>world.</del><ins>moon.</ins> Same.</pre>");
    }

    #[test]
    fn a_page_runs_nothing() {
        let page = page("<title>", &html! { p { "hi" } });
        assert!(page.contains("default-src 'none'") && page.contains("<h1>&lt;title&gt;</h1>"), "{page}");
    }
}
