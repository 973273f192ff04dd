//! What of an exchange is kept: everything that was said, and of media only what identifies them.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// `exchange`, a request or a response, with the bytes of its media replaced by `{"sha256", "bytes"}`
/// of their content, and without the queries of files' addresses, in which signed ones carry the
/// right to read the file.
///
/// A transcript is kept for months and read by people: it must stay small, and open no door.
pub(crate) fn for_transcript(mut exchange: Value) -> Value {
    strip(&mut exchange);
    exchange
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(strip),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| strip_field(key, value)),
        _ => {}
    }
}

/// Proto JSON takes both spellings, and so may a gateway that repeats what it was sent.
fn strip_field(key: &str, value: &mut Value) {
    match (key, value) {
        ("inlineData" | "inline_data", Value::Object(data)) => replace(data, "data", digest),
        ("fileData" | "file_data", Value::Object(file)) => {
            replace(file, "fileUri", without_query);
            replace(file, "file_uri", without_query);
        }
        (_, other) => strip(other),
    }
}

fn replace(fields: &mut Map<String, Value>, key: &str, with: impl Fn(&str) -> Value) {
    if let Some(Value::String(text)) = fields.get(key) {
        let replacement = with(text);
        fields.insert(key.to_owned(), replacement);
    }
}

fn digest(data: &str) -> Value {
    // What is not base64 is identified as it stands.
    let content = BASE64.decode(data.as_bytes()).unwrap_or_else(|_| data.as_bytes().to_vec());
    json!({"sha256": HEXLOWER.encode(&Sha256::digest(&content)), "bytes": content.len()})
}

fn without_query(address: &str) -> Value {
    match address.split_once(['?', '#']) {
        Some((place, _)) => Value::from(format!("{place}?[removed]")),
        None => Value::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_replaced_by_what_identifies_them() {
        let request = json!({
            "systemInstruction": {"parts": [{"text": "Be kind."}]},
            "contents": [{"role": "user", "parts": [
                {"inlineData": {"mimeType": "image/png", "data": BASE64.encode(b"abc")}},
                {"inline_data": {"mime_type": "image/png", "data": "not base64!"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://b.example/a.pdf?X-Signature=SECRET"}},
                {"fileData": {"mimeType": "text/plain", "fileUri": "https://b.example/files/abc"}},
                {"text": "What is this?"}]}]
        });
        let kept = for_transcript(request.clone());
        let parts = &kept["contents"][0]["parts"];
        assert_eq!(
            parts[0],
            json!({"inlineData": {"mimeType": "image/png", "data": {"bytes": 3,
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}})
        );
        assert_eq!(parts[1]["inline_data"]["data"]["bytes"], 11);
        assert_eq!(parts[2]["fileData"]["fileUri"], "https://b.example/a.pdf?[removed]");
        assert_eq!(
            (&parts[3], &parts[4]),
            (&request["contents"][0]["parts"][3], &request["contents"][0]["parts"][4])
        );
        assert_eq!(kept["systemInstruction"], request["systemInstruction"]);
    }

    #[test]
    fn a_large_image_leaves_a_small_transcript() {
        let data = BASE64.encode(&vec![7; 1_000_000]);
        let kept = for_transcript(json!({"contents": [{"parts": [{"inlineData": {"data": data}}]}]}));
        assert!(kept.to_string().len() < 200);
    }

    #[test]
    fn what_holds_no_media_is_kept_as_it_is() {
        for odd in [json!("HTML"), json!(null), json!({"inlineData": 3}), json!([{"data": "x"}])] {
            assert_eq!(for_transcript(odd.clone()), odd);
        }
    }
}
