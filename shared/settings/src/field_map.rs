//! `map = { event = "/type", … }` and `identity = "/id"`: where things are in the events of senders
//! without a reader of their own.

use webhook::{FieldMap, Pointer, PointerError, Provider};

use crate::entry::Entry;

/// Reads `map`; senders with a reader of their own need none.
pub(crate) fn read(entry: &Entry<'_>, provider: Option<Provider>) -> Option<FieldMap> {
    if let Some(provider) = provider.filter(|provider| !provider.is_mapped()) {
        return entry.refuse(
            format!("the events of {} are read without a map", provider.name()),
            "remove it, or set `provider = \"custom\"` and name the `scheme` to read them your way",
        );
    }
    let mut section = entry.section()?;
    let map = FieldMap {
        event: section.read("event", pointer),
        tenant: section.read("tenant", pointer),
        thread: section.read("thread", pointer),
        actor: section.read("actor", pointer),
        title: section.read("title", pointer),
        text: section.read("text", pointer),
        labels: section.read("labels", pointer),
        occurred_at: section.read("occurred_at", pointer),
    };
    section.finish();
    Some(map)
}

/// Reads a JSON pointer to a field.
pub(crate) fn pointer(entry: &Entry<'_>) -> Option<Pointer> {
    let text = entry.text()?;
    match Pointer::new(&text) {
        Ok(pointer) => Some(pointer),
        Err(PointerError::NoRoot { meant }) => entry.refuse(
            format!("\"{text}\" is no JSON pointer: it begins with `/`"),
            format!("did you mean \"{meant}\"?"),
        ),
        Err(error) => {
            entry.refuse(format!("\"{text}\" is no JSON pointer: {error}"), "write it like \"/ticket/id\"")
        }
    }
}
