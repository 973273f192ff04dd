//! What happened, line by line, for whoever replays a seed.

use std::sync::Mutex;
use std::time::Duration;

use super::lock;

/// The lines of a run that is being traced.
pub(crate) struct Trace {
    lines: Option<Mutex<Vec<String>>>,
}

impl Trace {
    pub(crate) fn new(traced: bool) -> Self {
        Self { lines: traced.then(Mutex::default) }
    }

    pub(crate) fn note(&self, elapsed: Duration, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let (seconds, millis) = (elapsed.as_secs(), elapsed.subsec_millis());
            let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
            let at = format!("{hours:>2}:{minutes:02}:{:02}.{millis:03}", seconds % 60);
            let line = format!("{at}  {}", line());
            lock(lines).push(line);
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.lines.as_ref().map(|lines| std::mem::take(&mut *lock(lines))).unwrap_or_default()
    }
}
