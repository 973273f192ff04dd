//! Models, files, batches, embeddings, interactions.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;

use super::{Reply, ask, get, post, request, send};
use crate::gemini::GeminiStandin;

async fn upload(gemini: &GeminiStandin, bytes: &[u8]) -> Reply {
    let start = Request::post("/upload/v1beta/files")
        .header("x-goog-api-key", "key")
        .header("host", "127.0.0.1:1")
        .header("x-goog-upload-protocol", "resumable")
        .header("x-goog-upload-command", "start")
        .body(Body::from(json!({"file": {"display_name": "a.txt", "mime_type": "text/plain"}}).to_string()))
        .unwrap();
    let started = send(gemini, start).await;
    assert_eq!(started.headers["x-goog-upload-status"], "active");
    let url = started.headers["x-goog-upload-url"].to_str().unwrap().to_owned();
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut last = None;
    for (command, offset, part) in [("upload", 0, first), ("upload, finalize", first.len(), rest)] {
        let chunk = Request::post(url.strip_prefix("http://127.0.0.1:1").unwrap())
            .header("x-goog-upload-command", command)
            .header("x-goog-upload-offset", offset.to_string())
            .body(Body::from(part.to_vec()))
            .unwrap();
        last = Some(send(gemini, chunk).await);
    }
    last.unwrap()
}

#[tokio::test]
async fn a_file_is_uploaded_in_chunks_without_a_key() {
    let gemini = GeminiStandin::new();
    let done = upload(&gemini, b"hello file").await;
    assert_eq!(done.headers["x-goog-upload-status"], "final");
    let file = done.json()["file"].clone();
    assert_eq!(
        (&file["sizeBytes"], &file["displayName"], &file["state"]),
        (&json!("10"), &json!("a.txt"), &json!("ACTIVE"))
    );
    let name = file["name"].as_str().unwrap();
    assert_eq!(get(&gemini, &format!("/v1/{name}:download?alt=media")).await.body, "hello file");
    assert_eq!(send(&gemini, request("DELETE", &format!("/v1/{name}"), Body::empty())).await.status, 200);
    assert_eq!(get(&gemini, &format!("/v1/{name}")).await.status, 403);
}

#[tokio::test]
async fn a_batch_of_a_file_writes_its_answers_into_a_file() {
    let gemini = GeminiStandin::new();
    let lines = [
        json!({"key": "good", "request": ask("How do I change the port?")}),
        json!({"key": "bad", "request": {"contents": []}}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = upload(&gemini, text.as_bytes()).await.json()["file"]["name"].clone();
    let body = json!({"batch": {"displayName": "b", "inputConfig": {"file_name": file}}});
    let made = post(&gemini, "/v1/models/gemini-3.8-flash:batchGenerateContent", &body).await.json();
    assert_eq!(made["metadata"]["state"], "BATCH_STATE_PENDING");
    let done = get(&gemini, &format!("/v1/{}", made["name"].as_str().unwrap())).await.json();
    assert_eq!(done["metadata"]["state"], "BATCH_STATE_SUCCEEDED");
    assert_eq!(done["metadata"]["batchStats"]["failedRequestCount"], "1");
    let output = done["metadata"]["output"]["responsesFile"].as_str().unwrap();
    let answers = get(&gemini, &format!("/v1/{output}:download")).await;
    let answers: Vec<Value> =
        answers.body.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(answers[0]["key"], "good");
    assert!(answers[0]["response"]["candidates"][0]["content"]["parts"][0]["text"].is_string());
    assert_eq!((&answers[1]["key"], &answers[1]["error"]["code"]), (&json!("bad"), &json!(3)));
}

#[tokio::test]
async fn a_slow_batch_can_be_cancelled() {
    let gemini = GeminiStandin::builder().batch_delay(Duration::from_secs(3_600)).build();
    let body = json!({"batch": {"inputConfig": {"requests": {"requests": [{"request": ask("x"), "metadata": {"key": "r"}}]}}}});
    let made = post(&gemini, "/v1/models/gemini-3.8-flash:batchGenerateContent", &body).await.json();
    let path = format!("/v1/{}", made["name"].as_str().unwrap());
    assert_eq!(get(&gemini, &path).await.json()["metadata"]["state"], "BATCH_STATE_RUNNING");
    assert_eq!(post(&gemini, &format!("{path}:cancel"), &json!({})).await.status, 200);
    assert_eq!(get(&gemini, &path).await.json()["metadata"]["state"], "BATCH_STATE_CANCELLED");
}

#[tokio::test]
async fn embeddings_have_the_size_asked_for() {
    let gemini = GeminiStandin::new();
    let one = json!({"model": "models/gemini-embedding-2", "content": {"parts": [{"text": "a"}]}, "output_dimensionality": 64});
    let body = json!({"requests": [one, one]});
    let answer = post(&gemini, "/v1/models/gemini-embedding-2:batchEmbedContents", &body).await.json();
    assert_eq!(answer["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!(answer["embeddings"][0]["values"].as_array().unwrap().len(), 64);
    assert_eq!(answer["usageMetadata"]["promptTokenDetails"][0]["modality"], "TEXT");
    let too_large = json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 9_999});
    assert_eq!(post(&gemini, "/v1/models/gemini-embedding-001:embedContent", &too_large).await.status, 400);
}

#[tokio::test]
async fn an_interaction_is_stored_and_streams_its_events() {
    let gemini = GeminiStandin::new();
    let made = post(&gemini, "/v1/interactions", &json!({"model": "gemini-3.8-flash", "input": "hello"}))
        .await
        .json();
    let path = format!("/v1/interactions/{}", made["id"].as_str().unwrap());
    assert_eq!(get(&gemini, &path).await.json(), made);
    let body = json!({"model": "gemini-3.8-flash", "input": [{"type": "user_input", "content": [{"type": "text", "text": "hi"}]}], "stream": true});
    let stream = post(&gemini, "/v1/interactions", &body).await;
    let text = String::from_utf8(stream.body.to_vec()).unwrap();
    assert!(
        text.starts_with("event: interaction.created\ndata: {")
            && text.ends_with("event: done\ndata: [DONE]\n\n")
    );
    let refused = post(&gemini, "/v1/interactions", &json!({"model": "gemini-3.8-flash"})).await;
    assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (400, json!("invalid_request")));
}

#[tokio::test]
async fn the_list_of_models_names_methods_and_aliases() {
    let gemini = GeminiStandin::new();
    let names = async |version: &str| {
        let list = get(&gemini, &format!("/{version}/models?pageSize=1000")).await.json();
        list["models"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(names("v1beta").await.contains(&"models/gemini-pro-latest".to_owned()));
    assert!(!names("v1").await.contains(&"models/gemini-pro-latest".to_owned()));
}
