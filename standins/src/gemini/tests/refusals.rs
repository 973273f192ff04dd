//! What is refused, and in which form; and that no request does harm.

use http::Request;
use proptest::prelude::*;
use serde_json::json;

use super::{FLASH, ask, get, post, request, send};
use crate::gemini::GeminiStandin;

#[tokio::test]
async fn keys_are_checked() {
    let gemini = GeminiStandin::new();
    let with = async |key: &[&str]| {
        let builder = key.iter().fold(Request::post(FLASH), |it, key| it.header("x-goog-api-key", *key));
        send(&gemini, builder, ask("x").to_string()).await
    };
    let missing = with(&[]).await;
    assert_eq!((missing.status, &missing.json()["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let invalid = with(&["INVALID"]).await;
    assert_eq!(invalid.status, 400);
    assert_eq!(invalid.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    assert_eq!(with(&["anything"]).await.status, 200);
}

#[tokio::test]
async fn broken_json_is_a_400_in_googles_form() {
    let gemini = GeminiStandin::new();
    for body in ["{", "nonsense", "[]", "7", "{\"contents\":", "\u{0}"] {
        let reply = send(&gemini, request("POST", FLASH), body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.json()["error"]["status"], "INVALID_ARGUMENT", "{body}");
    }
}

#[tokio::test]
async fn unknown_models_methods_and_paths_are_404() {
    let gemini = GeminiStandin::new();
    let unknown = post(&gemini, "/v1/models/gemini-nope:generateContent", &ask("x")).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["error"]["message"].as_str().unwrap().starts_with(
        "models/gemini-nope is not found for API version v1, or is not supported for generateContent."
    ));
    assert!(unknown.json()["error"].get("details").is_none(), "details are absent rather than empty");
    for path in ["/v1/models/gemini-3.8-flash:fly", "/v1/models/gemini-3.8-flash:embedContent", "/v9/x", "/"]
    {
        assert_eq!(post(&gemini, path, &ask("x")).await.status, 404, "{path}");
    }
    assert_eq!(get(&gemini, "/v1/models/gemini-3.8-flash:generateContent").await.status, 404);
}

#[tokio::test]
async fn a_misspelt_field_is_refused_by_name_wherever_it_stands() {
    let gemini = GeminiStandin::new();
    let counted = r#"{"generateContentRequest":{"contents":[{"part":[]}]}}"#;
    for (path, body, name, place) in [
        (FLASH, r#"{"generationConfig":{"maxTokens":5}}"#, r#""maxTokens" at"#, "generation_config"),
        (PATHS[2], counted, r#""part" at"#, "generate_content_request.contents[0]"),
        (PATHS[2], r#"{"prompt":"x"}"#, r#""prompt":"#, ""),
        (PATHS[3], r#"{"ttll":"9s"}"#, r#""ttll":"#, ""),
    ] {
        let error = send(&gemini, request("POST", path), body).await.json()["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("Unknown name {name}")) && message.contains(place), "{message}");
        assert_eq!(error["details"][0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
        assert_eq!(error["details"][0]["fieldViolations"][0]["field"], place);
    }
}

const PATHS: &[&str] = &[
    FLASH,
    "/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse",
    "/v1/models/gemini-3.8-flash:countTokens",
    "/v1/cachedContents",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_does_harm(path in prop::sample::select(PATHS), body in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "\\PC{0,60}".prop_map(|text| json!({
            "contents": [{"parts": [{"text": text}]}], "model": text, "ttl": text,
        }).to_string().into_bytes()),
        "\\PC{0,60}".prop_map(|text| json!({
            "contents": [{"parts": [{"text": text}]}],
            "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {
                "properties": {"a": {"type": text, "enum": [text]}, "b": {"items": text, "required": text, "minItems": text},
                    "c": {"$ref": text}, "d": {"anyOf": text}, "e": {"type": [text], "properties": [7, null]}},
                "required": ["a", "b", "c", "d", "e", text],
            }},
        }).to_string().into_bytes()),
    ]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let gemini = GeminiStandin::new();
        let reply = runtime.block_on(send(&gemini, request("POST", path), body));
        prop_assert!(reply.status == 200 || (400..500).contains(&reply.status), "{}", reply.status);
        prop_assert_eq!(gemini.counters().in_flight, 0);
    }
}
