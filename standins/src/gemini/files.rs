//! `files`: resumable uploads, metadata, download of generated files. Kept in memory for 48 hours.

use axum::body::{Body, Bytes};
use axum::response::Response;
use domain::{Timestamp, after};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

use super::errors::ApiError;
use super::ordered::Node;
use super::respond;
use super::router::{Call, empty};
use super::shared::Shared;
use crate::kit::lock;

const LIFETIME: Duration = Duration::from_secs(48 * 3_600);

/// The largest file. Google takes 2 GB; these are kept in memory.
const MAX_FILE: usize = 256 * 1024 * 1024;

/// What is asked of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Begin an upload.
    Start,
    /// Bytes for an upload that was begun.
    Chunk,
    List,
    Get(String),
    Delete(String),
    Download(String),
}

impl Action {
    /// What a request to `/upload/…/files` means.
    pub(super) fn upload(call: &Call) -> Self {
        if call.query("upload_id").is_some() { Self::Chunk } else { Self::Start }
    }

    /// What method and path mean; `id` is the rest of the path.
    pub(super) fn parse(method: &Method, id: &[&str]) -> Option<Self> {
        match (method, id) {
            (&Method::GET, []) => Some(Self::List),
            (&Method::GET, [id]) => Some(match id.strip_suffix(":download") {
                Some(id) => Self::Download(id.to_owned()),
                None => Self::Get((*id).to_owned()),
            }),
            (&Method::DELETE, [id]) => Some(Self::Delete((*id).to_owned())),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
struct File {
    display: String,
    mime: String,
    created: Timestamp,
    origin: String,
    source: &'static str,
    bytes: Bytes,
}

#[derive(Debug)]
struct Upload {
    id: String,
    display: String,
    mime: String,
    received: Vec<u8>,
}

/// All files and unfinished uploads.
#[derive(Debug, Default)]
pub(super) struct Files {
    by_id: BTreeMap<String, File>,
    uploads: BTreeMap<String, Upload>,
}

impl Files {
    /// The content of a file.
    pub(super) fn content(&self, name: &str, now: Timestamp) -> Result<Bytes, ApiError> {
        self.live(name.trim_start_matches("files/"), now).map(|file| file.bytes.clone())
    }

    /// Adds a file that the service itself made.
    pub(super) fn generated(&mut self, id: String, bytes: Vec<u8>, now: Timestamp, origin: String) {
        let file = File {
            display: String::new(),
            mime: "application/jsonl".to_owned(),
            created: now,
            origin,
            source: "GENERATED",
            bytes: bytes.into(),
        };
        self.by_id.insert(id, file);
    }

    fn live(&self, id: &str, now: Timestamp) -> Result<&File, ApiError> {
        self.by_id.get(id).filter(|file| after(file.created, LIFETIME) > now).ok_or_else(|| {
            ApiError::denied(format!(
                "You do not have permission to access the File {id} or it may not exist."
            ))
        })
    }
}

impl File {
    fn describe(&self, id: &str) -> Value {
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&self.bytes));
        let mut file = json!({
            "name": format!("files/{id}"),
            "mimeType": self.mime,
            "sizeBytes": self.bytes.len().to_string(),
            "createTime": self.created,
            "updateTime": self.created,
            "expirationTime": after(self.created, LIFETIME),
            "sha256Hash": data_encoding::BASE64.encode(digest.as_bytes()),
            "uri": format!("{}/v1beta/files/{id}", self.origin),
            "state": "ACTIVE",
            "source": self.source,
        });
        if !self.display.is_empty() {
            file["displayName"] = self.display.as_str().into();
        }
        file
    }
}

/// Answers a request about files.
pub(super) fn handle(shared: &Shared, call: &Call, action: Action) -> Result<Response, ApiError> {
    let now = shared.now();
    match action {
        Action::Start => start(shared, call),
        Action::Chunk => chunk(shared, call),
        Action::List => {
            let mut listed: Vec<Value> = {
                let files = lock(&shared.files);
                let live = files.by_id.iter().filter(|(_, file)| after(file.created, LIFETIME) > now);
                live.map(|(id, file)| file.describe(id)).collect()
            };
            listed.sort_by(|a, b| b["createTime"].as_str().cmp(&a["createTime"].as_str()));
            Ok(respond::ok(&call.page_body("files", listed)?))
        }
        Action::Get(id) => Ok(respond::ok(&lock(&shared.files).live(&id, now)?.describe(&id))),
        Action::Delete(id) => {
            let mut files = lock(&shared.files);
            files.live(&id, now)?;
            files.by_id.remove(&id);
            Ok(empty())
        }
        Action::Download(id) => {
            let bytes = lock(&shared.files).content(&id, now)?;
            Ok(respond::typed(StatusCode::OK, "application/octet-stream", Body::from(bytes)))
        }
    }
}

fn start(shared: &Shared, call: &Call) -> Result<Response, ApiError> {
    let command = call.header("x-goog-upload-command").unwrap_or_default();
    if call.header("x-goog-upload-protocol") != Some("resumable") || command != "start" {
        return Err(ApiError::invalid(
            "Only resumable uploads are supported: X-Goog-Upload-Protocol: resumable, X-Goog-Upload-Command: start.",
        ));
    }
    let body = call.json()?;
    let file = body.field("file").cloned().unwrap_or(Node::EMPTY);
    let id = match file.string("name").map(|name| name.trim_start_matches("files/")) {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => shared.id(12),
    };
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.len() > 40 || !id.chars().all(legal) {
        return Err(ApiError::invalid(format!("Invalid file name: files/{id}.")));
    }
    let declared = call.header("x-goog-upload-header-content-type");
    let mime = file.string("mimeType").or(declared).unwrap_or("application/octet-stream").to_owned();
    let upload = Upload {
        id,
        display: file.string("displayName").unwrap_or_default().to_owned(),
        mime,
        received: Vec::new(),
    };
    let key = shared.id(48);
    let url =
        format!("{}/upload/{}/files?upload_id={key}&upload_protocol=resumable", call.origin(), call.version);
    lock(&shared.files).uploads.insert(key, upload);
    let mut response = empty();
    mark(&mut response, "x-goog-upload-status", "active");
    mark(&mut response, "x-goog-upload-chunk-granularity", "262144");
    mark(&mut response, "x-goog-upload-url", &url);
    mark(&mut response, "x-goog-upload-control-url", &url);
    Ok(response)
}

fn chunk(shared: &Shared, call: &Call) -> Result<Response, ApiError> {
    let mut files = lock(&shared.files);
    let key = call.query("upload_id").unwrap_or_default().to_owned();
    let upload = files.uploads.get_mut(&key).ok_or_else(|| ApiError::not_found("Upload not found."))?;
    let command = call.header("x-goog-upload-command").unwrap_or_default();
    if command == "query" {
        let mut response = empty();
        mark(&mut response, "x-goog-upload-status", "active");
        mark(&mut response, "x-goog-upload-size-received", &upload.received.len().to_string());
        return Ok(response);
    }
    let offset = call.header("x-goog-upload-offset").and_then(|s| s.parse::<usize>().ok()).unwrap_or(0);
    if offset != upload.received.len() {
        let message = format!("The upload stands at {} bytes, not at {offset}.", upload.received.len());
        return Err(ApiError::invalid(message));
    }
    if offset.saturating_add(call.body.len()) > MAX_FILE {
        return Err(ApiError::invalid(format!("The stand-in keeps files of at most {MAX_FILE} bytes.")));
    }
    upload.received.extend_from_slice(&call.body);
    if !command.contains("finalize") {
        let mut response = empty();
        mark(&mut response, "x-goog-upload-status", "active");
        return Ok(response);
    }
    let upload = files.uploads.remove(&key).ok_or_else(|| ApiError::not_found("Upload not found."))?;
    let file = File {
        display: upload.display,
        mime: upload.mime,
        created: shared.now(),
        origin: call.origin(),
        source: "UPLOADED",
        bytes: upload.received.into(),
    };
    let mut response = respond::ok(&json!({"file": file.describe(&upload.id)}));
    files.by_id.insert(upload.id, file);
    mark(&mut response, "x-goog-upload-status", "final");
    Ok(response)
}

fn mark(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
