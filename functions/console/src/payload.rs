//! `GET /tasks/{id}/payload`: the raw body as it was received.
//!
//! It is foreign text under our own address. The headers (and `nosniff`, which every answer has)
//! keep a browser from taking it for a page of ours, whatever it contains and whatever media type
//! its sender named.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::{PartKey, StoreError, TaskId};
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::Console;
use crate::body::NamedTask;
use crate::refusal::Refusal;

pub(crate) async fn raw(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
) -> Result<Response, Refusal> {
    let stores = &console.stores;
    let part = PartKey::payload();
    let (task, blob) = futures::try_join!(stores.tasks.get(&id), stores.payloads.get(&id, &part))?;
    let task = task.ok_or_else(|| Refusal::NoSuchTask(id.to_string()))?;
    let blob = blob.ok_or(Refusal::NoSuchPart("raw body"))?;
    let body = blob.unpack().map_err(|error| StoreError::broken("read a raw body", error))?;
    Ok((headers(&task.id, &task.doc.content_type), body).into_response())
}

fn headers(id: &TaskId, media_type: &str) -> HeaderMap {
    let octets = HeaderValue::from_static("application/octet-stream");
    // What has an encoding, be it none, goes through Lambda as base64: as text, bytes that are no UTF-8 would be
    // replaced, and 4 MB of quotes would be 8.
    let as_it_is = HeaderValue::from_static("identity");
    let download = format!("attachment; filename=\"{id}\"");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(media_type).unwrap_or(octets));
    headers.insert(CONTENT_ENCODING, as_it_is);
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_str(&download).unwrap_or(HeaderValue::from_static("attachment")),
    );
    headers
}
