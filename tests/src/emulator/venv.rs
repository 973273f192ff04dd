//! The emulator's virtual environment, under `target/`: made once from the requirements file, by
//! hash, and made anew when that file or the interpreter has changed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::progress;

const REQUIREMENTS: &str = include_str!("../../requirements/emulator.txt");
/// Says which requirements and which interpreter a finished environment is of.
const MARKER: &str = "complete";
/// Prints what the environment depends on, and ends with 1 where it cannot be made.
const PROBE: &str = "import sys, venv, ensurepip; print(sys.version, sys.executable); \
    sys.exit(sys.version_info < (3, 10))";
const NEED_PYTHON: &str = "the tests run an AWS emulator, which needs `python3`, 3.10 or newer, with venv and \
    pip: install it (Debian and Ubuntu: `apt-get install python3 python3-venv`) and run the tests again";

/// The interpreter that has the emulator, installed now if need be.
pub(super) fn python() -> Result<PathBuf, String> {
    let dir = target_dir().join("emulator");
    let describe = |error: io::Error| format!("cannot write under {}: {error}", dir.display());
    fs::create_dir_all(&dir).map_err(describe)?;
    // Test binaries run side by side: the first one installs, the others wait for it.
    let lock = File::create(dir.join("lock")).map_err(describe)?;
    lock.lock().map_err(describe)?;
    let wanted = fingerprint()?;
    let venv = dir.join("venv");
    if fs::read_to_string(venv.join(MARKER)).is_ok_and(|found| found == wanted) {
        return Ok(interpreter(&venv));
    }
    install(&venv)?;
    fs::write(venv.join(MARKER), wanted).map_err(describe)?;
    Ok(interpreter(&venv))
}

/// Cargo's target directory: the nearest one above this binary that Cargo has marked as its own.
pub(super) fn target_dir() -> PathBuf {
    let binary = std::env::current_exe().unwrap_or_default();
    let marked = binary.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), Path::to_path_buf)
}

fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin/python")
}

/// What a finished environment depends on.
fn fingerprint() -> Result<String, String> {
    let probe = Command::new("python3").args(["-c", PROBE]).output();
    let probe = probe.ok().filter(|output| output.status.success()).ok_or(NEED_PYTHON)?;
    let requirements = HEXLOWER.encode(&Sha256::digest(REQUIREMENTS));
    Ok(format!("{requirements}\n{}", String::from_utf8_lossy(&probe.stdout)))
}

fn install(venv: &Path) -> Result<(), String> {
    progress("making its virtual environment under target/ (once; about 100 MB)");
    match fs::remove_dir_all(venv) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("cannot remove {}: {error}", venv.display()));
        }
        _ => {}
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(venv).output();
    check(made, &format!("`python3 -m venv` failed. {NEED_PYTHON}"))?;
    let requirements = venv.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(|error| error.to_string())?;
    progress("installing tests/requirements/emulator.txt, checked by hash");
    let installed = Command::new(interpreter(venv))
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--prefer-binary", "--no-deps", "--require-hashes", "--requirement"])
        .arg(&requirements)
        .output();
    check(
        installed,
        "pip could not install the AWS emulator that these tests need. Without access to the Python package \
         index, set PIP_INDEX_URL to a mirror, or PIP_FIND_LINKS to a directory with the wheels of \
         tests/requirements/emulator.txt; a hash that does not match means that a package is not the one that \
         was reviewed",
    )
}

fn check(output: io::Result<Output>, mend: &str) -> Result<(), String> {
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{mend}.\n{}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("{mend}.\n{error}")),
    }
}
