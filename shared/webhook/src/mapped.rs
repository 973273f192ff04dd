//! Senders without a reader of their own: agent.toml says where the fields are.
//!
//! Nothing is lost for want of a field. Without a map, or where the body lacks what the map names, an
//! event is called `event`, belongs to a thread of its own, and its text is the whole body.

use domain::{Event, clip};
use serde_json::Value;

use crate::provider::Row;
use crate::reading::{JsonView, MAX_FACT_BYTES, dotted, name, object, own_thread};
use crate::{FieldMap, ParseError, Parsed, Pointer, Received, Scheme, Sender};

pub(crate) static STANDARD_WEBHOOKS: Row = Row::json("standard-webhooks", Scheme::standard_webhooks, read);
pub(crate) static SVIX: Row = Row::json("svix", Scheme::svix, read);
/// Its scheme is described in agent.toml, which is refused without one.
pub(crate) static CUSTOM: Row = Row::json("custom", Scheme::standard_webhooks, read);

/// What an event is called that has no name, or one that is fit for no name.
const NAMELESS: &str = "event";

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let (body, map) = (JsonView(&value), &sender.map);
    let at = |pointer: &Option<Pointer>| pointer.as_ref().and_then(|pointer| body.id(pointer.as_str()));
    let kind = match &map.event {
        Some(pointer) => body.text(pointer.as_str()),
        // Where Standard Webhooks puts it.
        None => body.text("/type"),
    };
    let tenant = at(&map.tenant).and_then(|tenant| name(&tenant)).unwrap_or_else(|| sender.name.clone());
    let thread = at(&map.thread).and_then(|thread| name(&thread)).unwrap_or_else(|| own_thread(received));
    let actor = at(&map.actor).and_then(|actor| name(&actor)).unwrap_or_else(|| sender.name.clone());
    let event = Event::new(event_name(kind), tenant, thread, clip(&actor, MAX_FACT_BYTES));
    Ok(Parsed::Event(Box::new(Event {
        title: at(&map.title),
        text: text(body, map),
        labels: map.labels.as_ref().map(|labels| body.names(labels.as_str(), "/name")).unwrap_or_default(),
        occurred_at: date(body, map),
        ..event
    })))
}

/// `Order.Created` and `order/created` are `order.created`.
fn event_name(kind: Option<&str>) -> String {
    let plain = |c: char| match c {
        '/' | ':' | '.' => '.',
        c if c.is_ascii_alphanumeric() || c == '_' => c.to_ascii_lowercase(),
        _ => '_',
    };
    let name: String = kind.unwrap_or_default().chars().map(plain).collect();
    dotted(&name).unwrap_or(NAMELESS).to_owned()
}

/// The date where the map has it, else where Standard Webhooks puts it.
fn date(body: JsonView<'_>, map: &FieldMap) -> Option<domain::Timestamp> {
    body.date(map.occurred_at.as_ref().map_or("/timestamp", Pointer::as_str))
}

/// What the map names, else the whole body; what is no text is shown as JSON.
fn text(body: JsonView<'_>, map: &FieldMap) -> String {
    let named = map.text.as_ref().and_then(|pointer| body.0.pointer(pointer.as_str()));
    match named.filter(|value| !value.is_null()).unwrap_or(body.0) {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}
