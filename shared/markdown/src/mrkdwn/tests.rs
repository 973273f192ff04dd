//! mrkdwn: what Markdown becomes, and read back as text.

use proptest::prelude::*;

use super::*;

fn mrkdwn(markdown: &str) -> String {
    to_mrkdwn(markdown, Limit::chars(40_000))
}

#[test]
fn inline_marks_are_translated() {
    for (markdown, expected) in [
        ("**bold** and *it* and _it_", "*bold* and _it_ and _it_"),
        ("~~gone~~ `a < b`", "~gone~ `a &lt; b`"),
        ("[docs](https://x.example/a?b=c&d=e)", "<https://x.example/a?b=c&amp;d=e|docs>"),
        ("<https://x.example>", "<https://x.example|https://x.example>"),
        ("![a cat](https://x.example/c.png)", "<https://x.example/c.png|a cat>"),
        ("![](https://x.example/c.png)", "<https://x.example/c.png>"),
        ("[a](javascript:x)", "a"),
        ("[a|b](https://x.example/%7C)", "<https://x.example/%7C|a/b>"),
        ("snake_case & 2 * 3", "snake_case &amp; 2 * 3"),
        ("# A **b** c", "*A b c*"),
        ("one\ntwo", "one\ntwo"),
    ] {
        assert_eq!(mrkdwn(markdown), expected, "{markdown}");
    }
}

#[test]
fn bold_next_to_letters_shows_no_raw_marks() {
    assert_eq!(mrkdwn("これは**重要**です"), "これは\u{200B}*重要*\u{200B}です");
    assert_eq!(mrkdwn("un*believ*able"), "un\u{200B}_believ_\u{200B}able");
    assert_eq!(mrkdwn("**a\nb**"), "*a*\n*b*");
}

#[test]
fn signs_of_the_text_itself_are_no_marks() {
    assert_eq!(mrkdwn("\\*not bold\\* and \\_so\\_"), "*\u{200B}not bold* and _\u{200B}so_");
    assert_eq!(mrkdwn("`*a*` `_b_`\n\n```\n*c* ~d~\n```"), "`*a*` `_b_`\n\n```\n*c* ~d~\n```");
    assert_eq!(
        mrkdwn("<https://x.example/_a_/*b*>"),
        "<https://x.example/_a_/*b*|https://x.example/_\u{200B}a_/*\u{200B}b*>"
    );
}

#[test]
fn tables_tasks_notes_and_alerts_are_readable() {
    assert_eq!(
        mrkdwn("| a | **b** |\n|---|--:|\n| [c](https://x.example) | `<d>` |"),
        "```\na                     |   b\n----------------------+----\nc (https://x.example) | &lt;d&gt;\n```"
    );
    assert_eq!(mrkdwn("- [x] a\n- [ ] b\n- c"), "☑ a\n☐ b\n• c");
    assert_eq!(mrkdwn("a[^1]\n\n[^1]: b"), "a[1]\n\n[1] b");
    assert_eq!(mrkdwn("> [!NOTE]\n> a"), "> Note: a");
}

#[test]
fn tags_that_change_the_look_alone_are_not_shown() {
    assert_eq!(mrkdwn("a<br>b <kbd>Ctrl</kbd>"), "a\nb Ctrl");
    assert_eq!(mrkdwn("| a |\n|---|\n| b<br>c |"), "```\na\n---\nb c\n```");
    let hidden = "x\n\n<details><summary>More</summary>\n\nhidden\n\n</details>\n\nend";
    assert_eq!(mrkdwn(hidden), "x\n\nMore\n\nhidden\n\nend");
    assert_eq!(mrkdwn("<img src=x>"), "&lt;img src=x&gt;");
}

#[test]
fn blocks_are_translated() {
    assert_eq!(
        mrkdwn("# Head\nText\n\n- a\n- b\n  - c\n\n3. x\n4. y\n\n> q1\n> q2\n\n---\nend"),
        "*Head*\n\nText\n\n• a\n• b\n    • c\n\n3. x\n4. y\n\n> q1\n> q2\n\n———\n\nend"
    );
    assert_eq!(mrkdwn("```rust\nlet a = b < c;\n```\nafter"), "```\nlet a = b &lt; c;\n```\n\nafter");
    assert_eq!(mrkdwn("- a\n\n  more\n- b"), "• a\n    more\n• b");
}

#[test]
fn nobody_can_be_mentioned_and_no_link_dressed_up() {
    assert_eq!(mrkdwn("hi <!channel> <@U123> &lt;!here>"), "hi &lt;!channel&gt; &lt;@U123&gt; &lt;!here&gt;");
    assert_eq!(mrkdwn("<https://x.example|bank>"), "<https://x.example%7Cbank|https://x.example/bank>");
    assert_eq!(
        mrkdwn("[a](<https://x.example/><!channel>>)"),
        "[a](<https://x.example/|https://x.example/>&lt;!channel&gt;&gt;)"
    );
}

#[test]
fn a_fence_within_a_code_block_does_not_end_it() {
    let out = mrkdwn("~~~\n```\n*x*\n~~~");
    assert_eq!(out.matches("```").count(), 2, "{out}");
}

#[test]
fn backticks_within_code_stay_what_they_are() {
    for (markdown, expected) in [
        ("`` a`b ``", "```\na`b\n```"),
        ("`` `id` ``", "```\n`id`\n```"),
        ("Run `` echo `date` `` now.\n\nThen `x`.", "Run\n```\necho `date`\n```\nnow.\n\nThen `x`."),
        ("one `` ` ``\ntwo", "one\n```\n`\n```\ntwo"),
        ("**bold `` a`b `` more**", "*bold*\n```\na`b\n```\n*more*"),
        ("**`` a`b ``** _`` c`d ``_ e", "```\na`b\n```\n```\nc`d\n```\ne"),
        ("# Use `` a`b ``\n\nx", "*Use*\n```\na`b\n```\n\nx"),
        ("- `` a`b ``\n- c", "• ```\n    a`b\n    ```\n• c"),
        ("`` a`b `` [x](https://x.example)", "```\na`b\n```\n<https://x.example|x>"),
        ("[`` a`b ``](https://x.example)", "<https://x.example|a`b>"),
        ("`` a`b `` `c` <kbd>d</kbd>", "```\na`b\n```\n`c` d"),
        ("> `` a`b ``\n\nc", "> ```\n> a`b\n> ```\n\nc"),
    ] {
        assert_eq!(mrkdwn(markdown), expected, "{markdown}");
    }
}

#[test]
fn code_that_slack_cannot_show_as_it_is_says_so() {
    for markdown in ["~~~\n```\nx\n~~~", "````` a```b `````", "| a |\n|---|\n| ```` b```c ```` |"] {
        let out = mrkdwn(markdown);
        assert!(out.contains("invisible characters"), "{out}");
        assert_eq!(out.replace(['\u{200b}', '\n'], "").matches("```").count(), 3, "{out}");
    }
    assert!(!mrkdwn("```\nx\n```").contains("invisible"));
}

#[test]
fn a_long_text_is_cut_visibly_with_its_code_closed() {
    for text in ["a".repeat(70_000), "é\n\n".repeat(40_000), format!("```\n{}", "& <\n".repeat(30_000))] {
        let out = mrkdwn(&text);
        assert!((35_000..=40_000).contains(&out.chars().count()), "{}", out.chars().count());
        assert!(out.ends_with(CUT));
        assert_eq!(out.matches("```").count() % 2, 0);
    }
}

#[test]
fn many_spans_with_backticks_cost_little() {
    let began = std::time::Instant::now();
    let out = convert(&"`` a`b `` x ".repeat(20_000));
    assert_eq!(out.matches("a`b").count(), 20_000);
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn deep_nesting_is_flattened_at_little_cost() {
    let began = std::time::Instant::now();
    for deep in ["- ".repeat(20_000), "> ".repeat(20_000)] {
        let out = mrkdwn(&format!("{deep}x"));
        assert!(out.ends_with('x') && out.len() < 1_000, "{}", out.len());
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

proptest! {
    #[test]
    fn angle_brackets_are_only_those_of_allowed_links(text in "[<>a!@U|\\[\\]()\"`& \n/:*_#~-]{0,60}") {
        let out = mrkdwn(&text);
        for tag in out.split('<').skip(1) {
            prop_assert!(tag.starts_with("http") || tag.starts_with("mailto:"), "{out}");
        }
    }
}

#[test]
fn mrkdwn_is_read_as_text() {
    for (mrkdwn, expected) in [
        (
            "<@U123> see <https://x.example|the docs> &amp; <#C1|general>",
            "@U123 see the docs (https://x.example) & #general",
        ),
        ("<!here> <!subteam^S1|@ops> <https://x.example> <@U1|mona>", "@here @ops https://x.example @mona"),
        ("a &lt;b&gt; &amp;lt; < c", "a <b> &lt; < c"),
        ("<>", ""),
    ] {
        assert_eq!(mrkdwn_to_text(mrkdwn), expected, "{mrkdwn}");
    }
}

#[test]
fn what_was_written_is_read_back() {
    assert_eq!(
        mrkdwn_to_text(&mrkdwn("a <b> & &amp;lt; [x](https://x.example)")),
        "a <b> & &lt; x (https://x.example)"
    );
}
