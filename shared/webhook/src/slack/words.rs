//! What a message says: its text, or what stands in its blocks alone; then what it forwards or unfolds.
//!
//! <https://docs.slack.dev/messaging/formatting-message-text>. The text is what Slack itself shows where it
//! cannot show blocks, and usually says the same. A forwarded message has its words in `attachments`.

use std::iter;

use markdown::html_as_text;

use super::mrkdwn::plain;
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
    match message.text("/text") {
        Some(text) => {
            let tables = blocks::tables(message, "/blocks");
            iter::once(plain(text)).chain(tables).collect::<Vec<_>>().join("\n\n")
        }
        None => blocks::text(message, "/blocks"),
    }
}

/// The accounts that the author of `message` speaks to: whoever is merely quoted is not meant.
pub(super) fn spoken_to(message: JsonView<'_>) -> Vec<String> {
    match (rich_text::mentioned(message), message.text("/text")) {
        (Some(accounts), _) => accounts,
        (None, Some(raw)) => {
            let text = plain(raw);
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
    let message = attachment.items("/message_blocks").map(|it| blocks::text(it, "/message/blocks"));
    let fields = attachment.items("/fields").filter_map(|field| {
        let value = plain(field.text("/value")?);
        Some(field.text("/title").map_or_else(|| value.clone(), |title| format!("{title}: {value}")))
    });
    let text = attachment.text("/text").map(plain);
    let own: Vec<String> = match text {
        Some(text) => vec![text],
        None => {
            message.chain([blocks::text(attachment, "/blocks")]).filter(|text| !text.is_empty()).collect()
        }
    };
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
    fn the_text_is_read_where_there_is_one() {
        let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "in blocks"}}]);
        let both = json!({"text": "in *text*", "blocks": blocks});
        assert_eq!(all(JsonView(&both)), "in *text*");
        let alone = json!({"text": "", "blocks": blocks});
        assert_eq!(all(JsonView(&alone)), "in blocks");
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
        assert_eq!(all(JsonView(&json!({"text": "see", "blocks": [table]}))), "see\n\n| a |\n|-|");
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
