//! [`OpenError`]: why a data directory cannot be used, for the person who chose it.

use std::path::PathBuf;

/// The database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works on the directory. Two at once would work on the same tasks.
    #[error(
        "the data directory {} is in use by {}: stop it, or choose another directory",
        dir.display(),
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The other's process id, if it could be read.
        holder: Option<u32>,
    },
    /// The directory cannot be made or written.
    #[error("the data directory {} cannot be written: {reason}; mend its permissions, or choose another", dir.display())]
    NotWritable {
        /// The data directory.
        dir: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is no database, or a damaged one.
    #[error("the database {} is damaged: {reason}; put a copy in its place, or move it away to begin anew", file.display())]
    Damaged {
        /// The database file.
        file: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The file is some other program's database.
    #[error("{} is a database of another program: choose another data directory", file.display())]
    Foreign {
        /// The database file.
        file: PathBuf,
    },
    /// The file was written by a later version of this program.
    #[error(
        "the database {} has schema version {found}, and this version of afterhook knows none above {known}: \
         use the newer afterhook, or choose another data directory",
        file.display()
    )]
    Newer {
        /// The database file.
        file: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// Anything else that SQLite says.
    #[error("the database {} cannot be opened: {reason}", file.display())]
    Failed {
        /// The database file, `:memory:` for one in memory.
        file: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}
