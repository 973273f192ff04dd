//! [`Sink`]: where lines of metrics go.

use std::io::{self, Write};
use std::str;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Recorded;
use crate::json_lines::METRICS;

/// Where lines go.
#[derive(Clone)]
pub(crate) enum Sink {
    /// Nowhere.
    None,
    /// The process's log, which Lambda hands to CloudWatch: a line there says which request and task it is about.
    Log,
    /// Any writer.
    Writer(Arc<Mutex<dyn Write + Send>>),
    /// Memory, for tests.
    Memory(Recorded),
}

impl Sink {
    /// Writes a whole line at once, so that lines of several threads do not mix.
    pub(crate) fn write(&self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Log => {
                let document = str::from_utf8(line).map_err(io::Error::other)?;
                tracing::info!(target: METRICS, document);
                Ok(())
            }
            // A panic in the midst of a write spoils that line alone.
            Self::Writer(writer) => {
                write_line(&mut *writer.lock().unwrap_or_else(PoisonError::into_inner), line)
            }
            Self::Memory(recorded) => recorded.push(line),
        }
    }
}

/// Flushed at once: a Lambda environment may be frozen the moment its answer is out.
fn write_line(writer: &mut (impl Write + ?Sized), line: &[u8]) -> io::Result<()> {
    writer.write_all(line)?;
    writer.flush()
}
