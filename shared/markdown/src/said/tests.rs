use proptest::prelude::*;

use super::*;

fn texts(text: &str, find: impl Fn(&str) -> Ranges) -> Vec<&str> {
    find(text).iter().map(|range| &text[range]).collect()
}

#[test]
fn code_is_found_in_every_form() {
    assert_eq!(texts("a ``b ` c`` d", code), ["``b ` c``"]);
    assert_eq!(texts("a `b\nc` d", code), ["`b\nc`"]);
    assert_eq!(texts("a\n\n    b\n\nc", code), ["b\n"]);
    assert_eq!(texts("~~~x\n`b\n~~~\nc `", code), ["~~~x\n`b\n~~~"]);
    assert_eq!(texts("- a\n  ```\n  b\n  ```\n", code), ["```\n  b\n  ```"]);
    assert_eq!(texts("> ```\n> b\n\nc", code), ["```\n> b\n"]);
    assert_eq!(texts("```\nnever closed", code), ["```\nnever closed"]);
    assert_eq!(texts("a \\`b\\` and ` alone", code), [""; 0]);
}

#[test]
fn comments_in_code_are_shown() {
    assert_eq!(texts("`<!--` a <!-- b --> c", hidden), ["<!-- b -->"]);
    assert_eq!(texts("```\n<!-- a -->\n```\n", hidden), [""; 0]);
    assert_eq!(texts("<!-- a\n\nb -->\nc", hidden), ["<!-- a\n\nb -->"]);
    assert_eq!(texts("a\n\n<!-- never closed\nb", hidden), ["<!-- never closed\nb"]);
    assert_eq!(texts("a <?b?> <!C d> e", hidden), ["<?b?>", "<!C d>"]);
    // A renderer shows it.
    assert_eq!(texts("a <!-- never closed", hidden), [""; 0]);
}

#[test]
fn what_is_quoted_or_shown_as_code_is_not_said() {
    assert_eq!(texts("> a\nb\n\nc", unsaid), ["> a\nb\n"]);
    assert_eq!(texts("<pre>a</pre> b", unsaid), ["<pre>a</pre>"]);
    assert_eq!(texts("a <code>b</code> c <i>d</i>", unsaid), ["<code>b</code>", "<i>", "</i>"]);
    assert_eq!(
        texts("<blockquote>\n\na\n\n</blockquote>\n\nb", unsaid),
        ["<blockquote>\n\na\n\n</blockquote>"]
    );
    assert_eq!(texts("a <code>b\n\nc", unsaid), ["<code>b\n\nc"]);
    assert_eq!(texts("> <code>\n\nc", unsaid), ["> <code>\n"]);
}

#[test]
fn what_a_link_has_besides_its_text_and_a_fenced_quote_of_gitlab_are_not_said() {
    let said = |text: &str| !unsaid(text).contains(text.find('@').unwrap());
    assert!(!said("[x](https://x.example \"@me\")") && said("[@me](https://x.example \"y\")"));
    assert!(!said(">>>\n@me please\n\nor not\n>>>\n\nWhat?") && said(">>>\nor not\n>>>\n\n@me please"));
    assert!(said("```\n>>>\n```\n\n@me please\n>>>\na\n>>>"), "a fence shows such a line");
    assert!(!said("```\n>>>\n```\n\n>>>\nor not\n\n@me please\n>>>"));
    let replies = ">>> a\n>>>\n>>> b\n\n@me please\n\n>>> c\n>>>\n>>> d";
    assert!(said(replies), "an empty line of a quote is no fence");
}

#[test]
fn destinations_are_apart_from_what_links_show() {
    assert_eq!(texts("[a b](c/d \"e\") f", destinations), ["](c/d \"e\")"]);
    assert_eq!(texts("![a](b) <https://c.example>", destinations), ["](b)", "<https://c.example>"]);
    assert_eq!(texts("[![a](b)](c)", destinations), ["](b)](c)"]);
    assert_eq!(texts("[a]\n\n[a]: b.example/c 'd'\n", destinations), ["]", "[a]: b.example/c 'd'"]);
    assert_eq!(texts("[`a`](b)", destinations), ["](b)"]);
}

proptest! {
    #[test]
    fn every_place_is_within_the_text(text in "[-`~<>!a/ \\n\\[\\]()*|>#:\"é]{0,80}") {
        for find in [code, hidden, unsaid, destinations] {
            for range in find(&text).iter() {
                prop_assert!(range.start < range.end && text.get(range.clone()).is_some(), "{range:?}");
            }
        }
    }

    #[test]
    fn a_fence_is_found_whatever_stands_in_it(inside in "[-<>!a@/ \\n\\[\\]()*|#:\"é]{0,60}", before in "[a-z ,.]{0,20}") {
        let fence = format!("```\n{inside}\n```");
        let text = format!("{before}\n\n{fence}\n\nafter");
        let at = before.len() + 2;
        let ranges = code(&text);
        prop_assert!((at..at + fence.len()).all(|offset| ranges.contains(offset)));
    }
}
