//! What of an exchange is kept: everything that was said, and of media only what identifies them.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// `exchange`, a request or a response, with the bytes of its media replaced by `{"sha256", "bytes"}` of their content.
///
/// A transcript is kept for months and read by people: it must stay small, and open no door.
pub(crate) fn for_transcript(mut exchange: Value) -> Value {
    strip(&mut exchange);
    exchange
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(strip),
        Value::Object(fields) => {
            for (key, value) in fields {
                // Proto JSON takes both spellings, and so may a gateway that repeats what it was sent.
                let inline = Some(&*value).filter(|_| matches!(key.as_str(), "inlineData" | "inline_data"));
                match inline.and_then(|inline| inline.get("data")?.as_str()).map(digest) {
                    Some(digest) => value["data"] = digest,
                    None => strip(value),
                }
            }
        }
        _ => {}
    }
}

fn digest(data: &str) -> Value {
    // What is not base64 is identified as it stands.
    let content = BASE64.decode(data.as_bytes()).unwrap_or_else(|_| data.as_bytes().to_vec());
    json!({"sha256": HEXLOWER.encode(&Sha256::digest(&content)), "bytes": content.len()})
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
        assert_eq!(parts[2], request["contents"][0]["parts"][2]);
        assert_eq!(kept["systemInstruction"], request["systemInstruction"]);
    }

    #[test]
    fn what_holds_no_media_is_kept_as_it_is() {
        for odd in [json!("HTML"), json!(null), json!({"inlineData": 3}), json!([{"data": "x"}])] {
            assert_eq!(for_transcript(odd.clone()), odd);
        }
    }
}
