//! A bug of an earlier version, for a simulation that plants it again: no port could imitate it. Without the feature
//! `simulated` nobody can, and whoever asks is compiled away.

#[cfg(feature = "simulated")]
use std::cell::Cell;

#[cfg(feature = "simulated")]
thread_local! {
    static INTENTS_NAME_NO_TEXT: Cell<bool> = const { Cell::new(false) };
}

/// From now on, an intent is about whatever text a task wants to publish in this thread: once a task has begun to, the
/// gate is skipped, and nobody looks first what became of an earlier text.
#[cfg(feature = "simulated")]
pub fn plant(intents_name_no_text: bool) {
    INTENTS_NAME_NO_TEXT.set(intents_name_no_text);
}

/// Whether that was planted.
#[cfg(feature = "simulated")]
pub(crate) fn intents_name_no_text() -> bool {
    INTENTS_NAME_NO_TEXT.get()
}

/// Never.
#[cfg(not(feature = "simulated"))]
pub(crate) const fn intents_name_no_text() -> bool {
    false
}
