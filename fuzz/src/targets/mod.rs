//! The targets, one file each.

mod agent_toml;
mod api;
mod draft;
mod gemini;
mod ids;
mod markdown;
mod signatures;
mod sqs;
mod streams;
mod webhooks;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// All of them.
pub const ALL: &[Target] = &[
    agent_toml::TARGET,
    api::TARGET,
    draft::TARGET,
    gemini::TARGET,
    ids::TARGET,
    markdown::TARGET,
    signatures::TARGET,
    sqs::TARGET,
    streams::TARGET,
    webhooks::TARGET,
];

/// A path of this repository.
fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The files below `folder` of this repository, in the order of their names; none if there is no such folder.
pub(crate) fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![of_repository(folder)];
    folders.retain(|folder| folder.is_dir());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// `input` as text, if it is some.
fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}
