//! `/ui/tasks/{id}/transcript`: what the model was asked and said; `/payload`: the event as received.

use std::cell::Cell;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use domain::{PartKey, StoreError, clip};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::filter::Filter;
use super::guard::Member;
use super::layout::{self, Place};
use super::task;
use crate::Console;
use crate::answer_size::{MAX_ANSWER_BYTES, escaped};
use crate::refusal::Refusal;
use crate::transcript::{Call, Entry, from_cursor};

/// Bytes of the event that a page shows; the API has all of it.
const MAX_SHOWN: usize = 256 << 10;
/// Bytes of text that are shown of one call. As HTML, each may become six (`&quot;`).
const CALL_BYTES: usize = 256 << 10;

/// Where a page of calls begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Further {
    from: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Path(id): Path<String>,
    filter: Filter,
    further: Result<Query<Further>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Further { from }) =
        further.map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))?;
    let id = task::find(&console, &id).await?.id;
    let (task, entries, _) = from_cursor(&console, &id, &from).await?;
    let (calls, next) = page_of(&entries);
    let body = html! {
        p.back { a href=(filter.task(&task.id)) { "← " (task.doc.thread_name()) } }
        h1 { "Prompts and responses" }
        @if entries.is_empty() { div.empty { p { "No model was asked." } } }
        @for call in &calls { (call) }
        @if let Some(next) = next {
            @let further = filter.with(&format!("/ui/tasks/{}/transcript", task.id), &[("from", &next)]);
            p { a.button href=(further) { "Further calls" } }
        }
    };
    Ok(layout::page(&session, Place::Tasks, "Transcript", &body).into_response())
}

/// As many calls as an answer has room for, one at the least; and where the others begin.
fn page_of(entries: &[Entry]) -> (Vec<Markup>, Option<String>) {
    let (mut shown, mut room) = (Vec::new(), MAX_ANSWER_BYTES);
    for entry in entries {
        let call = show(&entry.call);
        let size = escaped(call.0.as_bytes());
        if size > room && !shown.is_empty() {
            return (shown, Some(entry.place.to_string()));
        }
        room = room.saturating_sub(size);
        shown.push(call);
    }
    (shown, None)
}

pub(crate) async fn payload(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    Path(id): Path<String>,
    filter: Filter,
) -> Result<Response, Failure> {
    let task = task::find(&console, &id).await?;
    let blob = console.stores.payloads.get(&task.id, &PartKey::payload()).await?;
    let blob = blob.ok_or(Refusal::NoSuchPart("raw body"))?;
    let bytes = blob.unpack().map_err(|error| StoreError::broken("read a raw body", error))?;
    let text = String::from_utf8_lossy(&bytes);
    let pretty = serde_json::from_str::<&RawValue>(&text).ok().and_then(pretty);
    let body = html! {
        p.back { a href=(filter.task(&task.id)) { "← " (task.doc.thread_name()) } }
        h1 { "Event as received" }
        p.quiet { (task.doc.content_type) " · " (bytes.len()) " bytes" }
        (bounded(pretty.as_deref().unwrap_or(&text), MAX_SHOWN))
    };
    Ok(layout::page(&session, Place::Tasks, "Event", &body).into_response())
}

/// The bytes of text that are left for a call.
struct Room(Cell<usize>);

impl Room {
    fn bounded(&self, text: &str) -> Markup {
        let shown = bounded(text, self.0.get());
        self.0.set(self.0.get().saturating_sub(text.len()));
        shown
    }
}

fn show(call: &Call) -> Markup {
    let room = Room(Cell::new(CALL_BYTES));
    let (request, response) = (parse(&call.request), parse(&call.response));
    html! {
        section.card.call {
            div.split {
                h2 { (call.step) }
                span.quiet { (call.model) " · " time datetime=(call.at) { (call.at) } }
            }
            @if let Some(system) = texts(request.pointer("/systemInstruction/parts")) {
                (said("System", "system", &system, false, &room))
            }
            @for turn in request.pointer("/contents").and_then(Value::as_array).into_iter().flatten() {
                @if let Some(text) = texts(turn.pointer("/parts")) {
                    @let model = turn.pointer("/role").is_some_and(|role| role == "model");
                    (said(if model { "Model" } else { "Prompt" }, if model { "model" } else { "prompt" }, &text, true, &room))
                }
            }
            @if let Some(text) = texts(response.pointer("/candidates/0/content/parts")) {
                (said("Response", "model", &text, true, &room))
            }
            details { summary { "Request, to the letter" } (json(&call.request, &room)) }
            details { summary { "Response, to the letter" } (json(&call.response, &room)) }
        }
    }
}

fn parse(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// The texts of the parts of a turn, if there are any.
fn texts(parts: Option<&Value>) -> Option<String> {
    let parts = parts?.as_array()?.iter();
    let texts: Vec<&str> = parts.filter_map(|part| part.get("text")?.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn said(who: &str, class: &str, text: &str, open: bool, room: &Room) -> Markup {
    html! {
        details.said.(class) open[open] {
            summary { (who) }
            (room.bounded(text))
        }
    }
}

fn json(raw: &RawValue, room: &Room) -> Markup {
    room.bounded(pretty(raw).as_deref().unwrap_or(raw.get()))
}

fn pretty(raw: &RawValue) -> Option<String> {
    serde_json::from_str::<Value>(raw.get()).ok().map(|value| domain::readable(&value))
}

fn bounded(text: &str, bytes: usize) -> Markup {
    let shown = clip(text, bytes);
    html! {
        pre tabindex="0" { (shown) }
        @if shown.len() < text.len() {
            p.quiet { (text.len() - shown.len()) " more bytes; the API has all of them." }
        }
    }
}
