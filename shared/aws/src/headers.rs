//! The headers in which a call describes itself: our name, as CloudTrail shows it, and no more.
//!
//! The SDK describes environment, operating system, features and tries in every call, adds a random id, and signs
//! part of it: statistics for AWS. They cost a call more CPU time than writing its body. An operator needs none of
//! them: a constant names us, and AWS knows a call by the id in its answer, which our errors show.

use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::{disable_interceptor, dyn_dispatch_hint};

const USER_AGENT: &str = "user-agent";
const WE: &str = concat!("afterhook/", env!("CARGO_PKG_VERSION"), " aws-sdk-rust/1");

/// Names us in place of the SDK's descriptions of itself.
#[derive(Debug)]
pub(crate) struct Headers;

#[dyn_dispatch_hint]
impl Intercept for Headers {
    fn name(&self) -> &'static str {
        "Headers"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        const WHY: &str = "a constant takes its place";
        let state = config.interceptor_state();
        state.store_put(disable_interceptor::<UserAgentInterceptor>(WHY));
        state.store_put(disable_interceptor::<InvocationIdInterceptor>(WHY));
        state.store_put(disable_interceptor::<RequestInfoInterceptor>(WHY));
        Ok(())
    }

    /// The signature does not cover this header.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert(USER_AGENT, WE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::{Credentials, Region};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// The head of the request that a call of ours sends.
    async fn head() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sdk = crate::config_loader()
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .load();
        let dynamo = crate::client::dynamo(&sdk.await);
        let call = tokio::spawn(dynamo.list_tables().send());
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(peer.read_buf(&mut head).await.unwrap(), 0);
        }
        peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        call.await.unwrap().unwrap();
        String::from_utf8(head).unwrap()
    }

    #[tokio::test]
    async fn call_says_who_we_are_and_no_more() {
        let head = head().await.to_ascii_lowercase();
        let lines = || head.lines().filter(|line| line.contains("agent") || line.contains("amz-sdk"));
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(lines().collect::<Vec<_>>(), [format!("user-agent: afterhook/{version} aws-sdk-rust/1")]);
        assert!(head.contains("\r\nauthorization: aws4-hmac-sha256 "), "{head}");
    }
}
