//! [`Wire`]: which requests the SDK really sends, and what happens when answers get lost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Between the SDK and the network: records every request, retries and pages included.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    requests: Arc<Mutex<Vec<String>>>,
    answers_to_lose: Arc<AtomicU32>,
    down: Arc<Mutex<Option<AwsService>>>,
}

/// The services behind the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    /// Tasks, small parts, shared state.
    DynamoDb,
    /// Large parts.
    S3,
    /// The lanes.
    Sqs,
}

impl AwsService {
    /// Whose request this is, by the name that the JSON protocols give the operation.
    fn of(request: &HttpRequest) -> Self {
        match request.headers().get("x-amz-target").unwrap_or_default() {
            target if target.starts_with("DynamoDB") => Self::DynamoDb,
            target if target.starts_with("AmazonSQS") => Self::Sqs,
            _ => Self::S3,
        }
    }
}

impl Wire {
    /// `sdk`, with this wire under it.
    #[must_use]
    pub fn under(&self, sdk: &SdkConfig) -> SdkConfig {
        let Some(inner) = sdk.http_client() else { return sdk.clone() };
        let client = WiredClient { inner, wire: self.clone() };
        sdk.to_builder().http_client(SharedHttpClient::new(client)).build()
    }

    /// The requests since the last call, such as `PutItem`, `SendMessage`, `PUT` (S3).
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next `count` requests are carried out, but the connection breaks before the answer: the
    /// SDK sends them again.
    pub fn lose_answers(&self, count: u32) {
        self.answers_to_lose.store(count, Ordering::SeqCst);
    }

    /// From now on no request to `service` arrives, and every one to the others; with `None` all do.
    pub fn take_down(&self, service: Option<AwsService>) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = service;
    }

    fn is_down(&self, request: &HttpRequest) -> bool {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) == Some(AwsService::of(request))
    }

    fn record(&self, request: &HttpRequest) {
        // The JSON protocols name the operation in a header, `DynamoDB_20120810.PutItem`.
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let name = target.unwrap_or_else(|| request.method()).to_owned();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    }

    fn loses_this_answer(&self) -> bool {
        let fewer = |count: u32| count.checked_sub(1);
        self.answers_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok()
    }
}

#[derive(Debug)]
struct WiredClient {
    inner: SharedHttpClient,
    wire: Wire,
}

impl HttpClient for WiredClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(WiredConnector { inner, wire: self.wire.clone() })
    }
}

#[derive(Debug)]
struct WiredConnector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for WiredConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.wire.record(&request);
        if self.wire.is_down(&request) {
            let refused = ConnectorError::io("the service is down".into());
            return HttpConnectorFuture::ready(Err(refused));
        }
        let answer = self.inner.call(request);
        if !self.wire.loses_this_answer() {
            return answer;
        }
        HttpConnectorFuture::new(async move {
            answer.await?;
            Err(ConnectorError::io("the answer was lost".into()))
        })
    }
}
