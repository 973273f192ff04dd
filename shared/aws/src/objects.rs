//! Objects in S3: the bytes of parts that are too large for an item.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use data_encoding::HEXLOWER;
use domain::{Blob, PartKey, StoreError, TaskId};
use sha2::{Digest, Sha256};

use crate::client;
use crate::failure::Resource;

/// The bucket of large parts.
pub(crate) struct Objects {
    sdk: SdkConfig,
    bucket: Resource,
    client: OnceLock<Client>,
}

impl Objects {
    pub(crate) fn new(sdk: &SdkConfig, bucket: String) -> Self {
        let bucket = Resource::new("S3 bucket", bucket, "PAYLOAD_BUCKET");
        Self { sdk: sdk.clone(), bucket, client: OnceLock::new() }
    }

    /// Made at first use: most functions never meet a large part, and each client costs a start-up
    /// the reading of the root certificates.
    fn client(&self) -> &Client {
        self.client.get_or_init(|| client::s3(&self.sdk))
    }

    /// Stores `blob` and returns the key, which names the bytes: two writers of one part with
    /// different bytes write different objects, and the same write sent twice writes the same.
    pub(crate) async fn put(&self, id: &TaskId, part: &PartKey, blob: &Blob) -> Result<String, StoreError> {
        let key = key(id, part, blob.packed());
        let sent = self
            .client()
            .put_object()
            .bucket(self.bucket.name())
            .key(&key)
            .body(ByteStream::from(blob.packed().to_vec()))
            .content_type("application/zstd")
            .send()
            .await;
        sent.map(|_| key).map_err(|error| self.bucket.store_error("put a large part", &error))
    }

    /// The bytes under `key`.
    pub(crate) async fn get(&self, key: &str) -> Result<Blob, StoreError> {
        const OPERATION: &str = "get a large part";
        let answer = self.client().get_object().bucket(self.bucket.name()).key(key).send().await;
        let answer = answer.map_err(|error| self.bucket.store_error(OPERATION, &error))?;
        let bytes = answer.body.collect().await.map_err(|error| StoreError::unavailable(OPERATION, error))?;
        Ok(Blob::from_packed(bytes.to_vec()))
    }
}

/// `task_id/part/sha256`.
fn key(id: &TaskId, part: &PartKey, bytes: &[u8]) -> String {
    format!("{id}/{part}/{}", HEXLOWER.encode(&Sha256::digest(bytes)))
}
