//! Context caches.

use serde_json::{Value, json};

use super::{FLASH, ask, get, post, request, send};
use crate::gemini::GeminiStandin;
use crate::kit::testing::movable;

const CACHES: &str = "/v1beta/cachedContents";

fn cache(ttl: &str) -> Value {
    json!({
        "model": "models/gemini-3.8-flash",
        "systemInstruction": {"parts": [{"text": "You answer from the text."}]},
        "contents": [{"role": "user", "parts": [{"text": "The fox jumps over the dog. ".repeat(200)}]}],
        "ttl": ttl,
        "displayName": "docs",
    })
}

fn is_gone(reply: &super::Answer) -> bool {
    reply.status == 403
        && reply.json()["error"]["message"] == "CachedContent not found (or permission denied)"
        && reply.json()["error"]["status"] == "PERMISSION_DENIED"
}

#[tokio::test]
async fn an_expired_cache_is_gone_in_every_use() {
    let (clock, pass) = movable();
    let gemini = GeminiStandin::builder().clock(clock).build();
    let made = post(&gemini, CACHES, &cache("60s")).await.json();
    let name = made["name"].as_str().unwrap().to_owned();
    pass(59);
    assert_eq!(gemini.cache_names(), std::slice::from_ref(&name));
    let longer = request("PATCH", &format!("/v1beta/{name}"));
    assert_eq!(send(&gemini, longer, r#"{"ttl": "100.5s"}"#).await.status, 200);
    pass(100);
    assert_eq!(get(&gemini, &format!("/v1beta/{name}")).await.status, 200);
    pass(1);
    assert!(is_gone(&get(&gemini, &format!("/v1beta/{name}")).await));
    assert!(is_gone(&send(&gemini, request("DELETE", &format!("/v1beta/{name}")), "").await));
    let mut body = ask("x");
    body["cachedContent"] = name.into();
    assert!(is_gone(&post(&gemini, FLASH, &body).await));
    assert_eq!(get(&gemini, CACHES).await.json(), json!({}));
}

#[tokio::test]
async fn a_cache_is_bound_to_its_model_and_has_a_least_size() {
    let gemini = GeminiStandin::new();
    let made = post(&gemini, CACHES, &cache("60s")).await.json();
    let mut body = ask("x");
    body["cachedContent"] = made["name"].clone();
    assert_eq!(post(&gemini, &FLASH.replace("flash", "pro"), &body).await.status, 400);
    let mut small = cache("60s");
    small["contents"] = json!([{"parts": [{"text": "tiny"}]}]);
    let error = post(&gemini, CACHES, &small).await.json()["error"]["message"].clone();
    assert_eq!(error, "Cached content is too small. total_token_count=8, min_total_token_count=1024");
    let mut old = cache("60s");
    old.as_object_mut().unwrap().remove("ttl");
    old["expireTime"] = "2020-01-01T00:00:00Z".into();
    let made = post(&gemini, CACHES, &old).await;
    assert_eq!(made.status, 200);
    let name = made.json()["name"].as_str().unwrap().to_owned();
    assert!(is_gone(&get(&gemini, &format!("/v1beta/{name}")).await));
}

#[tokio::test]
async fn lists_come_newest_first_in_pages() {
    let gemini = GeminiStandin::new();
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(post(&gemini, CACHES, &cache("60s")).await.json()["name"].clone());
    }
    names.reverse();
    let first = get(&gemini, &format!("{CACHES}?pageSize=2")).await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let second = get(&gemini, &format!("{CACHES}?pageSize=2&pageToken={token}")).await.json();
    let listed = [&first, &second].into_iter().flat_map(|page| page["cachedContents"].as_array().unwrap());
    assert_eq!(listed.map(|cache| cache["name"].clone()).collect::<Vec<_>>(), names);
    assert!(second.get("nextPageToken").is_none());
    assert!(first["cachedContents"][0].get("contents").is_none(), "contents are never returned");
}

#[tokio::test]
async fn storage_is_billed_until_a_cache_is_deleted_or_expires() {
    let (clock, pass) = movable();
    let gemini = GeminiStandin::builder().clock(clock).build();
    let deleted = post(&gemini, CACHES, &cache("600s")).await.json();
    let tokens = deleted["usageMetadata"]["totalTokenCount"].as_u64().unwrap();
    post(&gemini, CACHES, &cache("60s")).await;
    pass(30);
    let path = format!("/v1beta/{}", deleted["name"].as_str().unwrap());
    assert_eq!(send(&gemini, request("DELETE", &path), "").await.status, 200);
    pass(1_000);
    let bills = gemini.cache_storage();
    assert_eq!(bills.iter().map(|bill| bill.stored.as_secs()).collect::<Vec<_>>(), [30, 60]);
    assert!(bills.iter().all(|bill| bill.tokens == tokens && bill.model == "gemini-3.8-flash"));
}

#[tokio::test]
async fn cached_tokens_are_counted_inside_of_the_prompt_and_billed_as_cached() {
    let gemini = GeminiStandin::builder().keep_bodies(false).build();
    let made = post(&gemini, CACHES, &cache("600s")).await.json();
    let mut body = ask("What does the fox do?");
    body["cachedContent"] = made["name"].clone();
    let usage = post(&gemini, FLASH, &body).await.json()["usageMetadata"].clone();
    assert_eq!(usage["cachedContentTokenCount"], made["usageMetadata"]["totalTokenCount"]);
    assert_eq!(usage["promptTokenCount"], usage["cachedContentTokenCount"].as_u64().unwrap() + 6);
    body["cachedContent"] = "cachedContents/none".into();
    assert_eq!(post(&gemini, FLASH, &body).await.status, 403);
    let [creation, answered, refused] = gemini.requests().try_into().unwrap();
    assert_eq!((creation.billed, refused.billed), (None, None));
    assert_eq!(answered.body, Value::Null);
    let billed = answered.billed.unwrap();
    assert_eq!(billed.model, "gemini-3.8-flash");
    assert_eq!(usage["promptTokenCount"], billed.prompt);
    assert_eq!(usage["cachedContentTokenCount"], billed.cached);
    assert_eq!(usage["totalTokenCount"], billed.prompt + billed.output);
    (body["cachedContent"], body["systemInstruction"]) =
        (made["name"].clone(), json!({"parts": [{"text": "no"}]}));
    assert_eq!(post(&gemini, FLASH, &body).await.status, 400);
}

#[tokio::test]
async fn a_service_without_caches_makes_none() {
    let gemini = GeminiStandin::builder().without_caches().build();
    let refused = post(&gemini, CACHES, &cache("60s")).await;
    assert_eq!(refused.status, 404);
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("createCachedContent"));
    assert!(gemini.cache_names().is_empty());
}
