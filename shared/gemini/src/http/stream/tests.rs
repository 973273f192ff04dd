//! Tests of the folding of streams.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::{EventReader, GenerateContentResponse};

fn fold(chunks: impl IntoIterator<Item = Value>) -> Value {
    let mut folded = Folded::default();
    for chunk in chunks {
        assert!(folded.add(chunk));
    }
    folded.finish()
}

fn chunk(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}]})
}

fn bounded(tokens: Value) -> GenerateContentRequest {
    let generation_config = Map::from_iter([("maxOutputTokens".to_owned(), tokens)]);
    GenerateContentRequest { generation_config, ..GenerateContentRequest::default() }
}

#[test]
fn long_answers_are_streamed_and_short_ones_are_not() {
    assert_eq!(Mode::of(&bounded(json!(8_192))), Mode::Unary);
    assert_eq!(Mode::of(&bounded(json!(8_193))), Mode::Stream);
    assert_eq!(Mode::of(&GenerateContentRequest::default()), Mode::Unary);
}

#[test]
fn a_stream_becomes_the_response_that_it_would_have_been() {
    let folded = fold([
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hm.", "thought": true}]}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 3}, "modelVersion": "m", "responseId": "r"}),
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 3, "candidatesTokenCount": 1}}),
        json!({"candidates": [{"content": {"parts": [{"text": "lo"}]}}]}),
        json!({"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": "c2ln"}]}, "finishReason": "STOP",
            "finishMessage": "done"}],
            "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 3, "candidatesTokenCount": 2}, "modelVersion": "m"}),
    ]);
    assert_eq!(
        folded,
        json!({
            "candidates": [{"content": {"role": "model", "parts": [
                {"text": "Hm.", "thought": true}, {"text": "Hello"}, {"text": "", "thoughtSignature": "c2ln"}]},
                "finishReason": "STOP", "finishMessage": "done", "index": 0}],
            "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 3, "candidatesTokenCount": 2},
            "modelVersion": "m", "responseId": "r"
        })
    );
    let response: GenerateContentResponse = serde_json::from_value(folded).unwrap();
    let candidate = &response.candidates[0];
    assert_eq!(candidate.finish_reason.as_deref(), Some("STOP"));
    assert_eq!(candidate.content.as_ref().unwrap().spoken(), "Hello");
}

#[test]
fn parts_that_are_not_text_alone_stay_apart() {
    let call = json!({"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"});
    let folded = fold([
        chunk(json!([{"text": "a", "thoughtSignature": "x"}])),
        chunk(json!([{"text": "b"}, call])),
        chunk(json!([{"text": "c"}, {"text": "d", "videoMetadata": {}}])),
        chunk(json!([{"text": "e"}, {"text": "f"}, {"hologram": 3}])),
    ]);
    assert_eq!(
        folded["candidates"][0]["content"]["parts"],
        json!([
            {"text": "a", "thoughtSignature": "x"}, {"text": "b"}, call, {"text": "c"},
            {"text": "d", "videoMetadata": {}}, {"text": "ef"}, {"hologram": 3}
        ])
    );
}

#[test]
fn candidates_are_kept_apart_and_in_order() {
    let of = |index: u64, text: &str| json!({"candidates": [{"index": index, "content": {"parts": [{"text": text}]}}]});
    let folded = fold([of(1, "b"), of(0, "a"), of(1, "B"), of(0, "A")]);
    let text = |n: usize| folded["candidates"][n]["content"]["parts"][0]["text"].clone();
    assert_eq!((text(0), text(1)), (json!("aA"), json!("bB")));
}

#[test]
fn usage_that_a_later_chunk_leaves_out_is_kept() {
    let folded =
        fold([json!({"usageMetadata": {"promptTokenCount": 9}}), json!({"usageMetadata": null}), json!({})]);
    assert_eq!(folded, json!({"usageMetadata": {"promptTokenCount": 9}}));
}

#[test]
fn an_error_keeps_the_usage_and_none_of_the_text() {
    let error = json!({"code": 503, "message": "overloaded", "status": "UNAVAILABLE"});
    let mut first = chunk(json!([{"text": "Half a sent"}]));
    first["usageMetadata"] = json!({"promptTokenCount": 9});
    let folded = fold([first, json!({"error": error})]);
    assert_eq!(folded, json!({"error": error, "usageMetadata": {"promptTokenCount": 9}}));
}

#[test]
fn a_blocked_prompt_stays_one() {
    let feedback = json!({"promptFeedback": {"blockReason": "SAFETY"}});
    assert_eq!(fold([feedback.clone()]), feedback);
}

#[test]
fn what_is_no_object_is_no_chunk() {
    for odd in [json!(1), json!("x"), json!([]), json!(null)] {
        assert!(!Folded::default().add(odd));
    }
    fold([
        json!({"candidates": [3, null, {"content": 4}, {"content": {"parts": 5}}]}),
        chunk(json!(["x", null])),
    ]);
}

/// The response in a stream that comes in pieces which end at `cuts`.
fn received(stream: &[u8], cuts: &[usize]) -> Value {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    ends.push(stream.len());
    ends.sort_unstable();
    let (mut reader, mut from, mut events) = (EventReader::default(), 0, Vec::new());
    for end in ends {
        events.extend(reader.push(&stream[from..end]));
        from = end;
    }
    events.extend(reader.finish());
    fold(events.iter().map(|event| serde_json::from_str(event).unwrap()))
}

proptest! {
    /// However the service cuts the text into chunks and the network the chunks into pieces, the
    /// response is the one that holds the whole text.
    #[test]
    fn no_cut_changes_the_response(
        text in "[ -~ü世🦀\\n\"]{1,60}",
        words in prop::collection::vec(1_usize..9, 1..40),
        cuts in prop::collection::vec(any::<usize>(), 0..30),
        line_end in prop::sample::select(vec!["\n\n", "\r\n\r\n", "\n: still here\n\n"]),
    ) {
        let (mut rest, mut stream, mut count) = (text.as_str(), String::new(), 0);
        for size in words.into_iter().cycle() {
            let end = rest.char_indices().nth(size).map_or(rest.len(), |(at, _)| at);
            let (now, later) = rest.split_at(end);
            count += 1;
            let mut next = chunk(json!([{"text": now}]));
            next["usageMetadata"] = json!({"candidatesTokenCount": count});
            if later.is_empty() {
                next["candidates"][0]["finishReason"] = json!("STOP");
            }
            stream.push_str(&format!("data: {next}{line_end}"));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let mut whole = chunk(json!([{"text": text}]));
        whole["candidates"][0]["finishReason"] = json!("STOP");
        whole["usageMetadata"] = json!({"candidatesTokenCount": count});
        prop_assert_eq!(received(stream.as_bytes(), &cuts), whole);
    }
}
