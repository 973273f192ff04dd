//! [`Directory`]: a data directory that one process at a time may use.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// The database within the directory.
pub(crate) const DATABASE: &str = "afterhook.db";
/// The file that is locked while the directory is in use. Not the database itself: SQLite's own locks
/// on it must stay free for the reading connection beside the writing one.
const LOCK: &str = "afterhook.lock";

/// A data directory in use. The system frees the lock when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory if it does not exist, and locks it.
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let not_writable = |error: std::io::Error| OpenError::NotWritable {
            dir: path.to_owned(),
            reason: error.to_string(),
        };
        fs::create_dir_all(path).map_err(not_writable)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(not_writable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { dir: path.to_owned(), holder: holder(&mut lock) });
            }
            Err(TryLockError::Error(error)) => return Err(not_writable(error)),
        }
        sign(&mut lock).map_err(not_writable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The directory's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

/// Writes our process id into the lock file, for the error message of a second process.
fn sign(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    writeln!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
