//! The converters of Markdown, and what is read back from the services.

use std::hint::black_box;

use markdown::{Limit, adf_to_text, mrkdwn_to_text, to_adf, to_inert_html, to_mrkdwn};
use serde_json::Value;

use super::text;
use crate::Target;
use crate::busy::busy;

pub(super) const TARGET: Target = Target {
    name: "markdown",
    seeds: || {
        let document = to_adf(
            "# A\n\n- b\n  1. [c](https://d.example)\n\n> e `f`\n\n```g\nh\n```",
            Limit::chars(10_000),
        );
        vec![
            b"# A\n\n- b **c** _d_ ~e~\n  1. [f](https://g.example \"t\")\n\n> h `i`\n\n```j\nk\n```\n\n| l | m |\n|-|-|\n| n | o |".to_vec(),
            b"*bold* _it_ ~s~ <https://a.example|b> <@U1> <!here> <#C1|c> `d` &amp; ```e```".to_vec(),
            document.to_string().into_bytes(),
        ]
    },
    words: &[
        "```",
        "~~~",
        "    ",
        "> ",
        "- ",
        "1. ",
        "[",
        "](",
        ")",
        "![",
        "<",
        ">",
        "|",
        "|-|-|\n",
        "**",
        "__",
        "~~",
        "`",
        "&amp;",
        "<!channel>",
        "<@U1>",
        "\\",
        "\n\n",
        "[^1]",
        "[x]: ",
        "<div>",
        "<script>",
        "content",
        "type",
        "marks",
        "attrs",
        "text",
    ],
    check,
};

const LIMIT: Limit = Limit::chars(3_000);

fn check(input: &[u8]) {
    let text = text(input);
    let began = busy();
    let (html, mrkdwn, adf) = (to_inert_html(&text, LIMIT), to_mrkdwn(&text, LIMIT), to_adf(&text, LIMIT));
    let took = busy().saturating_sub(began);
    assert!(took.as_secs() < 2, "{took:?}");
    // HTML has about that many bytes, mrkdwn that many characters, and a document that many of text.
    assert!(LIMIT.fits(&html) && LIMIT.fits(&mrkdwn), "{} {}", html.len(), mrkdwn.len());
    assert!(serde_json::to_vec(&adf).unwrap().len() <= 400 * LIMIT.max());
    assert!(!html.to_lowercase().contains("<script"), "{html}");
    assert!(!mrkdwn.contains("<!channel>") && !mrkdwn.contains("<@U1>"), "{mrkdwn}");
    black_box(mrkdwn_to_text(&text));
    if let Ok(document) = serde_json::from_slice::<Value>(input) {
        black_box(adf_to_text(&document));
    }
    black_box(adf_to_text(&adf));
}
