//! Embeddings: vectors in which texts with common words lie close together.
//!
//! Every word (its stem, and its pairs with its neighbour) adds a direction derived from its hash, so
//! the cosine of two vectors grows with the words they share. That is enough for similarity thresholds
//! to mean something in a local run.

use axum::response::Response;
use domain::Timestamp;
use serde_json::{Value, json};

use super::errors::ApiError;
use super::models;
use super::ordered::Node;
use super::reading::stems;
use super::request::text_of;
use super::respond;
use super::router::Call;
use super::shared::Shared;
use super::tokens::Tokens;

const DIMENSIONS: u64 = 3_072;

/// Answers `embedContent` and `batchEmbedContents`.
pub(super) fn handle(shared: &Shared, call: &Call, model: &str, verb: &str) -> Result<Response, ApiError> {
    let now = shared.now();
    let concrete = models::resolve(model, &call.version, verb, now)?;
    let body = call.json()?;
    let requests = if verb == "embedContent" { std::slice::from_ref(&body) } else { body.items("requests") };
    if requests.is_empty() {
        return Err(ApiError::invalid("* BatchEmbedContentsRequest.requests: requests is not specified\n"));
    }
    let mut tokens = Tokens::default();
    for request in requests {
        let own = request.field("content").map(Tokens::of_content).unwrap_or_default();
        shared.take_quota(concrete.name, own.total())?;
        tokens = tokens.plus(own);
    }
    let embeddings: Vec<Value> = requests
        .iter()
        .map(|request| one(request, model, &call.version, now).map(|answer| answer["embedding"].clone()))
        .collect::<Result<_, _>>()?;
    if verb == "embedContent" {
        return Ok(respond::ok(&json!({"embedding": embeddings.into_iter().next()})));
    }
    let mut answer = json!({ "embeddings": embeddings });
    if concrete.name.starts_with("gemini-embedding-2") {
        answer["usageMetadata"] =
            json!({"promptTokenCount": tokens.total(), "promptTokenDetails": tokens.details()});
    }
    Ok(respond::ok(&answer))
}

/// The answer to one `EmbedContentRequest`.
pub(super) fn one(request: &Node, model: &str, version: &str, now: Timestamp) -> Result<Value, ApiError> {
    let named = request.string("model").map(|name| name.trim_start_matches("models/"));
    if named.is_some_and(|named| named != model) {
        return Err(ApiError::invalid("The model in each request must match the model of the batch."));
    }
    models::resolve(model, version, "embedContent", now)?;
    let content = request.field("content").filter(|content| !content.items("parts").is_empty());
    let content = content.ok_or_else(|| {
        ApiError::invalid("* EmbedContentRequest.content: contents.parts must not be empty.\n")
    })?;
    let dimensions = match request.field("outputDimensionality") {
        None => DIMENSIONS,
        Some(wanted) => wanted.as_u64().filter(|n| (1..=DIMENSIONS).contains(n)).ok_or_else(|| {
            ApiError::invalid(format!("output_dimensionality must be between 1 and {DIMENSIONS}."))
        })?,
    };
    let values = vector(&text_of(content), usize::try_from(dimensions).unwrap_or_default());
    Ok(json!({"embedding": {"values": values}}))
}

/// A vector of length 1.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut words = stems(text);
    words.truncate(512);
    let mut features: Vec<(String, f64)> = words.iter().map(|word| (word.clone(), 1.0)).collect();
    features.extend(words.windows(2).map(|pair| (pair.join(" "), 0.5)));
    features.push((String::new(), 0.2));
    let mut sum = vec![0.0_f64; dimensions];
    for (feature, weight) in features {
        let mut rng = fastrand::Rng::with_seed(seed(&feature));
        for value in &mut sum {
            *value += weight * (rng.f64() - 0.5);
        }
    }
    let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    sum.into_iter().map(|v| (v / length) as f32).collect()
}

/// FNV-1a: the same on every machine and in every run.
fn seed(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        vector(a, 768).iter().zip(vector(b, 768)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn texts_with_common_words_lie_closer() {
        let question = "How do I configure the retry limit?";
        let near = cosine(question, "How can I configure a limit for retries?");
        let far = cosine(question, "The login page shows a blank screen.");
        assert!(near > 0.5 && near > far + 0.3, "near {near}, far {far}");
        assert!((cosine(question, question) - 1.0).abs() < 1e-3);
    }
}
