//! [`Api`]: the system as its callers see it, over real HTTP.

#![allow(clippy::expect_used, clippy::panic, reason = "an answer that no test expects must fail it")]

use std::time::{Duration, Instant};

use http::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::hooks;
use crate::world::{OTHER_TOKEN, TOKEN};

/// A task that has not come to rest after so long never will.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often a task is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// One running system.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    url: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Api {
    /// The system at this base URL.
    ///
    /// # Panics
    /// When there can be no HTTP client.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        // A second client in one process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build().expect("an HTTP client");
        Self { client, url: url.into() }
    }

    /// Posts `event`, signed as GitHub signs it.
    pub async fn hook(&self, kind: &str, event: &Value) -> Answer {
        let body = hooks::bytes(event);
        self.raw_hook("github", hooks::signed(kind, &body), body).await
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Posts any bytes with any headers to a source.
    pub async fn raw_hook(&self, source: &str, headers: HeaderMap, body: Vec<u8>) -> Answer {
        let request = self.client.post(format!("{}/webhooks/{source}", self.url));
        Self::send(request.headers(headers).body(body)).await.expect("an answer to a webhook")
    }

    /// Opens the issue with this number, which must be accepted. Returns the task.
    pub async fn accept(&self, issue: u64) -> String {
        let answer = self.hook("issues", &hooks::issue(issue)).await;
        assert_eq!((answer.status, answer.word()), (202, "accepted".to_owned()), "{answer:?}");
        answer.task_id()
    }

    /// The same, for a sender that goes away when it does not get its answer.
    ///
    /// # Errors
    /// When nobody listens, or the connection breaks.
    pub async fn try_hook(&self, kind: &str, event: &Value) -> reqwest::Result<Answer> {
        let body = hooks::bytes(event);
        let request = self.client.post(format!("{}/webhooks/github", self.url));
        Self::send(request.headers(hooks::signed(kind, &body)).body(body)).await
    }

    /// `GET` with the console's token.
    pub async fn get(&self, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(TOKEN);
        Self::send(request).await.expect("an answer of the console")
    }

    /// `GET` with this token, or none.
    pub async fn get_as(&self, path: &str, token: Option<&str>) -> Answer {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = token.into_iter().fold(request, RequestBuilder::bearer_auth);
        Self::send(request).await.expect("an answer of the console")
    }

    /// `POST` of JSON with the console's token.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(TOKEN).json(body);
        Self::send(request).await.expect("an answer of the console")
    }

    /// `POST /tasks` of `body` by the other person, under this idempotency key, if there is one.
    pub async fn request_task(&self, body: &Value, key: Option<&str>) -> Answer {
        let request = self.client.post(format!("{}/tasks", self.url)).bearer_auth(OTHER_TOKEN).json(body);
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        Self::send(request).await.expect("an answer of the console")
    }

    /// The task as the console shows it.
    pub async fn task(&self, id: &str) -> Value {
        let answer = self.get(&format!("/tasks/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The task, once it has this status.
    ///
    /// # Panics
    /// When it never has, or ends with another one.
    pub async fn until(&self, id: &str, status: &str) -> Value {
        self.until_that(id, status, |task| task["status"] == status).await
    }

    /// The task, once `holds` is true of it; `what` says so in words.
    ///
    /// # Panics
    /// When it never is.
    pub async fn until_that(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        const ENDS: [&str; 5] = ["completed", "ignored", "rejected", "expired", "failed"];
        let began = Instant::now();
        loop {
            let task = self.task(id).await;
            if holds(&task) {
                return task;
            }
            let ended = ENDS.iter().any(|end| task["status"] == *end);
            assert!(!ended && began.elapsed() < TIMEOUT, "task {id} never was {what}: {task:#}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The `status` in the body of an answer to a webhook.
    #[must_use]
    pub fn word(&self) -> String {
        self.json()["status"].as_str().unwrap_or_default().to_owned()
    }

    /// The task that a webhook became.
    ///
    /// # Panics
    /// When the answer names none.
    #[must_use]
    pub fn task_id(&self) -> String {
        self.json()["task_id"].as_str().expect("a task_id").to_owned()
    }

    /// The media type.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Checks that this is the error that RFC 9457 describes, with this status and kind.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, kind: &str) {
        let problem = self.json();
        assert_eq!(self.status, status, "{problem}");
        assert_eq!(self.content_type(), "application/problem+json");
        assert_eq!(problem["type"], format!("urn:afterhook:problem:{kind}"));
        assert_eq!(problem["status"], status);
        for field in ["title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
        }
    }
}
