//! [`DevSecrets`]: secrets that `dev` makes up where the environment has none. They are kept in the data directory,
//! so that a sender configured with them still works after a restart.

use std::io;
use std::path::Path;

use crate::kept::Kept;
use crate::random;

const FILE: &str = "secrets.json";

/// The made-up secrets of one data directory, by name.
#[derive(Debug)]
pub(crate) struct DevSecrets(Kept<String>);

impl DevSecrets {
    /// Reads those of `data_dir`; none when there are none yet.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn read(data_dir: &Path) -> io::Result<Self> {
        Kept::read(data_dir.join(FILE)).map(Self)
    }

    /// The secret called `name`, if it was made up before.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
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
        self.0.set(name, made.clone())?;
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
