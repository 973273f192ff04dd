//! [`Recorder`]: which requests the SDK really sends.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Records every request at the wire: retries and pages count.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    requests: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// `sdk`, with every request recorded.
    #[must_use]
    pub fn wrap(&self, sdk: &SdkConfig) -> SdkConfig {
        let Some(inner) = sdk.http_client() else { return sdk.clone() };
        let client = RecordingClient { inner, recorder: self.clone() };
        sdk.to_builder().http_client(SharedHttpClient::new(client)).build()
    }

    /// The requests since the last call, such as `PutItem`, `SendMessage`, `PUT` (S3).
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self, request: &HttpRequest) {
        // The JSON protocols name the operation in a header, `DynamoDB_20120810.PutItem`.
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let name = target.unwrap_or_else(|| request.method()).to_owned();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    }
}

#[derive(Debug)]
struct RecordingClient {
    inner: SharedHttpClient,
    recorder: Recorder,
}

impl HttpClient for RecordingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(RecordingConnector { inner, recorder: self.recorder.clone() })
    }
}

#[derive(Debug)]
struct RecordingConnector {
    inner: SharedHttpConnector,
    recorder: Recorder,
}

impl HttpConnector for RecordingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.recorder.record(&request);
        self.inner.call(request)
    }
}
