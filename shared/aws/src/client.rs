//! The SDK's configuration: transport, time-outs, retries, credentials; and the clients made of it.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::tls;
use aws_types::service_config::ServiceConfigKey;

use crate::headers::Headers;

/// A connection inside one region is made within milliseconds. After a second it will not be made at all.
const CONNECT: Duration = Duration::from_secs(1);
/// One try. DynamoDB and SQS answer in single milliseconds; the slowest is a megabyte to S3.
const ATTEMPT: Duration = Duration::from_secs(3);
/// All tries of one call together: GitHub waits 10 s for our answer.
const OPERATION: Duration = Duration::from_secs(8);
const ATTEMPTS: u32 = 3;
/// The SDK's own back-off of a second would use up the time that the sender waits.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// The region when an endpoint is set and a region is not: emulators take any name.
const EMULATED_REGION: &str = "us-east-1";

/// The configuration of every client: region, credentials and `AWS_ENDPOINT_URL` as the SDKs of all
/// languages read them, our transport, time-outs and retries. Sends no request.
///
/// The region comes from `AWS_REGION` or the profile, never from the EC2 metadata service: nothing
/// of ours runs on EC2, and asking a service that is not there costs a start-up seconds. Without a
/// region, every call fails with an error that says so.
pub async fn sdk_config() -> SdkConfig {
    let config = config_loader().load().await;
    if config.region().is_none() && config.endpoint_url().is_some() {
        return config.into_builder().region(aws_config::Region::new(EMULATED_REGION)).build();
    }
    config
}

/// What [`sdk_config`] loads, for callers that set credentials, region or endpoint by hand.
#[must_use]
pub fn config_loader() -> ConfigLoader {
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(MAX_BACKOFF);
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(retries)
}

/// The time-outs of a call that the service holds open for `wait` before it answers.
pub(crate) fn waiting_timeouts(wait: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(wait + ATTEMPT)
        .operation_timeout(wait + OPERATION)
        .build()
}

pub(crate) fn dynamo(sdk: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::config::Builder::from(&unwatched(sdk)).interceptor(Headers);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

pub(crate) fn sqs(sdk: &SdkConfig) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::config::Builder::from(&unwatched(sdk)).interceptor(Headers);
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// Without the SDK's stalled-stream protection. It is meant for long bodies and costs every request some
/// microseconds of CPU time. DynamoDB and SQS send and receive kilobytes, which are read as a whole within
/// [`ATTEMPT`]: that ends a stall sooner. The bodies of S3 are read after their call has returned, where none of our
/// time-outs holds, so its client keeps the protection.
fn unwatched(sdk: &SdkConfig) -> SdkConfig {
    let watch = StalledStreamProtectionConfig::disabled();
    sdk.clone().into_builder().stalled_stream_protection(watch).build()
}

/// An S3 client. Emulators know buckets by path only, not by host name.
pub(crate) fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk).interceptor(Headers);
    let config = config.force_path_style(has_own_endpoint(sdk, "S3"));
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Whether `service` is reached elsewhere than at AWS: by `AWS_ENDPOINT_URL`, by
/// `AWS_ENDPOINT_URL_<SERVICE>`, or by the profile's `endpoint_url`.
fn has_own_endpoint(sdk: &SdkConfig, service: &str) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_service = key.ok().zip(sdk.service_config()).and_then(|(key, config)| config.load_config(key));
    sdk.endpoint_url().is_some() || of_service.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_types::service_config::LoadServiceConfig;

    /// An environment with one setting for one service.
    #[derive(Debug)]
    struct Only(&'static str);

    impl LoadServiceConfig for Only {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            (key.service_id() == self.0 && key.env() == "AWS_ENDPOINT_URL")
                .then(|| "http://localhost:9".to_owned())
        }
    }

    #[test]
    fn an_endpoint_of_its_own_is_seen_wherever_it_is_set() {
        let builder = SdkConfig::builder;
        assert!(!has_own_endpoint(&builder().build(), "S3"));
        assert!(has_own_endpoint(&builder().endpoint_url("http://localhost:9").build(), "S3"));
        assert!(has_own_endpoint(&builder().service_config(Only("S3")).build(), "S3"));
        assert!(!has_own_endpoint(&builder().service_config(Only("SQS")).build(), "S3"));
    }
}
