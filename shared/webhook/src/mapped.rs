//! Events that no reader of ours knows: agent.toml says where their fields are.
//!
//! Nothing is lost for want of a field. Without a map, or where the body lacks what the map names, an
//! event is called `event`, belongs to a thread of its own, and its text is the whole body. One field is
//! different: what the map calls public must say so, or it is for the staff alone.

use domain::{Audience, Event, clip};
use serde_json::Value;

use crate::provider::Row;
use crate::reading::{JsonView, MAX_FACT_BYTES, event_name, name, object, own_thread};
use crate::{FieldMap, ParseError, Parsed, Pointer, Received, Scheme, Sender};

pub(crate) static STANDARD_WEBHOOKS: Row = row("standard-webhooks", Scheme::standard_webhooks);
pub(crate) static SVIX: Row = row("svix", Scheme::svix);
/// Its scheme is described in agent.toml, which is refused without one.
pub(crate) static CUSTOM: Row = row("custom", Scheme::standard_webhooks);

const fn row(name: &'static str, scheme: fn() -> Scheme) -> Row {
    Row { takes_map: true, has_html: true, ..Row::json(name, scheme, read) }
}

/// What an event is called that has no name, or one that is fit for no name.
const NAMELESS: &str = "event";

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    Ok(Parsed::Event(Box::new(event(sender, received, JsonView(&value), NAMELESS))))
}

/// The event of `body` as the map of `sender` has it, called `unnamed` where the map says no name.
pub(crate) fn event(sender: &Sender, received: &Received<'_>, body: JsonView<'_>, unnamed: &str) -> Event {
    let map = &sender.map;
    let at = |pointer: &Option<Pointer>| pointer.as_ref().and_then(|pointer| body.id(pointer.as_str()));
    let tenant = at(&map.tenant).and_then(|tenant| name(&tenant)).unwrap_or_else(|| sender.name.clone());
    let thread = at(&map.thread).and_then(|thread| name(&thread)).unwrap_or_else(|| own_thread(received));
    let actor = at(&map.actor).and_then(|actor| name(&actor)).unwrap_or_else(|| sender.name.clone());
    let called = kind(map, body).and_then(event_name).unwrap_or_else(|| unnamed.to_owned());
    let comment_id = at(&map.comment);
    Event {
        title: at(&map.title),
        text: text(body, map, comment_id.is_some()),
        labels: map.labels.as_ref().map(|labels| body.names(labels.as_str(), "/name")).unwrap_or_default(),
        comment_id,
        audience: audience(body, map),
        occurred_at: date(body, map),
        ..Event::new(called, tenant, thread, clip(&actor, MAX_FACT_BYTES))
    }
}

/// What the body calls itself; without a map, where Standard Webhooks puts it.
fn kind<'v>(map: &FieldMap, body: JsonView<'v>) -> Option<&'v str> {
    body.text(map.event.as_ref().map_or("/type", Pointer::as_str))
}

/// Some senders write their flags as texts.
fn audience(body: JsonView<'_>, map: &FieldMap) -> Audience {
    let Some(public) = map.public.as_ref().map(Pointer::as_str) else { return Audience::Public };
    match body.flag(public).or_else(|| body.text(public).map(|text| text.trim() == "true")) {
        Some(true) => Audience::Public,
        Some(false) | None => Audience::Internal,
    }
}

/// The date where the map has it, else where Standard Webhooks puts it.
fn date(body: JsonView<'_>, map: &FieldMap) -> Option<domain::Timestamp> {
    body.date(map.occurred_at.as_ref().map_or("/timestamp", Pointer::as_str))
}

/// What the map names, else the whole body; what is no text is shown as JSON. A comment says what is named, or nothing.
fn text(body: JsonView<'_>, map: &FieldMap, is_comment: bool) -> String {
    let named = map.text.as_ref().and_then(|pointer| body.0.pointer(pointer.as_str()));
    let whole = if is_comment && map.text.is_some() { None } else { Some(body.0) };
    match named.filter(|value| !value.is_null()).or(whole) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => domain::readable(value),
        None => String::new(),
    }
}
