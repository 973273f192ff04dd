//! The signed bytes alone decide how a body is read, and what identifies it.

use crate::senders::{sample, sender};
use crate::support::{headers, opened};
use proptest::prelude::*;
use serde_json::{Value, json};
use webhook::{BodyForm, ParseError, Parsed, Provider, Received};

fn parse(provider: Provider, body: &[u8]) -> Result<Parsed, ParseError> {
    sender(provider).parse(&Received { event_hint: None, body })
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// An issue of somebody else's repository, as a form would carry it.
fn planted() -> String {
    let mut issue: Value = serde_json::from_slice(&opened()).unwrap();
    issue["repository"]["full_name"] = json!("victim/other");
    format!("&{}&", form(&[("payload", &issue.to_string())]))
}

#[test]
fn a_form_inside_the_text_of_signed_json_is_text() {
    let mut body: Value = serde_json::from_slice(&opened()).unwrap();
    body["issue"]["body"] = json!(planted());
    match parse(Provider::Github, body.to_string().as_bytes()) {
        Ok(Parsed::Event(event)) => {
            assert_eq!(event.tenant, "octo/tidepool");
            assert!(event.text.contains("&payload="));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_click_inside_the_text_of_a_signed_message_is_text() {
    let click = String::from_utf8(sample("slack/block_actions.form")).unwrap();
    let mut body: Value = serde_json::from_slice(&sample("slack/message.im.json")).unwrap();
    body["event"]["text"] = json!(format!("&{click}&"));
    assert!(matches!(parse(Provider::Slack, body.to_string().as_bytes()), Ok(Parsed::Event(_))));
    // A person writes the text of a slash command, and could write a click into it.
    let command = form(&[("token", "x"), ("command", "/ask"), ("text", "hi")]) + &format!("&{click}");
    assert_eq!(parse(Provider::Slack, command.as_bytes()), Ok(Parsed::Other("slash_command".to_owned())));
}

#[test]
fn the_field_that_a_form_begins_with_is_the_one_that_counts() {
    let text = String::from_utf8(opened()).unwrap();
    let body = form(&[("payload", &text)]) + &planted();
    match parse(Provider::Github, body.as_bytes()) {
        Ok(Parsed::Event(event)) => assert_eq!(event.tenant, "octo/tidepool"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_neither_are_nobodys() {
    for provider in Provider::ALL {
        for body in ["", " {}", "\u{feff}{}", "x=1", "x=1&payload=%7B%7D", "null", "7", "\"x\""] {
            let read = parse(*provider, body.as_bytes());
            assert!(matches!(read, Err(ParseError::NotJson(_))), "{} {body}", provider.name());
        }
        if !matches!(provider, Provider::Github | Provider::Slack) {
            let read = parse(*provider, b"payload=%7B%22id%22%3A1%7D");
            assert!(matches!(read, Err(ParseError::NotJson(_))), "{} sends no forms", provider.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever else stands in the bytes: how they begin is how they are read.
    #[test]
    fn what_a_body_begins_with_is_what_it_is(
        provider in prop::sample::select(Provider::ALL.to_vec()),
        begin in "(\\{|\\[|payload=|token=|command=|x=| |)", rest in "[a-z&=%{}\"0-9]{0,40}",
    ) {
        let body = format!("{begin}{rest}");
        let is_json = body.starts_with(['{', '[']);
        match provider.body_form(body.as_bytes()) {
            Some(BodyForm::Json) => prop_assert!(is_json),
            Some(BodyForm::Form) => prop_assert!(!is_json && provider.media_types().len() == 2),
            None => prop_assert!(!is_json),
        }
    }

    /// The identity is that of the event that is read: a form within JSON lends it nothing.
    #[test]
    fn a_planted_form_does_not_change_the_identity(id in "[a-zA-Z0-9]{1,20}") {
        let planted = format!("&{}&", form(&[("payload", &json!({"event_id": "planted"}).to_string())]));
        let body = json!({"type": "event_callback", "event_id": id, "text": planted}).to_string();
        let received = Received { event_hint: None, body: body.as_bytes() };
        let found = sender(Provider::Slack).identity(&received, &headers(&[])[..]).into_owned();
        prop_assert_eq!(found, id.into_bytes());
    }
}
