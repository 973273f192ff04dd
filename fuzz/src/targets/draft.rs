//! The cleaner of drafts: nothing leads to a foreign place, and cleaning again changes nothing.

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
    assert_eq!(processor::clean_draft(&clean, "mona", PERSONA), clean, "once is enough");
    let lower = clean.to_lowercase();
    for scheme in ["http://", "https://"] {
        for (at, _) in lower.match_indices(scheme) {
            let (before, place) = (&lower[..at], &lower[at + scheme.len()..]);
            // What stands within another address belongs to its path; without a name behind it, it leads nowhere.
            let begins =
                before.chars().next_back().is_none_or(|c| c.is_whitespace() || "*_~(<[\"'|>".contains(c));
            let leads_on = begins && place.starts_with(|c: char| c.is_alphanumeric());
            assert!(!leads_on || place.starts_with("docs.example.com"), "{scheme}{place}");
        }
    }
    assert!(!lower.contains("<!--"), "{clean}");
}
