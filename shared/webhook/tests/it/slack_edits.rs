//! What counts as an edit in Slack, and whose it is.

use crate::senders::{sample, sender};
use crate::support::patched;
use domain::{Event, Timestamp};
use serde_json::{Value, json};
use webhook::{Filter, IgnoreReason, ParseError, Parsed, Provider, Received};

fn parsed(body: &Value) -> Result<Parsed, ParseError> {
    let body = body.to_string();
    sender(Provider::Slack).parse(&Received { event_hint: None, body: body.as_bytes() })
}

fn event(body: &Value) -> Event {
    match parsed(body) {
        Ok(Parsed::Event(event)) => *event,
        other => panic!("no event: {other:?}"),
    }
}

fn edited() -> Value {
    serde_json::from_slice(&sample("slack/message.edited.json")).unwrap()
}

/// The edit of a reply in a channel.
fn edited_in_channel(text: &str) -> Value {
    let mut body = edited();
    body["event"]["channel"] = json!("C05SUPPORT");
    body["event"]["channel_type"] = json!("channel");
    body["event"]["message"]["thread_ts"] = json!("1795168800.204519");
    body["event"]["message"]["text"] = json!(text);
    body
}

/// What Slack sends again when somebody edits a message that mentions the bot.
fn edited_mention() -> Value {
    let body = sample("slack/app_mention.json");
    let text = json!("<@U05AFTERHK> since yesterday morning");
    let mut body: Value = serde_json::from_slice(&patched(&body, "/event/text", text)).unwrap();
    body["event"]["edited"] = json!({"user": "U05MONA123", "ts": "1795168860.000000"});
    body["event_id"] = json!("Ev05N1GHTLY05");
    body
}

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

fn ignored(event: &Event, events: &[&str]) -> Option<IgnoreReason> {
    let events = Some(events.iter().map(|name| (*name).to_owned()).collect());
    Filter { events, login: Some("U05AFTERHK".to_owned()), ..Filter::default() }.ignores(event)
}

#[test]
fn an_edit_is_the_same_comment_with_its_new_text_at_the_time_of_the_edit() {
    let before: Value = serde_json::from_slice(&sample("slack/message.im.json")).unwrap();
    let (before, now) = (event(&before), event(&edited()));
    assert_eq!(now.name, "message.edited");
    assert_eq!(now.text, "Can I get October's invoice as CSV?");
    assert_eq!((&now.comment_id, &now.target), (&before.comment_id, &before.target));
    assert_eq!((&now.thread, &now.tenant, &now.actor), (&before.thread, &before.tenant, &before.actor));
    assert_eq!(now.occurred_at, at(1_795_170_064));
    assert!(now.addressed);
}

#[test]
fn an_edit_belongs_to_the_thread_of_its_message() {
    let event = event(&edited_in_channel("It began with 4.1."));
    assert_eq!(event.thread, "T05HARBOR1/C05SUPPORT/1795168800.204519");
    assert_eq!(event.comment_id.as_deref(), Some("1795170000.000100"));
    assert!(!event.addressed);
}

#[test]
fn what_leaves_the_text_as_it_was_is_no_edit() {
    let nothing = Ok(Parsed::Other("message.message_changed".to_owned()));
    let mut unfolded = edited();
    unfolded["event"]["message"]["text"] = unfolded["event"]["previous_message"]["text"].clone();
    unfolded["event"]["message"]["attachments"] = json!([{"from_url": "https://tidepool.example"}]);
    assert_eq!(parsed(&unfolded), nothing);
    // Slack recognised a language; a parent was deleted.
    let mut unmarked = edited();
    unmarked["event"]["message"].as_object_mut().unwrap().remove("edited");
    assert_eq!(parsed(&unmarked), nothing);
    let mut deleted = edited();
    deleted["event"]["message"]["subtype"] = json!("tombstone");
    assert_eq!(parsed(&deleted), nothing);
}

#[test]
fn an_edit_whose_former_text_is_unknown_is_one() {
    let mut body = edited();
    body["event"].as_object_mut().unwrap().remove("previous_message");
    assert_eq!(event(&body).name, "message.edited");
}

#[test]
fn an_edit_that_lacks_what_names_it_is_unreadable() {
    for pointer in ["/event/message/ts", "/event/message/user", "/event/message/edited/ts", "/event/channel"]
    {
        let mut body = edited();
        *body.pointer_mut(pointer).unwrap() = json!("../x");
        assert!(matches!(parsed(&body), Err(ParseError::Unreadable(_))), "{pointer}");
    }
}

#[test]
fn edits_are_answered_only_where_agent_toml_says_so() {
    let edit = event(&edited());
    assert_eq!(ignored(&edit, &["message.im"]), Some(IgnoreReason::Unsubscribed));
    assert_eq!(ignored(&edit, &["message.im", "message.edited"]), None);
    let mention = event(&edited_mention());
    assert_eq!(ignored(&mention, &["app_mention"]), Some(IgnoreReason::Unsubscribed));
    assert_eq!(ignored(&mention, &["app_mention", "message.edited"]), None);
    let aside = event(&edited_in_channel("It began with 4.1."));
    assert_eq!(ignored(&aside, &["message.edited"]), Some(IgnoreReason::NotMentioned));
}

#[test]
fn an_edited_mention_that_slack_sends_in_two_ways_counts_once() {
    let mention = event(&edited_mention());
    assert_eq!((mention.name.as_str(), mention.occurred_at), ("message.edited", at(1_795_168_860)));
    assert_eq!(mention.comment_id.as_deref(), Some("1795168800.204519"));
    let message = event(&edited_in_channel("<@U05AFTERHK> it began with 4.1."));
    assert_eq!(ignored(&message, &["app_mention", "message.edited"]), None);
    assert_eq!(ignored(&message, &["message.channels", "message.edited"]), None);
}

#[test]
fn what_bots_and_the_agent_itself_change_is_ignored() {
    let mut ours = edited();
    ours["event"]["message"]["user"] = json!("U05AFTERHK");
    assert_eq!(ignored(&event(&ours), &["message.edited"]), Some(IgnoreReason::OwnAccount));
    let mut other = edited();
    other["event"]["message"]["bot_id"] = json!("B05SOMEBOT");
    assert_eq!(ignored(&event(&other), &["message.edited"]), Some(IgnoreReason::Bot));
}
