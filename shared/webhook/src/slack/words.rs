//! What a message says: its text, or what stands in its blocks alone; then what it forwards or unfolds.
//!
//! <https://docs.slack.dev/messaging/formatting-message-text>. The text is what Slack itself shows where it
//! cannot show blocks, and usually says the same. A forwarded message has its words in `attachments`.

use super::mrkdwn::plain;
use super::{blocks, rich_text};
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
        Some(text) => plain(text),
        None => blocks::text(message, "/blocks"),
    }
}

/// Whether the author of `message` mentions the account `id`.
pub(super) fn mention(message: JsonView<'_>, id: &str) -> bool {
    match message.text("/text") {
        Some(raw) => raw.contains(&format!("<@{id}>")) || raw.contains(&format!("<@{id}|")),
        None => rich_text::mentions(message, id),
    }
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
