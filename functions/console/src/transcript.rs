//! `GET /tasks/{id}/transcript`: every request to a model and its response, to the letter, in pages.
//!
//! A page ends before the call that does not fit any more (`answer_size.rs`). A call that no page has room for comes in
//! pieces of its JSON, a page each.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::{Blob, PartKey, StoreError, Task, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Console;
use crate::answer_size::{MAX_ANSWER_BYTES, escaped};
use crate::body::NamedTask;
use crate::endpoint::QueryParameter;
use crate::refusal::Refusal;

/// Bytes of a call's JSON in one piece. As text within a JSON string within Lambda's JSON, each may become four.
const PIECE_BYTES: usize = 1 << 20;

/// The query string. A cursor that is empty is as good as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Parameters {
    pub(crate) cursor: String,
}

/// The same for the API's description.
pub(crate) const PARAMETERS: &[QueryParameter] =
    &[("cursor", "The `cursor` of the page before.", r#"{"type":"string"}"#)];

/// A page of the calls of a task.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Transcript {
    calls: Vec<Call>,
    /// Where the next page begins; `null` if nothing is left.
    cursor: Option<String>,
}

/// A [`domain::Exchange`] whose bodies are passed on as they are stored: parsing them anew could
/// change the order of keys or the digits of a number.
#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Call {
    /// The step that called.
    pub(crate) step: String,
    /// The model that was asked.
    pub(crate) model: String,
    /// The request's body.
    #[schemars(with = "serde_json::Value")]
    pub(crate) request: Box<RawValue>,
    /// The response's body.
    #[schemars(with = "serde_json::Value")]
    pub(crate) response: Box<RawValue>,
    /// When it was sent.
    pub(crate) at: String,
    /// Only of a call that no page has room for, whose bodies are `null` then.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    piece: Option<Piece>,
}

/// A part of the JSON of a call. The texts of all pages in a row are that JSON.
#[derive(Debug, Serialize, JsonSchema)]
struct Piece {
    /// Where it begins, in bytes.
    from: usize,
    /// Bytes of the whole.
    of: usize,
    text: String,
}

/// A call, and where it stands.
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) call: Call,
}

/// Where a page begins. Calls that are made meanwhile come behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The name of the part, which sorts in the order of the calls.
    part: String,
    /// Which call of the part.
    nth: usize,
    /// Bytes of its JSON that went before.
    offset: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.part, self.nth, self.offset)
    }
}

impl FromStr for Place {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut fields = text.rsplitn(3, '.');
        let mut number = || fields.next()?.parse().ok();
        let (offset, nth) = (number(), number());
        match (fields.next(), nth, offset) {
            (Some(part), Some(nth), Some(offset)) if part.starts_with(PartKey::CALLS) => {
                Ok(Self { part: part.to_owned(), nth, offset })
            }
            _ => Err(no_cursor()),
        }
    }
}

fn no_cursor() -> Refusal {
    let hint = "`cursor` is not one that this API has returned: leave it out to begin anew.";
    Refusal::Malformed(hint.to_owned())
}

pub(crate) async fn calls(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Json<Transcript>, Refusal> {
    let Query(Parameters { cursor }) =
        parameters.map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))?;
    let (_, entries, offset) = from_cursor(&console, &id, &cursor).await?;
    page(entries, offset).map(Json)
}

/// The task and its calls from the one on that `cursor` names, in their order; and how much of the first has gone
/// before.
pub(crate) async fn from_cursor(
    console: &Console,
    id: &TaskId,
    cursor: &str,
) -> Result<(Task, Vec<Entry>, usize), Refusal> {
    let from: Option<Place> = if cursor.is_empty() { None } else { Some(cursor.parse()?) };
    let (task, mut entries) = of_task(console, id).await?;
    let Some(from) = from else { return Ok((task, entries, 0)) };
    let first = Place { offset: 0, ..from.clone() };
    entries.retain(|entry| entry.place >= first);
    let is_there = entries.first().is_some_and(|entry| entry.place == first);
    if is_there { Ok((task, entries, from.offset)) } else { Err(no_cursor()) }
}

/// The task and its calls, in their order.
async fn of_task(console: &Console, id: &TaskId) -> Result<(Task, Vec<Entry>), Refusal> {
    let stores = &console.stores;
    let (task, parts) = futures::try_join!(stores.tasks.get(id), stores.payloads.list(id, PartKey::CALLS))?;
    let task = task.ok_or_else(|| Refusal::NoSuchTask(id.to_string()))?;
    let mut entries = Vec::with_capacity(parts.len());
    for (part, blob) in &parts {
        for (nth, call) in read(part, blob)?.into_iter().enumerate() {
            let place = Place { part: part.as_str().to_owned(), nth, offset: 0 };
            entries.push(Entry { place, call });
        }
    }
    Ok((task, entries))
}

/// What one answer has room for, of which `offset` bytes of the first call have gone before.
fn page(entries: Vec<Entry>, offset: usize) -> Result<Transcript, Refusal> {
    let mut transcript = Transcript { calls: Vec::new(), cursor: None };
    let mut room = MAX_ANSWER_BYTES;
    let mut entries = entries.into_iter();
    while let Some(Entry { place, call }) = entries.next() {
        let json =
            serde_json::to_string(&call).map_err(|error| StoreError::broken("write a transcript", error))?;
        // With the comma before it.
        let size = escaped(json.as_bytes()) + 1;
        if offset == 0 && size <= room {
            room -= size;
            transcript.calls.push(call);
            continue;
        }
        let next = if transcript.calls.is_empty() {
            let (piece, end) = piece_of(call, &json, offset)?;
            transcript.calls.push(piece);
            let rest = (end < json.len()).then_some(Place { offset: end, ..place });
            rest.or_else(|| entries.next().map(|entry| entry.place))
        } else {
            Some(place)
        };
        transcript.cursor = next.map(|place| place.to_string());
        break;
    }
    Ok(transcript)
}

/// The piece of `call` that begins at the byte `from` of its `json`, and where it ends.
fn piece_of(call: Call, json: &str, from: usize) -> Result<(Call, usize), Refusal> {
    let rest = json.get(from..).filter(|rest| !rest.is_empty()).ok_or_else(no_cursor)?;
    let text = domain::clip(rest, PIECE_BYTES).to_owned();
    let end = from + text.len();
    let nothing = || RawValue::NULL.to_owned();
    let piece = Some(Piece { from, of: json.len(), text });
    Ok((Call { request: nothing(), response: nothing(), piece, ..call }, end))
}

/// The calls of one part: one as an object, or several as a list.
fn read(part: &PartKey, blob: &Blob) -> Result<Vec<Call>, StoreError> {
    let broken = |cause: &dyn std::fmt::Display| {
        StoreError::broken("read a transcript", format!("part {part}: {cause}"))
    };
    let bytes = blob.unpack().map_err(|error| broken(&error))?;
    if bytes.first() == Some(&b'[') {
        serde_json::from_slice(&bytes).map_err(|error| broken(&error))
    } else {
        serde_json::from_slice(&bytes).map(|call| vec![call]).map_err(|error| broken(&error))
    }
}
