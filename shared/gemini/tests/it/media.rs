//! Attachments: as they are sent, refused and remembered.

use domain::{Deferral, Media, Model, ModelCall, ModelFailure, Speaker, Turn, after};
use gemini::{Budgets, Config};
use serde_json::json;

use crate::calls::*;
use crate::server::{Server, Step};

fn showing(media: Vec<Media>) -> ModelCall {
    let earlier = Turn { media: vec![document(4)], ..Turn::text(Speaker::User, "") };
    let question = Turn { media, ..Turn::text(Speaker::User, "What is wrong?") };
    ModelCall { turns: vec![earlier, question], ..call() }
}

fn document(bytes: usize) -> Media {
    Media { mime_type: "application/pdf".to_owned(), data: vec![8; bytes] }
}

fn image(bytes: usize) -> Media {
    Media { mime_type: "image/png".to_owned(), data: vec![7; bytes] }
}

#[tokio::test]
async fn attachments_come_before_the_words_about_them() {
    let server = Server::start([says("A crash.")]).await;
    let image = Media { mime_type: "image/PNG".to_owned(), data: vec![0xfb, 0xef, 0xff, 0] };
    answered(&server, &showing(vec![image])).await;
    assert_eq!(
        server.finish()[0].body["contents"],
        json!([{"role": "user", "parts": [
            {"inlineData": {"mimeType": "application/pdf", "data": "CAgICA=="}},
            {"inlineData": {"mimeType": "image/png", "data": "++//AA=="}},
            {"text": "What is wrong?"}]}])
    );
}

#[tokio::test]
async fn the_transcript_has_their_digest_and_not_their_bytes() {
    let server = Server::start([says("A crash.")]).await;
    let answer = answered(&server, &showing(vec![image(100_000)])).await;
    let kept = serde_json::to_string(&answer.exchanges).unwrap();
    assert!(kept.len() < 2_000 && !kept.contains("BwcHBwcH") && !kept.contains("CAgICA"), "{kept}");
    let data = &answer.exchanges[0].request["contents"][0]["parts"][1]["inlineData"]["data"];
    assert_eq!((data["bytes"].as_u64(), data["sha256"].as_str().map(str::len)), (Some(100_000), Some(64)));
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_before_anything_is_sent() {
    let too_large = showing(vec![image(600), image(401)]);
    let empty = showing(vec![document(0)]);
    for (call, words) in [(too_large, "attach fewer"), (empty, "attachment 1 of message 2")] {
        let server = Server::start([]).await;
        let config = Config { max_inline_bytes: 1_000, ..config(&server.url) };
        let error = gemini(config).generate(&call).await.unwrap_err();
        assert_eq!((error.failure, error.exchanges.len()), (ModelFailure::Refused, 0));
        assert!(error.message.contains(words), "{}", error.message);
    }
}

/// What is done before it may take the time that it needs.
#[tokio::test]
async fn a_call_without_ten_seconds_once_its_prompt_was_to_be_counted_is_not_sent() {
    let server = Server::start([Step::Hang]).await;
    let budgets = Budgets { per_day_usd: Some(50.0), ..Budgets::default() };
    let deadline = after(now(), std::time::Duration::from_millis(10_200));
    let call = ModelCall { deadline, ..showing(vec![document(9)]) };
    let error = gemini(Config { budgets, ..alone(&server.url) }).generate(&call).await.unwrap_err();
    assert!(matches!(error.failure, ModelFailure::Defer { why: Deferral::OutOfTime, .. }), "{error:?}");
    assert!(server.finish()[0].uri.ends_with(":countTokens"));
}

/// A few bytes may be a thousand pages: what bounds the money is what the service counts, once, or else the window.
#[tokio::test]
async fn what_no_size_bounds_is_counted_before_it_is_paid_for() {
    let counts = |tokens: u64| Step::Json(200, json!({ "totalTokens": tokens }));
    // 3.8 Flash has a window of $0.75, and 4,096 tokens of its answer cost $0.02.
    for (count, is_paid) in [(counts(2_000), true), (counts(900_000), false), (bare(503), false)] {
        let server = Server::start([count].into_iter().chain(is_paid.then(|| says("Two thousand.")))).await;
        let budgets = Budgets { per_day_usd: Some(0.5), ..Budgets::default() };
        let answer = "gemini-3.8-flash".to_owned();
        let model = gemini(Config { answer, budgets, ..alone(&server.url) });
        let outcome = model.generate(&showing(vec![document(9)])).await;
        assert_eq!(outcome.is_ok(), is_paid, "{outcome:?}");
        let asked = server.finish();
        assert!(asked[0].uri.ends_with(":countTokens"), "{}", asked[0].uri);
        assert_eq!(asked[0].headers["x-server-timeout"], "10", "the service takes no shorter one");
        assert_eq!(asked[0].body["generateContentRequest"]["model"], "models/gemini-3.8-flash");
    }
}
