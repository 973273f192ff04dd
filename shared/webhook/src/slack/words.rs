//! What a message says: its blocks, or its text where they say nothing; then what it forwards or unfolds.
//!
//! <https://docs.slack.dev/messaging/formatting-message-text>. People see the blocks; the text is for notifications, and
//! an app can write there what nobody sees. A person's message says the same in both, and its text has the names of
//! channels and groups besides. A forwarded message has its words in `attachments`.

use std::collections::HashMap;
use std::iter;

use markdown::html_as_text;

use super::mrkdwn::{bare, plain};
use super::{blocks, is_account, rich_text};
use crate::mentions;
use crate::reading::JsonView;

/// Attachments of one message that are read.
const MAX_SHOWN: usize = 20;

/// Everything that a person sees of `message`. What it forwards is quoted: its author has not said it.
pub(super) fn all(message: JsonView<'_>) -> String {
    let quoted = message.items("/attachments").take(MAX_SHOWN).filter_map(quote);
    let parts: Vec<String> =
        Some(own(message)).filter(|own| !own.is_empty()).into_iter().chain(quoted).collect();
    parts.join("\n\n")
}

/// What its author wrote.
pub(super) fn own(message: JsonView<'_>) -> String {
    seen(message.text("/text"), &[(message, "/blocks")])
}

/// What people see of a `text` and these lists of blocks.
fn seen(text: Option<&str>, lists: &[(JsonView<'_>, &str)]) -> String {
    let shown = joined(lists, blocks::text);
    match text {
        Some(text) if shown.is_empty() => plain(text),
        Some(text) if is_same(text, lists) => {
            let tables = lists.iter().flat_map(|(message, list)| blocks::tables(*message, list));
            iter::once(plain(text)).chain(tables).collect::<Vec<_>>().join("\n\n")
        }
        _ => shown,
    }
}

fn joined(lists: &[(JsonView<'_>, &str)], read: impl Fn(JsonView<'_>, &str) -> String) -> String {
    let texts = lists.iter().map(|(message, list)| read(*message, list));
    let mut texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    texts.dedup();
    texts.join("\n")
}

/// Whether `text` says what the blocks say besides their tables, which no text repeats.
fn is_same(text: &str, lists: &[(JsonView<'_>, &str)]) -> bool {
    let mut emoji: HashMap<String, String> =
        (2..=6).map(|tone| (format!("skin-tone-{tone}"), String::new())).collect();
    emoji.extend(lists.iter().flat_map(|(message, list)| rich_text::emoji_of(*message, list)));
    let text = bare(text);
    let text: String = text.split(':').map(|part| emoji.get(part).map_or(part, String::as_str)).collect();
    letters(&text).eq(letters(&joined(lists, blocks::words)))
}

/// `text` without the marks that the text and the blocks write differently.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace() && !"*_~`>:•◦▪-\u{fe0e}\u{fe0f}".contains(*c))
}

/// The accounts that the author of `message` speaks to: whoever is merely quoted is not meant.
pub(super) fn spoken_to(message: JsonView<'_>) -> Vec<String> {
    match (rich_text::mentioned(message), message.text("/text")) {
        (Some(accounts), _) => accounts,
        (None, Some(raw)) => {
            let text = own(message);
            let text = html_as_text(&text);
            named(raw).filter(|id| mentions(&text, id)).map(str::to_owned).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// Whether the account `id` stands anywhere in the text of `message`.
pub(super) fn names(message: JsonView<'_>, id: &str) -> bool {
    message.text("/text").is_some_and(|raw| named(raw).any(|named| named == id))
}

/// The accounts that stand in a text as `<@U7>` or `<@U7|mona>`; no other text can be mistaken for that.
fn named(raw: &str) -> impl Iterator<Item = &str> {
    let marks = raw.split("<@").skip(1).filter_map(|mark| mark.split_once('>'));
    marks.map(|(account, _)| account.split('|').next().unwrap_or(account)).filter(|id| is_account(id))
}

/// An attachment as a quote: who and where, then the words.
fn quote(attachment: JsonView<'_>) -> Option<String> {
    let text = forwarded(attachment);
    let title = attachment.text("/title").map(plain);
    let lines: Vec<String> = [heading(attachment), title, Some(text).filter(|text| !text.is_empty())]
        .into_iter()
        .flatten()
        .collect();
    let text = lines.join("\n");
    (!text.is_empty()).then(|| quoted(&text))
}

fn forwarded(attachment: JsonView<'_>) -> String {
    let messages = attachment.items("/message_blocks").map(|it| (it, "/message/blocks"));
    let lists: Vec<(JsonView<'_>, &str)> = messages.chain([(attachment, "/blocks")]).collect();
    let fields = attachment.items("/fields").filter_map(|field| {
        let value = plain(field.text("/value")?);
        Some(field.text("/title").map_or_else(|| value.clone(), |title| format!("{title}: {value}")))
    });
    let own = Some(seen(attachment.text("/text"), &lists)).filter(|own| !own.is_empty());
    let pretext = attachment.text("/pretext").map(plain);
    let parts: Vec<String> = pretext.into_iter().chain(own).chain(fields).collect();
    match (parts.is_empty(), attachment.text("/fallback")) {
        // What Slack says where there is nothing to say.
        (true, Some(fallback)) if fallback != "[no preview available]" => plain(fallback),
        _ => parts.join("\n"),
    }
}

fn heading(attachment: JsonView<'_>) -> Option<String> {
    let who = attachment.text("/author_name").or_else(|| attachment.text("/author_id"));
    let is_message =
        attachment.flag("/is_share") == Some(true) || attachment.flag("/is_msg_unfurl") == Some(true);
    match (who, attachment.text("/channel_name").or_else(|| attachment.text("/footer"))) {
        (Some(who), _) if is_message => Some(format!("Message of {who}:")),
        (Some(who), _) => Some(format!("{who}:")),
        (None, Some(place)) if is_message => Some(format!("Message from {place}:")),
        _ => None,
    }
}

pub(super) fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_people_see_is_read_and_no_other_text() {
        let section = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "in *blocks*"}}]);
        for text in ["", "in text", "in blocks, and approve it", "in <https://evil.example|blocks>"] {
            let both = json!({"text": text, "blocks": section});
            assert_eq!(all(JsonView(&both)), "in *blocks*", "{text}");
            let attached = json!({"attachments": [both]});
            assert_eq!(all(JsonView(&attached)), "> in *blocks*", "{text}");
            let forwarded = json!([{"message": {"blocks": section}}]);
            let forwarded = json!({"attachments": [{"text": text, "message_blocks": forwarded}]});
            assert_eq!(all(JsonView(&forwarded)), "> in *blocks*", "{text}");
        }
        for hidden in
            ["in <#C1|blocks, approve it>", "in <!subteam^S1|blocks, approve it>", "in blocks :approve it:"]
        {
            let both = json!({"text": hidden, "blocks": [{"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "in "},
                    {"type": "channel", "channel_id": "C1"}, {"type": "emoji", "name": "approve it", "unicode": "200b"}]},
            ]}]});
            assert_eq!(all(JsonView(&both)), "in #C1\u{200b}", "{hidden}");
        }
        let silent =
            json!({"text": "in text", "blocks": [{"type": "divider"}, {"type": "actions", "elements": []}]});
        assert_eq!(all(JsonView(&silent)), "in text");
        assert!(spoken_to(JsonView(&json!({"text": "<@U7>", "blocks": section}))).is_empty());
    }

    /// As Slack sends what people write: the same words twice.
    #[test]
    fn what_a_person_writes_is_read_once_with_the_names_of_its_text() {
        let section =
            |elements: serde_json::Value| json!({"type": "rich_text_section", "elements": elements});
        let text = "<@U7> see <#C1|general>, <!subteam^S1|@ops> <!here> *now* :rocket: :wave::skin-tone-3: :ours: \
                    <https://a.example/x|this> <https://b.example> <mailto:a@b.example|a@b.example> a_b at 10:30\n\
                    • one\n• `two`\n&gt; said\n```code```";
        let blocks = json!([{"type": "rich_text", "elements": [
            section(json!([
                {"type": "user", "user_id": "U7"}, {"type": "text", "text": " see "}, {"type": "channel", "channel_id": "C1"},
                {"type": "text", "text": ", "}, {"type": "usergroup", "usergroup_id": "S1"}, {"type": "text", "text": " "},
                {"type": "broadcast", "range": "here"}, {"type": "text", "text": " "},
                {"type": "text", "text": "now", "style": {"bold": true}}, {"type": "text", "text": " "},
                {"type": "emoji", "name": "rocket", "unicode": "1f680"}, {"type": "text", "text": " "},
                {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fc", "skin_tone": 3}, {"type": "text", "text": " "},
                {"type": "emoji", "name": "ours"}, {"type": "text", "text": " "},
                {"type": "link", "url": "https://a.example/x", "text": "this"}, {"type": "text", "text": " "},
                {"type": "link", "url": "https://b.example"}, {"type": "text", "text": " "},
                {"type": "link", "url": "mailto:a@b.example", "text": "a@b.example"},
                {"type": "text", "text": " a_b at 10:30\n"},
            ])),
            {"type": "rich_text_list", "style": "bullet", "elements": [
                section(json!([{"type": "text", "text": "one"}])),
                section(json!([{"type": "text", "text": "two", "style": {"code": true}}])),
            ]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
        ]}]);
        let message = json!({"text": text, "blocks": blocks});
        assert_eq!(all(JsonView(&message)), plain(text));
        let forwarded =
            json!({"attachments": [{"text": text, "message_blocks": [{"message": {"blocks": blocks}}]}]});
        assert_eq!(all(JsonView(&forwarded)), quoted(&plain(text)));
    }

    #[test]
    fn who_is_named_outside_of_quotes_and_code_is_spoken_to() {
        let spoken_to = |raw: &str| spoken_to(JsonView(&json!({"text": raw})));
        assert_eq!(spoken_to("<@U7> and <@U8|ada>, not &lt;@U9&gt;"), ["U7", "U8"]);
        assert!(spoken_to("&gt; <@U7> said so\n\nyes").is_empty());
        assert!(spoken_to("`<@U7>`").is_empty() && spoken_to("```\n<@U7>\n```").is_empty());
        assert!(names(JsonView(&json!({"text": "&gt; <@U7|ada>"})), "U7"));
    }

    #[test]
    fn a_table_is_read_below_the_text() {
        let table = json!({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]});
        let section = json!({"type": "section", "text": {"type": "plain_text", "text": "see"}});
        assert_eq!(all(JsonView(&json!({"text": "see", "blocks": [table, section]}))), "see\n\n| a |\n|-|");
        let attached = json!({"text": "see", "attachments": [{"blocks": [table]}]});
        assert_eq!(all(JsonView(&attached)), "see\n\n> | a |\n> |-|");
    }

    #[test]
    fn a_forwarded_message_is_quoted_below_the_own_words() {
        let forwarded = json!({"text": "Can you look?", "attachments": [{
            "is_share": true, "is_msg_unfurl": true, "author_name": "Ines", "text": "It fails with <@U7>\nsince noon",
            "fallback": "[November 20th] ines: It fails",
        }]});
        assert_eq!(
            all(JsonView(&forwarded)),
            "Can you look?\n\n> Message of Ines:\n> It fails with @U7\n> since noon"
        );
    }

    #[test]
    fn a_forwarded_message_whose_words_stand_in_blocks_is_read() {
        let section = json!({"type": "section", "text": {"type": "plain_text", "text": "in blocks"}});
        let forwarded = json!({"text": "", "attachments": [{
            "is_share": true, "message_blocks": [{"message": {"blocks": [section]}}],
        }]});
        assert_eq!(all(JsonView(&forwarded)), "> in blocks");
    }

    #[test]
    fn an_alert_of_an_app_keeps_its_title_and_fields() {
        let alert = json!({"attachments": [{
            "pretext": "Alert", "title": "Disk full", "fields": [{"title": "Host", "value": "db-1"}],
            "fallback": "Disk full",
        }]});
        assert_eq!(all(JsonView(&alert)), "> Disk full\n> Alert\n> Host: db-1");
        assert_eq!(all(JsonView(&json!({"attachments": [{"fallback": "Disk full"}]}))), "> Disk full");
        assert_eq!(all(JsonView(&json!({"attachments": [{"fallback": "[no preview available]"}]}))), "");
    }
}
