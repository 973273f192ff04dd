//! Gives the code a version: the package's own, and a digest of the sources of this crate, which holds the
//! automations. A changed automation is another version of the agent.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let sources = Path::new("src");
    let mut files = Vec::new();
    collect(sources, &mut files)?;
    files.sort();
    let mut digest = Fnv::default();
    for file in &files {
        digest.add(file.to_string_lossy().replace('\\', "/").as_bytes());
        digest.add(&fs::read(file)?);
    }
    let package = env!("CARGO_PKG_VERSION");
    println!("cargo:rustc-env=AFTERHOOK_CODE={package}+{:08x}", digest.0 >> 32);
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// FNV-1a of 64 bits: the same on every machine and in every release of the compiler.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
