//! [`Sender`]: a provider as one source of agent.toml has it. What is true of every sender is here:
//! what identifies an event, and that its names are bounded.

use std::borrow::Cow;
use std::time::Duration;

use domain::{Event, Timestamp};
use markdown::html_as_text;
use serde_json::{Value, json};

use crate::reading::{JsonView, MAX_NAME_BYTES, json as json_of, name, not_json, read, unreadable};
use crate::{
    FieldMap, Headers, ParseError, Parsed, Pointer, Provider, Received, Scheme, TimePlace,
    USUAL_MAX_EVENT_AGE,
};

/// Longer ids are nobody's.
const MAX_ID_BYTES: usize = 1024;

/// Who sends, how it signs, and what agent.toml says about its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Sender {
    /// Name of the source: the tenant of events that name none.
    pub name: String,
    /// Who sends.
    pub provider: Provider,
    /// How it signs.
    pub scheme: Scheme,
    /// Where the event's id is, if agent.toml says so.
    pub identity: Option<Pointer>,
    /// Where the fields are, for senders without a reader of their own.
    pub map: FieldMap,
    /// Where its threads live: the value of the provider's [`crate::Site`].
    pub site: Option<String>,
}

impl Sender {
    /// `provider` under the name `name`, signing as it does by default.
    #[must_use]
    pub fn new(name: impl Into<String>, provider: Provider) -> Self {
        Self {
            name: name.into(),
            provider,
            scheme: provider.scheme(),
            identity: None,
            map: FieldMap::default(),
            site: None,
        }
    }

    /// `provider` under its own name.
    #[must_use]
    pub fn of(provider: Provider) -> Self {
        Self::new(provider.name(), provider)
    }

    /// How old its events may be unless agent.toml says otherwise. `None` for a sender that signs the time: its
    /// signatures go stale within minutes.
    #[must_use]
    pub fn usual_max_event_age(&self) -> Option<Duration> {
        self.scheme.freshness.is_none().then_some(USUAL_MAX_EVENT_AGE)
    }

    /// The bytes that identify the event, out of what is signed: where agent.toml says it is, else
    /// the id header that the scheme signs, else the provider's id in the body, else the whole body.
    ///
    /// Ids in headers that are not signed (`X-GitHub-Delivery` and its like) are no identity: whoever
    /// replays a request can change them, and would get a second task.
    #[must_use]
    pub fn identity<'a>(
        &self,
        received: &Received<'a>,
        headers: &'a (impl Headers + ?Sized),
    ) -> Cow<'a, [u8]> {
        if let Some(pointer) = &self.identity {
            return owned(self.id_at(received, pointer.as_str(), |body, at| body.id(at)))
                .unwrap_or(received.body.into());
        }
        let signed_id = || headers.header(self.scheme.id_header.as_deref()?);
        if let Some(id) = signed_id() {
            return id.as_bytes().into();
        }
        // A text: a number at that place of a body of another shape may be a ticket's, not an event's.
        let own = self.provider.row().id.and_then(|id| self.id_at(received, id, |body, at| body.string(at)));
        owned(own).unwrap_or(received.body.into())
    }

    fn id_at(
        &self,
        received: &Received<'_>,
        pointer: &str,
        read: fn(JsonView<'_>, &str) -> Option<String>,
    ) -> Option<String> {
        self.provider.body_form(received.body)?;
        let body: Value = serde_json::from_str(&json_of(received).ok()?).ok()?;
        // Two ids that differ in half a character alone are read as one.
        let is_whole = |id: &String| !id.contains(char::REPLACEMENT_CHARACTER);
        read(JsonView(&body), pointer).filter(|id| (1..=MAX_ID_BYTES).contains(&id.len()) && is_whole(id))
    }

    /// Reads a verified webhook.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(&self, received: &Received<'_>) -> Result<Parsed, ParseError> {
        self.check_form(received)?;
        let parsed = (self.provider.row().read)(self, received)?;
        Ok(match parsed {
            Parsed::Event(event) => Parsed::Event(Box::new(self.shown(self.bounded(*event, received)))),
            other => other,
        })
    }

    /// The name of the event that [`Sender::parse`] cannot read: `None` when it is of no kind that a source
    /// could name.
    ///
    /// # Errors
    /// [`ParseError`], when nobody can say what it is.
    pub fn kind(&self, received: &Received<'_>) -> Result<Option<String>, ParseError> {
        self.check_form(received)?;
        let kind = self.provider.row().kind.ok_or_else(|| unreadable("its kind cannot be told"))?;
        let body: Value = read(&json_of(received)?)?;
        Ok(kind(received, JsonView(&body)))
    }

    fn check_form(&self, received: &Received<'_>) -> Result<(), ParseError> {
        let form = self.provider.body_form(received.body);
        form.map(drop).ok_or_else(|| not_json("it begins neither as JSON nor as a form of this sender"))
    }

    /// Where its people see tags and comments as they were typed, nothing is hidden from the model by them.
    fn shown(&self, event: Event) -> Event {
        if self.provider.row().has_html {
            return event;
        }
        let shown = |text: String| html_as_text(&text).into_owned();
        Event { text: shown(event.text), opening: event.opening.map(shown), ..event }
    }

    /// Tenant and thread become keys: they are never empty and at most 256 bytes.
    fn bounded(&self, mut event: Event, received: &Received<'_>) -> Event {
        let fits = |text: &str| (1..=MAX_NAME_BYTES).contains(&text.len());
        if !fits(&event.tenant) {
            event.tenant = name(&event.tenant).unwrap_or_else(|| self.name.clone());
        }
        if !fits(&event.thread) {
            event.thread = name(&event.thread).unwrap_or_else(|| crate::reading::own_thread(received));
        }
        event
    }

    /// `body` with the time of signing where the scheme expects it inside the body: the sender's side,
    /// for sample events.
    #[must_use]
    pub fn stamped(&self, body: &[u8], now: Timestamp) -> Vec<u8> {
        let tolerance = self.scheme.freshness.as_ref();
        let Some((TimePlace::Body(pointer), format)) = tolerance.map(|it| (&it.place, it.format)) else {
            return body.to_vec();
        };
        let text = format.write(now);
        let time = text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number));
        replaced(body, pointer, time)
    }

    /// `body` as an event of its own, about a happening of its own: with another id and at another time, where
    /// it has such; the sender's side, for sample events.
    #[must_use]
    pub fn renewed(&self, body: &[u8], now: Timestamp) -> Vec<u8> {
        let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
        let mut is_dated = false;
        for place in self.provider.row().times {
            if let Some(time) = json.pointer_mut(place) {
                *time = time_like(time, now);
                is_dated = true;
            }
        }
        let id = self.identity.as_ref().map(Pointer::as_str).or(self.provider.row().id);
        if let Some(place) = id.or((!is_dated).then_some("/sent_at")) {
            replace(&mut json, place, json!(format!("sample_{}", now.as_nanosecond())));
        }
        serde_json::to_vec(&json).unwrap_or_else(|_| body.to_vec())
    }
}

fn owned<'a>(id: Option<String>) -> Option<Cow<'a, [u8]>> {
    id.map(|id| Cow::Owned(id.into_bytes()))
}

/// `body` with `value` at `pointer`; unchanged when it is no JSON object that could have it there.
fn replaced(body: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    replace(&mut json, pointer, value);
    serde_json::to_vec(&json).unwrap_or_else(|_| body.to_vec())
}

fn replace(json: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = json.pointer_mut(pointer) {
        *place = value;
    } else if let (Some(fields), Some(key)) = (json.as_object_mut(), pointer.strip_prefix('/')) {
        fields.insert(key.to_owned(), value);
    }
}

/// `now`, written as Slack writes a message's stamp where `old` is one, as a number where it is one, else as RFC 3339
/// has it.
fn time_like(old: &Value, now: Timestamp) -> Value {
    let is_stamp = |text: &str| {
        text.split_once('.').is_some_and(|(seconds, _)| seconds.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match old.as_str() {
        None if old.is_number() => json!(now.as_microsecond()),
        Some(text) if is_stamp(text) => {
            json!(format!("{}.{:06}", now.as_second(), now.subsec_microsecond()))
        }
        Some(text) if is_number(text) => json!(now.as_microsecond().to_string()),
        _ => json!(now.to_string()),
    }
}
