//! The cleaner of drafts: no link of what it lets through leads to a foreign place.

use super::text;
use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "draft",
    seeds: || {
        [
            "Thanks @mona, see [the docs](https://docs.example.com/a?b=c) and <https://evil.example/x>.",
            "![x](https://evil.example/p.png?q=secret)\n\n| a | b |\n|-|-|\n| `c` | **d** |",
            "1. one\n   ```rust\n   let x = \"//evil.example\";\n   ```\n> quote\n\n[ref]: https://evil.example 'title'",
            "<img src=x onerror=alert(1)><!-- afterhook:tsk_1 --> &#104;ttps://evil.example www.evil.example a@b.example",
        ]
        .map(|seed| seed.as_bytes().to_vec())
        .to_vec()
    },
    words: &[
        "https://evil.example/",
        "//evil.example",
        "https:\\\\evil.example",
        "HTTPS:/evil.example",
        "&sol;",
        "&colon;",
        "&#58;",
        "![",
        "](",
        "[x]: ",
        "<a href=",
        "\">",
        "<!--",
        "-->",
        "@all",
        "@mona",
        "`",
        "~~~",
        "\u{200b}",
        "\u{ad}",
        "evil\u{3002}example",
        "mailto:",
        "data:",
        "javascript:",
        "%2f%2f",
        "\\/",
        "#1",
        "afterhook:tsk_",
    ],
    check,
};

const PERSONA: &str =
    "You are a careful maintainer of https://docs.example.com and answer in short sentences.";

fn check(input: &[u8]) {
    let draft = text(input);
    let clean = processor::clean_draft(&draft, "mona", PERSONA);
    assert!(clean.len() <= 60_000, "{} bytes", clean.len());
    // As it is rendered: what stands in code leads nowhere.
    let html =
        markdown::to_html(&clean, markdown::Limit::chars(usize::MAX)).unwrap_or_default().to_lowercase();
    // In a text `<` is written as `&lt;`: what looks like an attribute there is none.
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        for attribute in ["href=\"", "src=\""] {
            for place in tag.split(attribute).skip(1) {
                // Browsers take one slash, or several, for two.
                let rest = place.strip_prefix("https:").or(place.strip_prefix("http:"));
                let rest = rest.or(place.starts_with("//").then_some(place));
                let host = rest.map(|rest| rest.trim_start_matches(['/', '\\']));
                assert!(host.is_none_or(|host| host.starts_with("docs.example.com")), "{attribute}{place}");
            }
        }
    }
}
