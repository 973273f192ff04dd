//! Programs in Python that tests run: each has a virtual environment under `target/`, made once from a
//! requirements file, by hash, and made anew when that file or the interpreter has changed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Says which requirements and which interpreter a finished environment is of.
const MARKER: &str = "complete";
/// Prints what the environment depends on, and ends with 1 where it cannot be made.
const PROBE: &str = "import sys, venv, ensurepip; print(sys.version, sys.executable); \
    sys.exit(sys.version_info < (3, 10))";

/// A virtual environment.
#[derive(Debug, Clone, Copy)]
pub struct Venv {
    /// Its directory under `target/`.
    pub name: &'static str,
    /// What it is, as it reads after "the tests run".
    pub what: &'static str,
    /// Where its requirements are, from the root of the project.
    pub file: &'static str,
    /// The requirements, each with its hashes.
    pub requirements: &'static str,
}

impl Venv {
    /// The interpreter that has the requirements, which are installed now if need be.
    ///
    /// # Errors
    /// With a word on how to mend it: there is no Python, the packages cannot be had, or one of them is
    /// not the one that was reviewed.
    pub fn python(&self) -> Result<PathBuf, String> {
        let dir = target_dir().join(self.name);
        let describe = |error: io::Error| format!("cannot write under {}: {error}", dir.display());
        fs::create_dir_all(&dir).map_err(describe)?;
        // Test binaries run side by side: the first one installs, the others wait for it.
        let lock = File::create(dir.join("lock")).map_err(describe)?;
        lock.lock().map_err(describe)?;
        let wanted = self.fingerprint()?;
        let venv = dir.join("venv");
        if fs::read_to_string(venv.join(MARKER)).is_ok_and(|found| found == wanted) {
            return Ok(interpreter(&venv));
        }
        self.install(&venv)?;
        fs::write(venv.join(MARKER), wanted).map_err(describe)?;
        Ok(interpreter(&venv))
    }

    /// What a finished environment depends on.
    fn fingerprint(&self) -> Result<String, String> {
        let probe = Command::new("python3").args(["-c", PROBE]).output();
        let probe = probe.ok().filter(|output| output.status.success()).ok_or_else(|| self.need_python())?;
        let requirements = HEXLOWER.encode(&Sha256::digest(self.requirements));
        Ok(format!("{requirements}\n{}", String::from_utf8_lossy(&probe.stdout)))
    }

    fn need_python(&self) -> String {
        format!(
            "the tests run {}, which needs `python3`, 3.10 or newer, with venv and pip: install it (Debian and \
             Ubuntu: `apt-get install python3 python3-venv`) and run the tests again",
            self.what
        )
    }

    fn install(&self, venv: &Path) -> Result<(), String> {
        self.progress("making its virtual environment under target/ (once; about 100 MB)");
        match fs::remove_dir_all(venv) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(format!("cannot remove {}: {error}", venv.display()));
            }
            _ => {}
        }
        let made = Command::new("python3").args(["-m", "venv"]).arg(venv).output();
        check(made, &format!("`python3 -m venv` failed. {}", self.need_python()))?;
        let requirements = venv.join("requirements.txt");
        fs::write(&requirements, self.requirements).map_err(|error| error.to_string())?;
        self.progress(&format!("installing {}, checked by hash", self.file));
        let installed = Command::new(interpreter(venv))
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--prefer-binary", "--no-deps", "--require-hashes", "--requirement"])
            .arg(&requirements)
            .output();
        check(installed, &self.need_packages())
    }

    fn need_packages(&self) -> String {
        let Self { what, file, .. } = self;
        format!(
            "pip could not install what these tests need: they run {what}. Without access to the Python \
             package index, set PIP_INDEX_URL to a mirror, or PIP_FIND_LINKS to a directory with the wheels of \
             {file}; a hash that does not match means that a package is not the one that was reviewed"
        )
    }

    /// Tells what takes long, past the test harness, which would keep it until the test fails.
    fn progress(&self, message: &str) {
        use std::io::Write as _;
        // Without a terminal nobody waits for the message.
        let _ = writeln!(io::stderr(), "{}: {message}", self.name);
    }
}

/// Cargo's target directory: the nearest one above this binary that Cargo has marked as its own.
pub(crate) fn target_dir() -> PathBuf {
    let binary = std::env::current_exe().unwrap_or_default();
    let marked = binary.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), Path::to_path_buf)
}

fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin/python")
}

fn check(output: io::Result<Output>, mend: &str) -> Result<(), String> {
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{mend}.\n{}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("{mend}.\n{error}")),
    }
}
