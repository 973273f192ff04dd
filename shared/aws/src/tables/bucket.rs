//! The bucket of large parts.

use aws_config::SdkConfig;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::TablesError;
use crate::client;

/// The one region whose buckets must not name it.
const DEFAULT_REGION: &str = "us-east-1";

/// Creates the bucket `name`, unless it is ours already.
pub(super) async fn create(sdk: &SdkConfig, name: &str) -> Result<(), TablesError> {
    let region = sdk.region().map_or(DEFAULT_REGION, |region| region.as_ref());
    let mut request = client::s3(sdk).create_bucket().bucket(name);
    if region != DEFAULT_REGION {
        let place = BucketLocationConstraint::from(region);
        request = request.create_bucket_configuration(
            CreateBucketConfiguration::builder().location_constraint(place).build(),
        );
    }
    match request.send().await {
        Err(error)
            if !error.as_service_error().is_some_and(|error| error.is_bucket_already_owned_by_you()) =>
        {
            Err(TablesError::new(format!("bucket `{name}`"), &error))
        }
        _ => Ok(()),
    }
}
