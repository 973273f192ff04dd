//! [`Kept`]: values by name in a JSON file of the data directory, readable by its owner alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The values of one file.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    path: PathBuf,
    values: BTreeMap<String, T>,
}

impl<T: Serialize + DeserializeOwned> Kept<T> {
    /// Reads those of `path`; none when there are none yet.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn read(path: PathBuf) -> io::Result<Self> {
        let values = match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| {
                io::Error::other(format!("{}: {error}; delete the file to have new ones", path.display()))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(at(&path, &error)),
        };
        Ok(Self { path, values })
    }

    /// The value called `name`, if there is one.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.values.get(name)
    }

    /// Stores one, in place of that which had the name.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub(crate) fn set(&mut self, name: &str, value: T) -> io::Result<()> {
        self.values.insert(name.to_owned(), value);
        self.write().map_err(|error| at(&self.path, &error))
    }

    /// Replaces the file as a whole.
    fn write(&self) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(&self.values)?;
        let new = self.path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
