//! Rich text, as people write it in Slack, as Markdown.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>

use markdown::{code_span, fenced};

use super::words::quoted;
use crate::reading::JsonView;

/// Deeper lists are shown at this depth.
const MAX_INDENT: usize = 8;

/// The text of a `rich_text` block.
pub(super) fn text(block: JsonView<'_>) -> String {
    let parts = block.items("/elements").map(part).filter(|text| !text.trim().is_empty());
    parts.map(|text| text.trim_end_matches('\n').to_owned()).collect::<Vec<_>>().join("\n")
}

/// The accounts that the author of `message` mentions in rich text, and does not merely quote; `None` where there is no
/// rich text.
pub(super) fn mentioned(message: JsonView<'_>) -> Option<Vec<String>> {
    let is_rich = |block: &JsonView<'_>| block.text("/type") == Some("rich_text");
    message.items("/blocks").find(is_rich)?;
    let parts = message.items("/blocks").filter(is_rich).flat_map(|block| block.items("/elements"));
    let said = parts.flat_map(sections).flat_map(|section| section.items("/elements"));
    let users = said.filter(|it| it.text("/type") == Some("user") && it.flag("/style/code") != Some(true));
    Some(users.filter_map(|it| it.string("/user_id")).collect())
}

/// The emoji in the rich text among the blocks listed at `list`: what Slack's texts call each, and how it is read here.
pub(super) fn emoji_of(message: JsonView<'_>, list: &str) -> Vec<(String, String)> {
    let rich = message.items(list).filter(|block| block.text("/type") == Some("rich_text"));
    let parts: Vec<JsonView<'_>> = rich.flat_map(|block| block.items("/elements")).collect();
    let sections = parts.iter().flat_map(|part| part.items("/elements")).flat_map(|it| it.items("/elements"));
    let elements = parts.iter().flat_map(|part| part.items("/elements")).chain(sections);
    let emojis = elements.filter(|it| it.text("/type") == Some("emoji"));
    let name = |it: &JsonView<'_>| it.string("/name").filter(|name| !name.contains(char::is_whitespace));
    emojis.filter_map(|it| Some((name(&it)?, emoji(it)))).collect()
}

/// The sections of `part` in which its author speaks.
fn sections<'v>(part: JsonView<'v>) -> Vec<JsonView<'v>> {
    match part.text("/type") {
        Some("rich_text_section") => vec![part],
        Some("rich_text_list") => part.items("/elements").collect(),
        _ => Vec::new(),
    }
}

fn part(part: JsonView<'_>) -> String {
    match part.text("/type") {
        Some("rich_text_list") => list(part),
        Some("rich_text_quote") => quoted(&inline(part)),
        Some("rich_text_preformatted") => fenced("", &inline(part)),
        _ => inline(part),
    }
}

fn list(list: JsonView<'_>) -> String {
    let indent = list.number("/indent").and_then(|indent| usize::try_from(indent).ok()).unwrap_or(0);
    let indent = "   ".repeat(indent.min(MAX_INDENT));
    let first = list.number("/offset").unwrap_or(0);
    let is_ordered = list.text("/style") == Some("ordered");
    let items = (first..).zip(list.items("/elements")).map(|(index, item)| {
        let mark = if is_ordered { format!("{}.", index.saturating_add(1)) } else { "-".to_owned() };
        format!("{indent}{mark} {}", inline(item).trim_end())
    });
    items.collect::<Vec<_>>().join("\n")
}

fn inline(section: JsonView<'_>) -> String {
    section.items("/elements").map(element).collect()
}

fn element(element: JsonView<'_>) -> String {
    let named = |mark: char, id: &str| format!("{mark}{}", element.text(id).unwrap_or_default());
    match element.text("/type") {
        Some("user") => named('@', "/user_id"),
        Some("usergroup") => named('@', "/usergroup_id"),
        Some("team") => named('@', "/team_id"),
        Some("broadcast") => named('@', "/range"),
        Some("channel") => named('#', "/channel_id"),
        Some("emoji") => emoji(element),
        Some("link") => match (element.text("/text"), element.text("/url")) {
            (Some(text), Some(url)) if !url.ends_with(text) => format!("{text} ({url})"),
            (_, url) => {
                url.map(|url| url.strip_prefix("mailto:").unwrap_or(url)).unwrap_or_default().to_owned()
            }
        },
        Some("date") => element.string("/fallback").unwrap_or_default(),
        Some("color") => element.string("/value").unwrap_or_default(),
        _ => styled(element, element.0.get("text").and_then(serde_json::Value::as_str).unwrap_or_default()),
    }
}

/// Only code is marked: what stands in it is not said to anybody.
fn styled(element: JsonView<'_>, text: &str) -> String {
    if element.flag("/style/code") == Some(true) && !text.is_empty() {
        code_span(text)
    } else {
        text.to_owned()
    }
}

/// `1f680` is 🚀; one of the workspace's own stays `:name:`.
fn emoji(element: JsonView<'_>) -> String {
    let points = element.text("/unicode").unwrap_or_default().split('-');
    let spelt: Option<String> =
        points.map(|point| u32::from_str_radix(point, 16).ok().and_then(char::from_u32)).collect();
    spelt.unwrap_or_else(|| format!(":{}:", element.text("/name").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn section(kind: &str, elements: &serde_json::Value) -> serde_json::Value {
        json!({"type": kind, "elements": elements})
    }

    #[test]
    fn rich_text_is_markdown() {
        let word = |text: &str| json!([{"type": "text", "text": text}]);
        let mut steps = section(
            "rich_text_list",
            &json!([
                section("rich_text_section", &word("start")),
                section("rich_text_section", &word("stop"))
            ]),
        );
        steps["style"] = json!("ordered");
        steps["offset"] = json!(2);
        let block = json!({"type": "rich_text", "elements": [
            section("rich_text_section", &json!([
                {"type": "user", "user_id": "U7"}, {"type": "text", "text": " see "},
                {"type": "link", "url": "https://a.example", "text": "this"}, {"type": "text", "text": " and "},
                {"type": "text", "text": "@x", "style": {"code": true}}, {"type": "text", "text": " "},
                {"type": "emoji", "name": "rocket", "unicode": "1f680"}, {"type": "emoji", "name": "ours"},
                {"type": "broadcast", "range": "here"}, {"type": "channel", "channel_id": "C1"},
            ])),
            section("rich_text_quote", &word("one\ntwo")),
            section("rich_text_preformatted", &word("code\n")),
            steps,
        ]});
        assert_eq!(
            text(JsonView(&block)),
            "@U7 see this (https://a.example) and `@x` 🚀:ours:@here#C1\n> one\n> two\n```\ncode\n```\n3. start\n4. stop"
        );
    }

    #[test]
    fn a_mention_counts_where_it_is_said_and_not_where_it_is_quoted() {
        let user = json!([{"type": "user", "user_id": "U7"}]);
        let message =
            |part: serde_json::Value| json!({"blocks": [{"type": "rich_text", "elements": [part]}]});
        let mentioned = |part| mentioned(JsonView(&message(part))).unwrap();
        assert_eq!(mentioned(section("rich_text_section", &user)), ["U7"]);
        let item = json!([section("rich_text_section", &user)]);
        assert_eq!(mentioned(section("rich_text_list", &item)), ["U7"]);
        for unsaid in ["rich_text_quote", "rich_text_preformatted"] {
            assert!(mentioned(section(unsaid, &user)).is_empty());
        }
        let code = json!([{"type": "user", "user_id": "U7", "style": {"code": true}}]);
        assert!(mentioned(section("rich_text_section", &code)).is_empty());
        assert_eq!(super::mentioned(JsonView(&json!({"text": "<@U7>"}))), None);
    }
}
