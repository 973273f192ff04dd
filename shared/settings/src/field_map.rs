//! `map = { event = "/type", … }` and `identity = "/id"`: where the facts are in events that no parser of ours knows.

use webhook::{FieldMap, Pointer, PointerError, Provider};

use crate::entry::Entry;
use crate::form::Form;
use crate::key::key;
use crate::section::Section;

/// Reads `map`. Most senders that have a parser here take none.
pub(crate) fn read(entry: &Entry<'_>, provider: Option<Provider>) -> Option<FieldMap> {
    if let Some(provider) = provider.filter(|provider| !provider.row().takes_map) {
        return entry.refuse(
            format!("the events of {} are read without a map", provider.name()),
            "remove it, or set `provider = \"custom\"` and name the `scheme` to read them your way",
        );
    }
    let mut section = entry.section()?;
    let map = FieldMap {
        event: section.read(key("event", "The kind of the event (default \"/type\")."), pointer),
        tenant: section.read(
            key("tenant", "Whose quota and share of the queue it uses (default: the source)."),
            pointer,
        ),
        thread: section.read(
            key("thread", "The conversation that it belongs to (default: one for each event)."),
            pointer,
        ),
        actor: section.read(key("actor", "Who caused it (default: the source)."), pointer),
        title: section.read(key("title", "Its heading (default none)."), pointer),
        text: section.read(key("text", "What the agent is to read (default: the whole body)."), pointer),
        labels: section
            .read(key("labels", "A list of texts, or of objects with a `name` (default none)."), pointer),
        occurred_at: section.read(
            key("occurred_at", "When it happened, as RFC 3339 has it (default \"/timestamp\")."),
            pointer,
        ),
        comment: section.read(
            key("comment", "The id of the comment, where the event is one (default: none is)."),
            pointer,
        ),
        public: public(&mut section, provider),
    };
    section.finish();
    Some(map)
}

/// Where the events say whether the customer can see them, which some senders must be asked for.
fn public(section: &mut Section<'_>, provider: Option<Provider>) -> Option<Pointer> {
    let key = key(
        "public",
        "Whether the customer can see it: true, or it is for the staff (default: it is public).",
    );
    if provider.is_some_and(|provider| provider.row().needs_public) {
        let how = "say where, such as \"/public\": internal notes are told by nothing else";
        return section.require(key, how, pointer);
    }
    section.read(key, pointer)
}

/// A JSON pointer to a field.
pub(crate) const POINTER: Form =
    Form { fits: |text| Pointer::new(text).is_ok(), pattern: "^/([^~]|~[01])+$", example: "/ticket/id" };

/// Reads a JSON pointer to a field.
pub(crate) fn pointer(entry: &Entry<'_>) -> Option<Pointer> {
    let text = entry.text();
    entry.also(|| POINTER.keywords());
    let text = text?;
    match Pointer::new(&text) {
        Ok(pointer) => Some(pointer),
        Err(PointerError::NoRoot { meant }) => entry.refuse(
            format!("\"{text}\" is not a JSON pointer: it begins with `/`"),
            format!("did you mean \"{meant}\"?"),
        ),
        Err(error) => {
            entry.refuse(format!("\"{text}\" is not a JSON pointer: {error}"), "write it like \"/ticket/id\"")
        }
    }
}
