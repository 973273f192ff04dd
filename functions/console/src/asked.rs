//! [`Asked`]: what a task is about, in the words of its sender: read again from its raw body, by the sender's reader.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{API_SOURCE, Blob, Event, HandedOver, PartKey, StoreError, Task, Timestamp, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use webhook::{Parsed, Provider, Received, Sender};

use crate::Console;

/// Bytes of each text that an answer of the API has; the raw body has the rest. An answer that Lambda takes has at most 6 MB,
/// and a byte may take seven of them there: `\u0001` in JSON, in a string of JSON.
const ANSWERED: usize = 128 * 1024;

/// What is asked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Asked {
    /// The heading, if the sender has such a thing.
    pub(crate) title: Option<String>,
    /// What was written.
    pub(crate) text: String,
    /// For a comment: what the thread was opened with.
    pub(crate) opening: Option<String>,
    /// What the same person asked before in tasks that gave way to this one: it is answered for them, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) before: Vec<String>,
}

/// What a task that gave way has left to a newer one, as far as it is shown.
#[derive(Deserialize)]
struct Before {
    text: String,
    at: Timestamp,
}

/// What `task` is about. `None` where its source is no longer in agent.toml, or nobody can read it: the raw body
/// is there all the same.
pub(crate) async fn of(console: &Console, task: &Task) -> Result<Option<Asked>, StoreError> {
    let sender = match console.senders.get(&task.doc.source) {
        Some(sender) => Cow::Borrowed(sender),
        None if task.doc.source == API_SOURCE => Cow::Owned(Sender::of(Provider::Api)),
        None => return Ok(None),
    };
    let (payloads, body) = (&console.stores.payloads, PartKey::payload());
    let (body, before) =
        futures::try_join!(payloads.get(&task.id, &body), HandedOver::to(&**payloads, &task.id))?;
    let Some(blob) = body else { return Ok(None) };
    let body = blob.unpack().map_err(|error| StoreError::broken("read a raw body", error))?;
    let received = Received { event_hint: task.doc.event_hint.as_deref(), body: &body };
    // A panic of a reader must not cost the page.
    let parsed = catch_unwind(AssertUnwindSafe(|| sender.parse(&received)));
    Ok(match parsed {
        Ok(Ok(Parsed::Event(event))) => Some(Asked { before: texts(&before.parts)?, ..Asked::from(*event) }),
        _ => None,
    })
}

impl Asked {
    /// As an answer of the API has it.
    pub(crate) fn bounded(self) -> Self {
        let (title, opening) = (self.title.map(bounded), self.opening.map(bounded));
        Self { title, text: bounded(self.text), opening, ..self }
    }

    /// All that was written.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let opened = self.title.iter().chain(&self.opening);
        opened.chain(&self.before).map(String::as_str).chain([self.text.as_str()])
    }
}

/// The beginning of `text`, and how much is missing.
fn bounded(text: String) -> String {
    let beginning = clip(&text, ANSWERED);
    let missing = text.len() - beginning.len();
    if missing == 0 { text } else { format!("{beginning}\n[… {missing} bytes more: see the raw body]") }
}

/// The texts in `parts`, in the order of time.
fn texts(parts: &[(PartKey, Blob)]) -> Result<Vec<String>, StoreError> {
    let read = parts.iter().map(|(_, blob)| blob.json::<Before>("read a text"));
    let mut texts = read.collect::<Result<Vec<_>, _>>()?;
    texts.sort_by_key(|before| before.at);
    Ok(texts.into_iter().map(|before| before.text).collect())
}

impl From<Event> for Asked {
    fn from(event: Event) -> Self {
        Self { title: event.title, text: event.text, opening: event.opening, before: Vec::new() }
    }
}
