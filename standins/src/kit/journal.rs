//! [`Journal`]: an append-only file of changes, one JSON object a line.
//!
//! A change is one `write` of a whole line, so it survives the death of the process at any moment (not
//! that of the machine: nothing is flushed to the disk). A line that was torn all the same is cut off
//! when the journal is opened again; it belonged to a change that was never answered.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The open file, locked against other processes.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// Opens or creates the file; returns the changes in it, oldest first.
    pub(super) fn open<C: DeserializeOwned>(path: &Path) -> io::Result<(Self, Vec<C>)> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let used = format!("{}: in use by another process", path.display());
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, used),
            TryLockError::Error(error) => error,
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let lines = bytes[..whole].split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        let changes = lines.map(|(number, line)| read(line, path, number + 1)).collect::<io::Result<_>>()?;
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
        }
        Ok((Self(file), changes))
    }

    /// Adds a change. After an error the change does not count.
    pub(super) fn append(&mut self, change: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        let before = self.0.metadata()?.len();
        self.0.write_all(&line).inspect_err(|_| {
            // Half a line would make the next one unreadable; if cutting fails too, opening cuts it.
            let _ = self.0.set_len(before);
        })
    }
}

fn read<C: DeserializeOwned>(line: &[u8], path: &Path, number: usize) -> io::Result<C> {
    serde_json::from_slice(line).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{}, line {number}: {error}; move the file away to start afresh", path.display()),
        )
    })
}
