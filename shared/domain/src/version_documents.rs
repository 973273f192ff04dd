//! The reference documents of a version of the agent, kept once for all its tasks: where a context cache at the model
//! holds them, no transcript has them.

use std::time::Duration;

use crate::{Blob, Document, PartKey, PayloadStore, StoreError, TaskId, Timestamp, after};

/// Longer than a version is in use and its tasks are kept after it. Who starts later keeps them anew.
const KEPT: Duration = Duration::from_secs(400 * 86_400);
/// Bytes of their texts, so that one answer of the console has room for them. More are not kept.
const MAX_BYTES: usize = 1 << 20;
/// The same compressed: what is larger rests in a bucket, which forgets its objects sooner.
const MAX_PACKED: usize = 100 << 10;

/// Keeps the `documents` of `version`, unless they are kept already.
///
/// # Errors
/// [`StoreError`].
pub async fn keep_documents(
    payloads: &dyn PayloadStore,
    version: &str,
    documents: &[Document],
    now: Timestamp,
) -> Result<(), StoreError> {
    if documents.iter().map(|document| document.text.len()).sum::<usize>() > MAX_BYTES {
        return Ok(());
    }
    let blob = Blob::of_json("keep documents", &documents)?;
    if blob.packed().len() > MAX_PACKED {
        return Ok(());
    }
    payloads.put_new(&place(version), &part(), &blob, after(now, KEPT)).await.map(drop)
}

/// The documents of `version`; `None` if they are not kept.
///
/// # Errors
/// [`StoreError`].
pub async fn documents_of(
    payloads: &dyn PayloadStore,
    version: &str,
) -> Result<Option<Vec<Document>>, StoreError> {
    let blob = payloads.get(&place(version), &part()).await?;
    blob.map(|blob| blob.json("read documents")).transpose()
}

/// No task has this id: no sender's identity begins like this.
fn place(version: &str) -> TaskId {
    TaskId::derive("documents", format!("\0documents\0{version}").as_bytes())
}

fn part() -> PartKey {
    PartKey::from_name("documents".to_owned())
}
