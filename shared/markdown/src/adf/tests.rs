//! Documents: what Markdown becomes, within Atlassian's schema, and read back as text.

use proptest::prelude::*;

use super::*;
use crate::adf_to_text;

fn content(markdown: &str) -> Value {
    to_adf(markdown, Limit::utf16(30_000))["content"].clone()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn marked(text: &str, marks: &[&str]) -> Value {
    let marks: Vec<Value> = marks.iter().map(|mark| json!({"type": mark})).collect();
    json!({"type": "text", "text": text, "marks": marks})
}

fn item(content: Value) -> Value {
    json!({"type": "listItem", "content": content})
}

#[test]
fn a_document_has_its_frame() {
    let paragraph = json!({"type": "paragraph", "content": [text("Hi")]});
    assert_eq!(to_adf("Hi", Limit::utf16(100)), json!({"version": 1, "type": "doc", "content": [paragraph]}));
    assert_eq!(to_adf("", Limit::utf16(100)), json!({"version": 1, "type": "doc", "content": []}));
}

#[test]
fn inline_marks_are_translated() {
    assert_eq!(
        content("**b** *i* ~~s~~ `c` ***bi***\nnext"),
        json!([{"type": "paragraph", "content": [
            marked("b", &["strong"]), text(" "), marked("i", &["em"]), text(" "), marked("s", &["strike"]),
            text(" "), marked("c", &["code"]), text(" "), marked("bi", &["em", "strong"]),
            {"type": "hardBreak"}, text("next"),
        ]}])
    );
}

#[test]
fn code_loses_the_marks_that_the_schema_does_not_allow_with_it() {
    assert_eq!(content("**a `b`**")[0]["content"][1], marked("b", &["code"]));
    let linked = &content("[`b`](https://x.example)")[0]["content"][0];
    assert_eq!(linked["marks"][0], json!({"type": "link", "attrs": {"href": "https://x.example"}}));
    assert_eq!(linked["marks"][1], json!({"type": "code"}));
}

#[test]
fn links_lead_where_people_go_and_images_are_links() {
    let link = json!([{"type": "link", "attrs": {"href": "https://x.example"}}]);
    assert_eq!(content("[a](https://x.example)")[0]["content"][0]["marks"], link);
    assert_eq!(content("![a](https://x.example)")[0]["content"][0]["marks"], link);
    assert_eq!(content("[a](javascript:x)")[0]["content"], json!([text("a")]));
}

#[test]
fn blocks_are_translated() {
    assert_eq!(
        content("## Head\n\n```rust\nlet a;\n```\n\n> quoted\n\n---\n\n<b>raw</b>"),
        json!([
            {"type": "heading", "attrs": {"level": 2}, "content": [text("Head")]},
            {"type": "codeBlock", "attrs": {"language": "rust"}, "content": [text("let a;")]},
            {"type": "blockquote", "content": [{"type": "paragraph", "content": [text("quoted")]}]},
            {"type": "rule"},
            {"type": "paragraph", "content": [text("<b>"), text("raw"), text("</b>")]},
        ])
    );
}

#[test]
fn lists_nest() {
    let paragraph = |word: &str| json!({"type": "paragraph", "content": [text(word)]});
    let inner =
        json!({"type": "orderedList", "attrs": {"order": 3}, "content": [item(json!([paragraph("b")]))]});
    assert_eq!(
        content("- a\n\n  3. b\n- c"),
        json!([{"type": "bulletList", "content": [item(json!([paragraph("a"), inner])), item(json!([paragraph("c")]))]}])
    );
}

#[test]
fn tables_are_tables_and_tasks_notes_and_alerts_are_readable() {
    let cell = |kind: &str, word: &str| {
        let inline = if word.is_empty() { json!([]) } else { json!([text(word)]) };
        json!({"type": kind, "content": [{"type": "paragraph", "content": inline}]})
    };
    assert_eq!(
        content("| a | b |\n|---|--:|\n| c |  |"),
        json!([{"type": "table", "content": [
            {"type": "tableRow", "content": [cell("tableHeader", "a"), cell("tableHeader", "b")]},
            {"type": "tableRow", "content": [cell("tableCell", "c"), cell("tableCell", "")]},
        ]}])
    );
    let read = |markdown: &str| adf_to_text(&to_adf(markdown, Limit::utf16(1_000)));
    assert_eq!(read("- [x] a\n- [ ] b"), "- ☑ a\n- ☐ b");
    assert_eq!(read("a[^1]\n\n[^1]: b"), "a[1]\n[1] b");
    assert_eq!(read("> [!WARNING]\n> a"), "Warning: a");
    let listed = content("- x\n\n  | a | b |\n  |---|---|\n  | c | d |");
    let code = |rows: &str| json!({"type": "codeBlock", "content": [text(rows)]});
    assert_eq!(listed[0]["content"][0]["content"][1], code("a | b\n--+--\nc | d"));
    let quoted = content("> | a | b |\n> |---|---|\n> | [c](https://x.example) |  |");
    let rows = "a                     | b\n----------------------+--\nc (https://x.example) |";
    assert_eq!(quoted[0]["content"], json!([code(rows)]));
    assert_eq!(
        read("a<br>b <kbd>C</kbd>\n\n<details>\n<summary>More</summary>\n\nx\n\n</details>"),
        "a\nb C\nMore\nx"
    );
}

#[test]
fn what_the_schema_forbids_within_lists_and_quotes_becomes_a_paragraph() {
    let paragraph = json!({"type": "paragraph", "content": [text("h")]});
    assert_eq!(content("- # h"), json!([{"type": "bulletList", "content": [item(json!([paragraph]))]}]));
    assert_eq!(content("- > h"), json!([{"type": "bulletList", "content": [item(json!([paragraph]))]}]));
    assert_eq!(content("> # h"), json!([{"type": "blockquote", "content": [paragraph]}]));
    assert_eq!(content("> > h"), json!([{"type": "blockquote", "content": [paragraph]}]));
    assert_eq!(
        content("-"),
        json!([{"type": "bulletList", "content": [item(json!([{"type": "paragraph", "content": []}]))]}])
    );
}

#[test]
fn a_long_text_is_cut_visibly() {
    let limit = Limit::utf16(30_000);
    for (block, least) in
        [("word\n\n", 24_000), ("🦀🦀🦀🦀🦀 重要\n\n", 25_000), ("a *b* [c](https://x.example)\n\n", 8_000)]
    {
        let document = to_adf(&block.repeat(6_000), limit);
        let text = adf_to_text(&document);
        let size = limit.size(&text);
        assert!((least..=30_000).contains(&size), "{block}: {size}");
        assert!(text.ends_with(CUT));
        let blocks = document["content"].as_array().unwrap();
        assert_eq!(blocks[0], blocks[blocks.len() - 2], "no block is cut");
    }
}

#[test]
fn a_text_counts_as_long_as_its_wiki_markup() {
    let of = |markdown: &str| convert(markdown).iter().map(|node| size(node, Limit::utf16(0))).sum::<usize>();
    for (markdown, wiki) in [
        ("a **b** ~~c~~", "a *b* -c-\n"),
        ("[a](https://x.example)", "[a|https://x.example]\n"),
        ("a*b {c} [d]", "a\\*b \\{c\\} \\[d\\]\n"),
        ("```rust\nlet 🦀;\n```", "{code:rust}\nlet 🦀;\n{code}\n"),
        ("# A\n\n> b\n\n---", "h1. A\n\n{quote}\nb\n{quote}\n----\n"),
        ("- a\n  - b\n\n1. c", "* a\n** b\n\n# c\n"),
    ] {
        let least = wiki.encode_utf16().count();
        assert!((least..least + 30).contains(&of(markdown)), "{markdown}: {} of {least}", of(markdown));
    }
}

/// The part of Atlassian's schema that could be broken by a translation.
fn check(node: &Value, parent: &str) {
    let kind = node["type"].as_str().unwrap();
    let allowed: &[&str] = match parent {
        "doc" => {
            &["paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "table"]
        }
        "table" => &["tableRow"],
        "tableRow" => &["tableHeader", "tableCell"],
        "tableHeader" | "tableCell" => &["paragraph"],
        "blockquote" => &["paragraph", "bulletList", "orderedList", "codeBlock"],
        "bulletList" | "orderedList" => &["listItem"],
        "listItem" => &["paragraph", "bulletList", "orderedList", "codeBlock"],
        "paragraph" | "heading" => &["text", "hardBreak"],
        "codeBlock" => &["text"],
        _ => &[],
    };
    assert!(allowed.contains(&kind), "{kind} in {parent}");
    assert_ne!(node["text"], json!(""));
    assert!(parent != "codeBlock" || node.get("marks").is_none());
    if kind == "listItem" {
        assert!(["paragraph", "codeBlock"].contains(&node["content"][0]["type"].as_str().unwrap()));
    }
    children(node).iter().for_each(|child| check(child, kind));
}

#[test]
fn no_depth_exhausts_the_stack() {
    for deep in ["- ".repeat(10_000), "> ".repeat(10_000), "> - ".repeat(5_000)] {
        let document = to_adf(&format!("{deep}x"), Limit::utf16(30_000));
        assert_eq!(adf_to_text(&document).matches('x').count(), 1);
        children(&document).iter().for_each(|child| check(child, "doc"));
    }
}

proptest! {
    #[test]
    fn every_document_keeps_to_the_schema(text in "([-a>#*`~1.\\[\\]()!<_ \n]|\\|a\\|b\\|\n|\\|-\\|-\\|\n|> \\[!NOTE\\]\n|- \\[x\\] |\\[\\^1\\]:? ){0,80}") {
        let document = to_adf(&text, Limit::utf16(30_000));
        children(&document).iter().for_each(|child| check(child, "doc"));
    }
}

#[test]
fn documents_are_read_as_text() {
    let document = json!({"type": "doc", "version": 1, "content": [
        {"type": "heading", "attrs": {"level": 1}, "content": [text("Head")]},
        {"type": "paragraph", "content": [
            text("Hi "), {"type": "mention", "attrs": {"id": "5b", "text": "@Mia"}},
            {"type": "hardBreak"}, {"type": "emoji", "attrs": {"shortName": ":smile:", "text": "😄"}},
            {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
        ]},
        {"type": "panel", "content": [{"type": "paragraph", "content": [text("note")]}]},
        {"type": "somethingNew", "content": [text("new")]},
        {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1"}}]},
    ]});
    assert_eq!(adf_to_text(&document), "Head\nHi @Mia\n😄https://x.example\nnote\nnew");
    assert_eq!(adf_to_text(&Value::Null), "");
}

#[test]
fn what_was_written_is_read_back() {
    let markdown = "Hello [docs](https://x.example)\n\n- a\n  - b\n- c\n\n3. x\n4. y\n\nend";
    assert_eq!(
        adf_to_text(&to_adf(markdown, Limit::utf16(1_000))),
        "Hello docs (https://x.example)\n- a\n  - b\n- c\n3. x\n4. y\nend"
    );
}
