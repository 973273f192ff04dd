//! [`DevSecrets`]: secrets that `dev` makes up where the environment has none. They are kept in the data directory,
//! so that a sender configured with them still works after a restart.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::random;

const FILE: &str = "secrets.json";

/// The made-up secrets of one data directory, by name.
#[derive(Debug)]
pub(crate) struct DevSecrets {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

impl DevSecrets {
    /// Reads those of `data_dir`; none when there are none yet.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn read(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        let values = match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| {
                io::Error::other(format!("{}: {error}; delete the file to have new ones", path.display()))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        };
        Ok(Self { path, values })
    }

    /// The secret called `name`, if it was made up before.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The secret called `name`, made up and stored if it is new.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub(crate) fn get_or_make(&mut self, name: &str) -> io::Result<String> {
        if let Some(known) = self.get(name) {
            return Ok(known.to_owned());
        }
        let made = random::hex(20)?;
        self.values.insert(name.to_owned(), made.clone());
        self.write()?;
        Ok(made)
    }

    /// Replaces the file as a whole, readable by its owner alone.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_secret_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let made = DevSecrets::read(dir.path()).unwrap().get_or_make("github").unwrap();
        let again = DevSecrets::read(dir.path()).unwrap();
        assert_eq!(again.get("github"), Some(made.as_str()));
        assert_eq!(again.get("other"), None);
    }

    #[test]
    fn secrets_are_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        DevSecrets::read(dir.path()).unwrap().get_or_make("github").unwrap();
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(dir.path().join(FILE)).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn damaged_file_is_an_error_that_says_how_to_mend_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(DevSecrets::read(dir.path()).unwrap_err().to_string().contains("delete the file"));
    }
}
