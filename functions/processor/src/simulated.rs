//! What a simulation does to a processor that no port could: it plants a bug of an earlier version again, and draws what
//! is random elsewhere. Without the feature `simulated` nothing can, and whoever asks is compiled away.

#[cfg(feature = "simulated")]
mod of_thread {
    use std::cell::Cell;

    thread_local! {
        static INTENTS_NAME_NO_TEXT: Cell<bool> = const { Cell::new(false) };
        static NONCE: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// From now on in this thread, nonces are numbers in the order in which they are drawn, and, if that is planted, an
    /// intent is about whatever text a task wants to publish: once a task has begun to, the gate is skipped, and nobody
    /// looks first what became of an earlier text.
    pub fn enter(intents_name_no_text: bool) {
        INTENTS_NAME_NO_TEXT.set(intents_name_no_text);
        NONCE.set(Some(0));
    }

    /// The thread is as any other again.
    pub fn leave() {
        INTENTS_NAME_NO_TEXT.set(false);
        NONCE.set(None);
    }

    pub(crate) fn intents_name_no_text() -> bool {
        INTENTS_NAME_NO_TEXT.get()
    }

    pub(crate) fn nonce() -> Option<String> {
        let number = NONCE.get()?;
        NONCE.set(Some(number + 1));
        Some(format!("{number:024x}"))
    }

    pub(crate) fn is_on() -> bool {
        NONCE.get().is_some()
    }
}

#[cfg(feature = "simulated")]
pub use of_thread::{enter, leave};
#[cfg(feature = "simulated")]
pub(crate) use of_thread::{intents_name_no_text, is_on, nonce};

/// Never.
#[cfg(not(feature = "simulated"))]
pub(crate) const fn intents_name_no_text() -> bool {
    false
}

/// None of a simulation's.
#[cfg(not(feature = "simulated"))]
pub(crate) const fn nonce() -> Option<String> {
    None
}

/// Never.
#[cfg(not(feature = "simulated"))]
pub(crate) const fn is_on() -> bool {
    false
}
