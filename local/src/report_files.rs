//! The files of a report.

use std::fs::{self, OpenOptions};
use std::path::Path;

use crate::Failure;

/// Sees that files of these `names` can be written in `dir`, which is made if it is not there: before anything is paid
/// that they would tell of. Nothing in them is changed.
///
/// # Errors
/// Which one cannot.
pub(crate) fn check(dir: &Path, names: &[&str]) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|error| Failure::at(dir.display(), error))?;
    for name in names {
        let file = dir.join(name);
        let failed = |error| Failure::at(file.display(), error);
        let is_new = !file.exists();
        OpenOptions::new().append(true).create(true).open(&file).map_err(failed)?;
        if is_new {
            fs::remove_file(&file).map_err(failed)?;
        }
    }
    Ok(())
}

/// Writes `files`, by their names, into `dir`.
///
/// # Errors
/// When one cannot be written.
pub(crate) fn write(dir: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    check(dir, &[])?;
    for (name, text) in files {
        let file = dir.join(name);
        fs::write(&file, text).map_err(|error| Failure::at(file.display(), error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_told_and_nothing_is_left_or_changed() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a/b");
        check(&out, &["x.json"]).unwrap();
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        write(&out, &[("x.json", "kept".to_owned())]).unwrap();
        fs::create_dir(out.join("y.json")).unwrap();
        let told = check(&out, &["x.json", "y.json"]).unwrap_err().to_string();
        assert!(told.contains("y.json"), "{told}");
        assert_eq!(fs::read_to_string(out.join("x.json")).unwrap(), "kept");
        assert!(check(&out.join("x.json"), &[]).is_err(), "a file is no directory");
    }
}
